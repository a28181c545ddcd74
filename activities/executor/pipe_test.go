package main

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// pipeHost is the host's side of one pipe.
type pipeHost struct {
	t      *testing.T
	cmd    *exec.Cmd
	conn   *net.UnixConn
	in     *bufio.Reader
	errors bytes.Buffer
}

// openPipe starts a program in a pipe and lets it in; first is the pipe's word on the start.
func openPipe(t *testing.T, argv ...string) (p *pipeHost, first string) {
	t.Helper()
	dir := t.TempDir()
	listener, err := net.Listen("unix", filepath.Join(dir, "box-1.sock"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	p = &pipeHost{t: t, cmd: exec.Command(program, append([]string{"pipe", "-dir", dir, "box-1", "--"}, argv...)...)}
	p.cmd.Stdin = strings.NewReader(secret)
	p.cmd.Stderr = &p.errors
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) })
	_ = listener.(*net.UnixListener).SetDeadline(time.Now().Add(30 * time.Second))
	conn, err := listener.Accept()
	if err != nil {
		t.Fatal(err, p.errors.String())
	}
	t.Cleanup(func() { _ = conn.Close() })
	p.conn = conn.(*net.UnixConn)
	_ = p.conn.SetDeadline(time.Now().Add(60 * time.Second))
	p.in = bufio.NewReader(conn)
	if token := p.line(); token != secret {
		t.Fatal("token", token)
	}
	p.write("ok\n")
	return p, p.line()
}

func (p *pipeHost) line() string {
	p.t.Helper()
	line, err := p.in.ReadString('\n')
	if err != nil {
		p.t.Fatal(err, p.errors.String())
	}
	return strings.TrimSuffix(line, "\n")
}

func (p *pipeHost) write(text string) {
	p.t.Helper()
	if _, err := p.conn.Write([]byte(text)); err != nil {
		p.t.Fatal(err)
	}
}

func (p *pipeHost) rest() string {
	p.t.Helper()
	all, err := io.ReadAll(p.in)
	if err != nil {
		p.t.Fatal(err)
	}
	return string(all)
}

// code waits for the end of the pipe.
func (p *pipeHost) code() int {
	p.t.Helper()
	done := make(chan struct{})
	go func() { _ = p.cmd.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(60 * time.Second):
		p.t.Fatal("the pipe does not end")
	}
	return p.cmd.ProcessState.ExitCode()
}

func TestPipeCarriesBothWaysAndBothEnds(t *testing.T) {
	p, first := openPipe(t, "sh", "-c", "cat; echo end; echo complaint >&2; exit 7")
	if first != "started" {
		t.Fatal(first)
	}
	p.write("one\n")
	if got := p.line(); got != "one" {
		t.Fatal(got)
	}
	p.write("two")
	_ = p.conn.CloseWrite()
	if got := p.rest(); got != "twoend\n" {
		t.Fatalf("%q", got)
	}
	if code := p.code(); code != 7 || p.errors.String() != "complaint\n" {
		t.Fatal(code, p.errors.String())
	}
}

func TestPipeCarriesMegabytes(t *testing.T) {
	p, _ := openPipe(t, "cat")
	data := bytes.Repeat([]byte("0123456789abcdef"), 1<<20)
	go func() {
		_, _ = p.conn.Write(data)
		_ = p.conn.CloseWrite()
	}()
	if got := p.rest(); got != string(data) {
		t.Fatal(len(got))
	}
	if code := p.code(); code != 0 {
		t.Fatal(code)
	}
}

func TestPipeOutputMayEndBeforeInput(t *testing.T) {
	p, _ := openPipe(t, "sh", "-c", "echo bye; exec >&-; read line; test \"$line\" = later")
	if got := p.rest(); got != "bye\n" {
		t.Fatalf("%q", got)
	}
	p.write("later\n")
	if code := p.code(); code != 0 {
		t.Fatal(code)
	}
}

// A socket that is closed over unread bytes is reset, and the host would take the answer for cut off.
func TestPipeDeliversAllOfAProgramThatLeavesItsInput(t *testing.T) {
	input := strings.Repeat("x", 150_000)
	for range 30 {
		p, _ := openPipe(t, "sh", "-c", "echo answer")
		_, _ = p.conn.Write([]byte(input)) // the program may have ended already
		_ = p.conn.CloseWrite()
		if got := p.rest(); got != "answer\n" {
			t.Fatalf("%q", got)
		}
		if code := p.code(); code != 0 {
			t.Fatal(code)
		}
	}
}

func TestPipeTellsThatAProgramClosedItsInput(t *testing.T) {
	p, _ := openPipe(t, "sh", "-c", "exec <&-; echo closed; sleep 30")
	p.line()
	for i := 0; ; i++ {
		if _, err := p.conn.Write(make([]byte, 64<<10)); err != nil {
			return
		}
		if i > 100 {
			t.Fatal("megabytes went to a program that reads nothing")
		}
	}
}

func TestPipeSaysWhyAProgramDidNotStart(t *testing.T) {
	for _, argv := range [][]string{{"no-such-program"}, {"/etc/passwd"}, {"/no/such/path"}} {
		p, first := openPipe(t, argv...)
		if !strings.HasPrefix(first, "failed ") || !strings.Contains(first, argv[0]) {
			t.Error(first)
		}
		if code := p.code(); code != 127 {
			t.Error(code)
		}
	}
}

func TestPipeEndsItsProgramWithTheHost(t *testing.T) {
	for name, script := range map[string]string{
		"reads its input": "cat",
		"ends at TERM":    "sleep 600",
		"ends at KILL":    "trap '' TERM; while :; do sleep 1; done",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, _ := openPipe(t, "sh", "-c", script)
			_ = p.conn.Close()
			if code := p.code(); name == "reads its input" && code != 0 || strings.Contains(name, "KILL") && code != 137 {
				t.Error(code)
			}
		})
	}
}

func TestPipePassesSignalsToItsGroup(t *testing.T) {
	p, _ := openPipe(t, "sh", "-c", "trap 'echo told; exit 9' TERM; echo up; while :; do sleep 0.1; done")
	p.line()
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGTERM)
	if got := p.rest(); got != "told\n" {
		t.Fatalf("%q", got)
	}
	if code := p.code(); code != 9 {
		t.Fatal(code)
	}
	p, _ = openPipe(t, "sh", "-c", "kill -9 $$")
	if code := p.code(); code != 137 || !strings.Contains(p.errors.String(), "signal 9") {
		t.Fatal(code, p.errors.String())
	}
}

func TestPipeDoesNotWaitForDescendants(t *testing.T) {
	p, _ := openPipe(t, "sh", "-c", "setsid sleep 300 & echo $!; exit 3")
	pid := p.line()
	defer func() { _ = exec.Command("kill", "-9", pid).Run() }()
	if code := p.code(); code != 3 {
		t.Fatal(code)
	}
}

func TestPipeBoundsErrorsAndKeepsTheLastWords(t *testing.T) {
	p, _ := openPipe(t, "sh", "-c", "head -c 30000000 /dev/zero | tr '\\0' 'x' >&2; echo last words >&2")
	if code := p.code(); code != 0 {
		t.Fatal(code)
	}
	got := p.errors.String()
	if !strings.HasSuffix(got, "xlast words\n") || !strings.Contains(got, "bytes left out]\n") || len(got) > 5<<20 {
		t.Fatal(len(got))
	}
}

func TestPipeIsNotLetInWithoutTheHostsWord(t *testing.T) {
	run := func(dir, stdin, name string, more ...string) (int, string) {
		cmd := exec.Command(program, append([]string{"pipe", "-dir", dir, name, "--", "touch", filepath.Join(dir, "ran")}, more...)...)
		cmd.Stdin = strings.NewReader(stdin)
		out, _ := cmd.CombinedOutput()
		return cmd.ProcessState.ExitCode(), string(out)
	}
	dir := t.TempDir()
	listener, err := net.Listen("unix", filepath.Join(dir, "refusing.sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_ = conn.Close()
		}
	}()
	for _, c := range []struct {
		stdin, name string
		code        int
	}{
		{secret, "nobody", 125}, {"short", "refusing", 125}, {secret + "x", "refusing", 125}, {secret, "refusing", 125},
		{secret, "../refusing", 2}, {secret, "", 2}, {secret, strings.Repeat("a", 41), 2},
	} {
		if code, out := run(dir, c.stdin, c.name); code != c.code || !strings.Contains(out, "helm-executor:") {
			t.Error(c.name, code, out)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "ran")); err == nil {
		t.Error("the program ran all the same")
	}
}
