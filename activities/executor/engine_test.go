package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// container runs the image as Helm does, with the executor as its PID 1. It needs
// HELM_TEST_DOCKER_HOST and HELM_TEST_IMAGE, and root.
type container struct {
	*host
	id, client, dir string
}

func (c *container) engine(args ...string) string {
	c.t.Helper()
	out, err := exec.Command(c.client, args...).CombinedOutput()
	if err != nil {
		c.t.Fatalf("%v: %s", args, out)
	}
	return strings.TrimSpace(string(out))
}

func newContainer(t *testing.T) *container {
	address, image := os.Getenv("HELM_TEST_DOCKER_HOST"), os.Getenv("HELM_TEST_IMAGE")
	if address == "" || image == "" {
		t.Skip("HELM_TEST_DOCKER_HOST and HELM_TEST_IMAGE are not set")
	}
	client := os.Getenv("HELM_DOCKER")
	if client == "" {
		client = "docker"
	}
	t.Setenv("DOCKER_HOST", address)
	dir, err := os.MkdirTemp("", "hx")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	for _, d := range []string{"", "sock", "box", "box/workspace"} {
		_ = os.MkdirAll(filepath.Join(dir, d), 0o755)
		_ = os.Chmod(filepath.Join(dir, d), 0o755)
	}
	_ = os.Chown(filepath.Join(dir, "box/workspace"), 1000, 1000)
	c := &container{host: newHost(t, filepath.Join(dir, "sock")), client: client, dir: dir}
	c.id = c.engine("run", "-d", "--user", "1000:1000", "--cap-drop", "ALL", "--security-opt", "no-new-privileges",
		"--read-only", "--network", "none", "--tmpfs", "/tmp:rw,nosuid,nodev,size=64m,mode=1777", "--pids-limit", "256",
		"--memory", "512m", "--memory-swap", "512m", "--cpus", "1", "--log-driver", "none",
		"-v", dir+"/box:/slot", "-v", dir+"/sock:/run/helm:ro", "-w", "/", "--entrypoint", "/usr/local/bin/helm-executor", image)
	t.Cleanup(func() { _ = exec.Command(client, "rm", "-f", c.id).Run() })
	c.accept()
	return c
}

func (c *container) state() string {
	return c.engine("inspect", "-f", "{{.State.Status}} {{.State.Pid}} {{.RestartCount}}", c.id)
}

func shell(key, command string, more ...any) map[string]any {
	return start(key, command, append([]any{"cwd", "/workspace"}, more...)...)
}

func TestContainerSurvivesItsCommands(t *testing.T) {
	c := newContainer(t)
	before, boot := c.state(), c.hello.Boot
	peer, err := peerPid(c.conn)
	if err != nil || !strings.Contains(before, "running "+strconv.Itoa(peer)+" ") {
		t.Fatal("the peer is not the container's PID 1:", peer, err, before)
	}
	for i, command := range []string{
		"kill -9 -1", "kill -9 1", "for s in $(seq 64); do kill -$s 1; done; true", "pkill -9 helm; pkill -STOP helm; true",
		`:(){ :|:& };:; sleep 0.3`,
		`python3 -c 'x = bytearray(2 << 30)'`,
		`yes > /tmp/full; true`,
	} {
		key := "hostile" + strconv.Itoa(i)
		_, exit := c.run(shell(key, command, "deadlineMs", 3000))
		t.Logf("%-50s code %d %s", command, exit.ExitCode, exit.Reason)
		if out, exit := c.run(shell(key+"-after", "echo fine; ls /proc | grep -c '^[0-9]'; rm -f /tmp/full")); !strings.HasPrefix(out, "fine\n") || exit.ExitCode != 0 {
			t.Fatalf("after %q: %q %+v", command, out, exit)
		} else if n := pids(out); n > 5 {
			t.Errorf("after %q %d processes are left", command, n)
		}
	}
	c.restart()
	if after := c.state(); after != before || c.hello.Boot != boot || c.hello.Secret != secret {
		t.Fatal(before, after)
	}
}

// Every signal, by kill and by sigqueue, again and again while commands are started: a signal
// without a handler is fatal to a PID 1 whose main thread blocks it in that moment.
const signalStorm = `
import ctypes, os, struct, time
libc = ctypes.CDLL(None, use_errno=True)
end = time.time() + 2
print("up", flush=True)
while time.time() < end:
    for s in range(1, 65):
        try: os.kill(1, s)
        except OSError: pass
        if QUEUE or s not in (4, 5, 7, 8, 11, 16, 31):
            info = struct.pack("iii", s, 0, -1).ljust(128, b"\0")
            libc.syscall(129, 1, s, info)
`

func TestContainerSurvivesAStormOfSignals(t *testing.T) {
	c := newContainer(t)
	before := c.state()
	storm := func(key, queue string) {
		c.send(shell(key, "", "argv", []string{"/usr/bin/python3", "-c", strings.ReplaceAll(signalStorm, "QUEUE", queue)}))
		c.expect("started")
		c.expect("out")
	}
	storm("alone", "True")
	c.finish("alone", 3)
	// A fork needs Go's own handlers for its moment, so the queued faults are left out here.
	storm("parallel", "False")
	started := 0
	for over := false; !over; started++ {
		key := fmt.Sprintf("true%d", started)
		c.send(shell(key, "", "argv", []string{"/bin/true"}))
		for ended := false; !ended; {
			m := c.next()
			over = over || m.T == "exit" && m.Key == "parallel"
			ended = m.T == "exit" && m.Key == key
		}
		c.send(map[string]any{"t": "ack", "key": key, "off": 0, "exit": true})
	}
	t.Logf("%d commands were started in the storm", started)
	if after := c.state(); after != before {
		t.Fatal(before, after)
	}
}

func pids(out string) int {
	n, _ := strconv.Atoi(strings.Fields(out)[1])
	return n
}

func peerPid(conn net.Conn) (pid int, err error) {
	raw, err := conn.(*net.UnixConn).SyscallConn()
	if err != nil {
		return 0, err
	}
	_ = raw.Control(func(fd uintptr) {
		var cred *syscall.Ucred
		if cred, err = syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED); err == nil {
			pid = int(cred.Pid)
		}
	})
	return pid, err
}

func TestContainerHidesTheExecutor(t *testing.T) {
	c := newContainer(t)
	for _, command := range []string{
		"cat /proc/1/environ", "cat /proc/1/maps", "ls /proc/1/fd", "cat /proc/1/mem", "ls -l /proc/1/exe",
		"python3 -c 'import ctypes,sys; sys.exit(ctypes.CDLL(None).ptrace(16, 1, 0, 0) != 0)'",
		"touch /run/helm/x", "rm /run/helm/x.sock", "touch /etc/x", "touch /x", "mount -t tmpfs x /tmp",
		"find / -xdev -perm /6000 -type f | grep .", "curl -sS -m 3 --noproxy '*' http://192.0.2.1", "unshare -Ur true",
	} {
		if out, exit := c.run(shell(command[:2]+strconv.Itoa(len(command)), command)); exit.ExitCode == 0 {
			t.Errorf("%s worked: %s", command, out)
		}
	}
	out, _ := c.run(shell("facts", "id -u; pwd; cat /proc/self/oom_score_adj; cat /proc/1/oom_score_adj; grep -E 'CapEff|CapBnd|NoNewPrivs|Seccomp:' /proc/self/status; wc -l < /usr/share/helm/packages.txt; echo $HOME; cd ~ && touch x && pwd"))
	t.Log(out)
	lines := strings.Split(out, "\n")
	if lines[0] != "1000" || lines[1] != "/workspace" || lines[2] != "1000" || lines[3] != "0" || lines[4] != "CapEff:\t0000000000000000" {
		t.Errorf("%q", lines)
	}
}

func TestContainerFullOfProcesses(t *testing.T) {
	c := newContainer(t)
	c.send(shell("bomb", `echo up; python3 -c '
import os, time
n = 0
while True:
    try:
        if os.fork() == 0: time.sleep(600)
        n += 1
    except OSError:
        time.sleep(0.01)
'`, "deadlineMs", 6000))
	c.expect("started")
	c.expect("out")
	eventually(t, "the container is full", func() bool {
		n, err := strconv.Atoi(strings.TrimSpace(c.current()))
		return err == nil && n >= 255
	})
	refused := 0
	for i := range 20 {
		key := "during" + strconv.Itoa(i)
		if _, exit := c.run(shell(key, "true", "deadlineMs", 2000)); exit.Reason == "spawnFailed" {
			refused++
		}
	}
	t.Logf("%d of 20 starts were refused as not run", refused)
	c.restart()
	c.send(map[string]any{"t": "kill", "key": "bomb", "hard": true})
	c.send(shell("bomb", "", "hash", "h-bomb", "offset", 3))
	c.finish("bomb", 3)
	if out, exit := c.run(shell("after", "echo fine")); out != "fine\n" {
		t.Fatalf("%q %+v", out, exit)
	}
}

func (c *container) current() string {
	for _, name := range []string{"/sys/fs/cgroup/pids/docker/" + c.id + "/pids.current", "/sys/fs/cgroup/system.slice/docker-" + c.id + ".scope/pids.current"} {
		if data, err := os.ReadFile(name); err == nil {
			return string(data)
		}
	}
	c.t.Skip("the container's pids.current is not where this test looks")
	return ""
}

func TestContainerToolsAndForwarder(t *testing.T) {
	c := newContainer(t)
	proxy, err := net.Listen("unix", filepath.Join(c.dir, "sock", "egress.sock"))
	if err != nil {
		t.Fatal(err)
	}
	_ = os.Chmod(filepath.Join(c.dir, "sock", "egress.sock"), 0o666)
	go echoProxy(proxy)
	out, exit := c.run(shell("curl", "curl -sS -m 5 http://example.test/x"))
	if exit.ExitCode != 0 || out != "GET http://example.test/x HTTP/1.1" {
		t.Errorf("%q %+v", out, exit)
	}
	_ = proxy.Close()
	if out, _ = c.run(shell("closed", "curl -sS -m 5 http://example.test/x")); !strings.Contains(out, "no other way out") {
		t.Errorf("%q", out)
	}
	tool := func(key, name, args string) string {
		out, exit := c.run(shell(key, "", "argv", []string{"/usr/local/bin/helm-executor", "tool", name}, "stdin", []byte(args)))
		if exit.ExitCode != 0 {
			t.Errorf("%s: %+v %s", name, exit, out)
		}
		return out
	}
	tool("t1", "WriteRow", `{"file_path":"/workspace/o/r.csv","rows":[{"a":1,"b":"x,y"}]}`)
	if out := tool("t2", "Read", `{"file_path":"/slot/workspace/o/r.csv"}`); !strings.Contains(out, `"ok":true`) || !strings.Contains(out, `1,\"x,y\"`) {
		t.Error(out)
	}
	if data, _ := os.ReadFile(filepath.Join(c.dir, "box/workspace/o/r.csv")); string(data) != "a,b\n1,\"x,y\"\n" {
		t.Errorf("%q", data)
	}
	if out := tool("t3", "Read", `{"file_path":"/etc/passwd"}`); !strings.Contains(out, `"ok":false`) {
		t.Error(out)
	}
	if out := tool("t4", "WebFetch", `{"url":"https://example.test/"}`); !strings.Contains(out, `"ok":false`) {
		t.Error(out)
	}
	out, _ = c.run(shell("programs", "python3 -c 'import json,sqlite3,ssl,requests,bs4,yaml; print(1)'; git --version; jq --version; sqlite3 --version; curl --version | head -1; rg --version"))
	t.Log(out)
	began := time.Now()
	for i := range 50 {
		c.run(shell(fmt.Sprintf("fast%d", i), "", "argv", []string{"/bin/true"}))
	}
	t.Logf("50 commands: %v each; %s", time.Since(began)/50, rss(t, c))
}

func rss(t *testing.T, c *container) string {
	pid, err := peerPid(c.conn)
	if err != nil {
		t.Fatal(err)
	}
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	var found []string
	for _, line := range strings.Split(string(status), "\n") {
		if strings.HasPrefix(line, "VmRSS") || strings.HasPrefix(line, "Threads") {
			found = append(found, strings.Join(strings.Fields(line), " "))
		}
	}
	return strings.Join(found, ", ")
}

// echoProxy answers every request with its first line.
func echoProxy(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			buf := make([]byte, 4096)
			n, _ := conn.Read(buf)
			line, _, _ := strings.Cut(string(buf[:n]), "\r\n")
			fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(line), line)
		}()
	}
}
