package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"dev.helm/executor/wire"
)

func TestRunsACommandAndKeepsItsEnd(t *testing.T) {
	h := executor(t)
	out, exit := h.run(start("k1", "echo out; echo err >&2; exit 3"))
	if out != "out\nerr\n" || exit.ExitCode != 3 || exit.Reason != "exited" || exit.Total != 8 || exit.Dropped != 0 {
		t.Fatalf("%q %+v", out, exit)
	}
	h.restart()
	if len(h.hello.Effects) != 1 || h.hello.Effects[0] != (wire.Effect{Key: "k1", State: "ended", Off: 8}) {
		t.Fatalf("%+v", h.hello)
	}
	if h.hello.Secret != secret {
		t.Fatal("a later hello carries the secret")
	}
}

func TestAttachesAtEveryOffset(t *testing.T) {
	h := executor(t)
	whole, _ := h.run(start("k", "printf 0123456789"))
	for offset := int64(0); offset <= 10; offset++ {
		h.restart()
		h.send(start("k", "printf 0123456789", "offset", offset))
		if rest, exit := h.finish("k", offset); rest != whole[offset:] || exit.ExitCode != 0 {
			t.Fatalf("offset %d: %q %+v", offset, rest, exit)
		}
	}
	for _, offset := range []int64{-1, 11} {
		h.send(start("k", "printf 0123456789", "offset", offset))
		if m := h.expect("error"); m.Code != "bad_offset" || m.Key != "k" {
			t.Fatalf("%+v", m)
		}
	}
	h.send(map[string]any{"t": "ack", "key": "k", "off": 4})
	h.send(start("k", "printf 0123456789", "offset", 3))
	if m := h.expect("error"); m.Code != "bad_offset" {
		t.Fatalf("freed output cannot be asked for: %+v", m)
	}
	h.send(start("k", "printf 0123456789", "offset", 4))
	if rest, _ := h.finish("k", 4); rest != "456789" {
		t.Fatalf("%q", rest)
	}
}

func TestAttachesToARunningCommand(t *testing.T) {
	h := executor(t)
	fifo := filepath.Join(t.TempDir(), "go")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	command := "echo before; read x < " + fifo + "; echo after"
	h.send(start("k", command))
	h.expect("started")
	if m := h.expect("out"); string(m.Data) != "before\n" {
		t.Fatalf("%+v", m)
	}
	h.restart()
	if h.hello.Effects[0].State != "running" {
		t.Fatalf("%+v", h.hello)
	}
	h.send(start("k", command, "offset", 7))
	h.expect("started")
	if err := os.WriteFile(fifo, []byte("x\n"), 0); err != nil {
		t.Fatal(err)
	}
	if rest, exit := h.finish("k", 7); rest != "after\n" || exit.Reason != "exited" {
		t.Fatalf("%q %+v", rest, exit)
	}
}

func TestAnAckedEndIsNeverRunAgain(t *testing.T) {
	h := executor(t)
	file := filepath.Join(t.TempDir(), "ran")
	m := start("k", "echo x >> "+file)
	h.run(m)
	h.send(map[string]any{"t": "ack", "key": "k", "off": 0, "exit": true})
	h.send(m)
	if e := h.expect("error"); e.Code != "already_ended" {
		t.Fatalf("%+v", e)
	}
	h.restart()
	if len(h.hello.Effects) != 0 {
		t.Fatalf("%+v", h.hello)
	}
	m["hash"] = "other"
	h.send(m)
	if e := h.expect("error"); e.Code != "already_ended" {
		t.Fatalf("%+v", e)
	}
	if data, _ := os.ReadFile(file); string(data) != "x\n" {
		t.Fatalf("%q", data)
	}
}

func TestRefusesOtherArgumentsAndEarlyAcks(t *testing.T) {
	h := executor(t)
	h.send(start("k", "sleep 60"))
	h.expect("started")
	h.send(start("k", "sleep 60", "hash", "other"))
	if e := h.expect("error"); e.Code != "hash_mismatch" {
		t.Fatalf("%+v", e)
	}
	h.send(map[string]any{"t": "ack", "key": "k", "off": 0, "exit": true})
	if e := h.expect("error"); e.Code != "not_ended" {
		t.Fatalf("%+v", e)
	}
	h.send(map[string]any{"t": "ack", "key": "k", "off": 1})
	if e := h.expect("error"); e.Code != "bad_offset" {
		t.Fatalf("%+v", e)
	}
	for _, kind := range []string{"ack", "kill"} {
		h.send(map[string]any{"t": kind, "key": "nobody"})
		if e := h.expect("error"); e.Code != "unknown_key" {
			t.Fatalf("%+v", e)
		}
	}
}

func TestRefusesBadStarts(t *testing.T) {
	h := executor(t)
	for i, change := range [][]any{
		{"argv", []string{}}, {"argv", []string{""}}, {"argv", []string{"a\x00b"}}, {"cwd", "relative"}, {"cwd", ""},
		{"deadlineMs", 0}, {"deadlineMs", -1}, {"capBytes", 0}, {"capBytes", 17 << 20}, {"hash", ""},
		{"env", map[string]string{"A=B": "c"}}, {"key", ""}, {"key", "with space"}, {"key", strings.Repeat("k", 201)},
	} {
		h.send(start("k"+strconv.Itoa(i), "true", change...))
		if e := h.expect("error"); e.Code != "bad_start" {
			t.Fatalf("%v: %+v", change, e)
		}
	}
	h.send(start("new", "true", "offset", 5))
	if e := h.expect("error"); e.Code != "bad_offset" {
		t.Fatalf("%+v", e)
	}
}

func TestKeepsTheCapAndCountsTheRest(t *testing.T) {
	h := executor(t)
	out, exit := h.run(start("k", "head -c 5000 /dev/zero | tr '\\0' a", "capBytes", 1000))
	if len(out) != 1000 || exit.Total != 5000 || exit.Dropped != 4000 || exit.Reason != "exited" {
		t.Fatalf("%d %+v", len(out), exit)
	}
}

func TestKillsAFlood(t *testing.T) {
	h := executor(t)
	out, exit := h.run(start("k", "yes", "capBytes", 10000))
	if len(out) != 10000 || exit.Reason != "killed" || exit.ExitCode != -9 || exit.Total <= 640000 || exit.Message == "" {
		t.Fatalf("%d %+v", len(out), exit)
	}
}

func TestAHostThatDoesNotReadHoldsNobodyUp(t *testing.T) {
	h := executor(t)
	file := filepath.Join(t.TempDir(), "done")
	h.send(start("k", "head -c 8000000 /dev/zero; touch "+file, "capBytes", 16<<20))
	eventually(t, "the command ended though nobody read", func() bool { _, err := os.Stat(file); return err == nil })
	if out, exit := h.finish("k", 0); len(out) != 8000000 || exit.Dropped != 0 {
		t.Fatalf("%d %+v", len(out), exit)
	}
}

func TestDeadlineKillsWhatIgnoresTerm(t *testing.T) {
	h := executor(t)
	_, exit := h.run(start("k", `trap "" TERM; (trap "" TERM; sleep 60) & setsid sleep 60 & while :; do sleep 1; done`, "deadlineMs", 200))
	if exit.Reason != "timedOut" || exit.ExitCode != -9 || exit.Message == "" {
		t.Fatalf("%+v", exit)
	}
}

func TestTermIsEnoughForThePolite(t *testing.T) {
	h := executor(t)
	h.send(start("k", `trap 'echo bye; exit 7' TERM; echo up; while :; do sleep 0.05; done`))
	h.expect("started")
	h.expect("out")
	h.send(map[string]any{"t": "kill", "key": "k", "hard": false})
	out, exit := h.finish("k", 3)
	if !strings.HasSuffix(out, "bye\n") || exit.Reason != "killed" || exit.ExitCode != 7 {
		t.Fatalf("%q %+v", out, exit)
	}
	h.send(start("k2", `trap "" TERM; echo up; kill -STOP $$`))
	h.expect("started")
	h.expect("out")
	h.send(map[string]any{"t": "kill", "key": "k2", "hard": true})
	if _, exit := h.finish("k2", 3); exit.Reason != "killed" || exit.ExitCode != -9 {
		t.Fatalf("%+v", exit)
	}
}

func TestASignalOfItsOwn(t *testing.T) {
	h := executor(t)
	if _, exit := h.run(start("k", "kill -USR1 $$")); exit.Reason != "signalled" || exit.ExitCode != -int(syscall.SIGUSR1) {
		t.Fatalf("%+v", exit)
	}
}

func TestSpawnFailureIsAnEnd(t *testing.T) {
	h := executor(t)
	for key, change := range map[string][]any{
		"program": {"argv", []string{"/no/such/program"}},
		"path":    {"argv", []string{"no-such-program"}},
		"cwd":     {"cwd", "/no/such/directory"},
		"long":    {"argv", []string{"/bin/true", strings.Repeat("x", 1<<20)}},
	} {
		m := start(key, "true", change...)
		for range 2 {
			h.send(m)
			exit := h.expect("exit")
			if exit.Reason != "spawnFailed" || exit.ExitCode != -1 || !strings.Contains(exit.Message, "did not run") {
				t.Fatalf("%s: %+v", key, exit)
			}
		}
	}
}

func TestFeedsStdinAndClosesIt(t *testing.T) {
	h := executor(t)
	big := bytes.Repeat([]byte("0123456789abcde\n"), 11<<16)
	out, exit := h.run(start("k", "md5sum; wc -c < /dev/null", "stdin", big))
	want, _ := exec.Command("bash", "-c", "yes 0123456789abcde | head -n 720896 | md5sum").Output()
	if !strings.HasPrefix(out, string(want[:32])) || exit.ExitCode != 0 {
		t.Fatalf("%q %q %+v", out, want, exit)
	}
	if out, _ = h.run(start("none", "cat")); out != "" {
		t.Fatalf("%q", out)
	}
	if _, exit = h.run(start("unread", "true", "stdin", big)); exit.ExitCode != 0 {
		t.Fatalf("%+v", exit)
	}
}

func TestEnvironment(t *testing.T) {
	t.Setenv("HELM_LEAK", "secret")
	h := executor(t)
	out, _ := h.run(start("k", "env", "env", map[string]string{"HOME": "/elsewhere", "EXTRA": "1"}))
	for _, want := range []string{"HOME=/elsewhere", "EXTRA=1", "LANG=C.UTF-8", "https_proxy=http://127.0.0.1:3128", "SSL_CERT_FILE=/run/helm/ca.pem", "NO_PROXY="} {
		if !strings.Contains("\n"+out, "\n"+want+"\n") {
			t.Errorf("%s is missing in\n%s", want, out)
		}
	}
	if strings.Contains(out, "HELM_LEAK") {
		t.Error("the executor's own environment was passed on")
	}
}

func TestIsolation(t *testing.T) {
	h := executor(t)
	out, _ := h.run(start("k", `cat /proc/self/oom_score_adj; ls /proc/self/fd | wc -l; ps -o sid= -p $$ | tr -d ' '; echo $$; ulimit -c; grep Sig[BI] /proc/self/status`))
	lines := strings.Split(out, "\n")
	if lines[0] != "1000" || lines[1] != "4" || lines[2] != lines[3] || lines[4] != "0" {
		t.Fatalf("%q", out)
	}
	if lines[5] != "SigBlk:\t0000000000000000" || lines[6] != "SigIgn:\t0000000280000000" {
		t.Fatalf("%q", out)
	}
}

func TestSweepsDaemonsAndReapsZombies(t *testing.T) {
	h, cmd := executorProcess(t)
	out, exit := h.run(start("k", `setsid bash -c 'trap "" TERM; echo $$; exec >/dev/null 2>&1; sleep 600' & sleep 0.3; for i in 1 2 3 4 5; do (setsid true &) ; done`))
	daemon := pidIn(t, out)
	if exit.ExitCode != 0 {
		t.Fatalf("%+v", exit)
	}
	if alive(daemon) {
		t.Error("the daemon outlived its command's end")
	}
	eventually(t, "no child is left, not even a zombie", func() bool {
		left, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", cmd.Process.Pid, cmd.Process.Pid))
		return len(bytes.TrimSpace(left)) == 0
	})
}

func TestSweepSparesParallelCommands(t *testing.T) {
	h := executor(t)
	fifo := filepath.Join(t.TempDir(), "go")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	h.send(start("long", "setsid sleep 600 & echo $!; read x < "+fifo+"; kill -0 $! && echo mine lives"))
	h.expect("started")
	h.expect("out")
	// A background process in its own group but the same session holds the output open.
	out, exit := h.run(start("short", "set -m; sleep 600 & echo $!"))
	if exit.ExitCode != 0 || alive(pidIn(t, out)) {
		t.Fatalf("%q %+v", out, exit)
	}
	if err := os.WriteFile(fifo, []byte("x\n"), 0); err != nil {
		t.Fatal(err)
	}
	for {
		m := h.next()
		if m.T == "out" && strings.Contains(string(m.Data), "mine lives") {
			break
		}
		if m.T == "exit" {
			t.Fatal("the other command's process was swept")
		}
	}
}

func TestManyShortCommandsLoseNoExit(t *testing.T) {
	h := executor(t)
	for i := range 100 {
		key := "k" + strconv.Itoa(i)
		if _, exit := h.run(start(key, fmt.Sprintf("exit %d", i), "argv", []string{"/bin/sh", "-c", fmt.Sprintf("exit %d", i)})); exit.ExitCode != i {
			t.Fatalf("%+v", exit)
		}
		h.send(map[string]any{"t": "ack", "key": key, "off": 0, "exit": true})
	}
}

func TestLimitOfCommands(t *testing.T) {
	h := executor(t)
	for i := range 32 {
		h.send(start("k"+strconv.Itoa(i), "", "argv", []string{"/bin/sleep", "60"}))
		h.expect("started")
	}
	h.send(start("more", "true"))
	if e := h.expect("error"); e.Code != "too_many" {
		t.Fatalf("%+v", e)
	}
	h.send(map[string]any{"t": "kill", "key": "k0", "hard": true})
	h.finish("k0", 0)
	if _, exit := h.run(start("more", "true")); exit.ExitCode != 0 {
		t.Fatalf("a refused start did not run and can be repeated: %+v", exit)
	}
}

func TestBadFramesDropTheConnectionOnly(t *testing.T) {
	h := executor(t)
	h.send(start("k", "sleep 60"))
	h.expect("started")
	boot := h.hello.Boot
	huge := binary.BigEndian.AppendUint32(nil, 16<<20+1)
	for name, raw := range map[string][]byte{
		"zero length":  {0, 0, 0, 0},
		"huge length":  {0xff, 0xff, 0xff, 0xff},
		"just too big": huge,
		"no json":      frame("not json"),
		"no object":    frame("[1]"),
		"no utf-8":     frame("{\"t\":\"\xff\"}"),
		"no type":      frame("{}"),
		"unknown type": frame(`{"t":"format"}`),
		"wrong member": frame(`{"t":"ack","key":1}`),
		"bad base64":   frame(`{"t":"start","stdin":"!"}`),
		"hello":        frame(`{"t":"hello"}`),
	} {
		if _, err := h.conn.Write(raw); err != nil {
			t.Fatal(err)
		}
		if m := h.expect("error"); m.Code != "bad_frame" {
			t.Fatalf("%s: %+v", name, m)
		}
		if _, err := h.tryNext(); !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
			t.Fatalf("%s: %v", name, err)
		}
		h.drop()
		h.accept()
		if h.hello.Boot != boot || len(h.hello.Effects) != 1 || h.hello.Effects[0].State != "running" {
			t.Fatalf("%s: %+v", name, h.hello)
		}
	}
	if _, err := h.conn.Write([]byte{0, 0, 1, 0, '{'}); err != nil {
		t.Fatal(err)
	}
	h.restart()
	h.send(map[string]any{"t": "ping"})
	h.expect("pong")
}

func frame(body string) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...)
}

func TestAHostWithAnotherSecretIsNotServed(t *testing.T) {
	h := executor(t)
	h.send(map[string]any{"t": "ping"})
	h.expect("pong")
	for _, welcome := range []string{
		`{"t":"welcome","secret":"` + strings.Repeat("f", 64) + `"}`, `{"t":"welcome"}`, `{"t":"start"}`, `{`,
	} {
		h.drop()
		conn, err := h.listener.Accept()
		if err != nil {
			t.Fatal(err)
		}
		h.conn = conn
		h.expect("hello")
		if _, err := conn.Write(frame(welcome)); err != nil {
			t.Fatal(err)
		}
		if m, err := h.tryNext(); err == nil {
			t.Fatalf("%s: %+v", welcome, m)
		}
	}
	h.drop()
	h.accept()
	h.send(map[string]any{"t": "ping"})
	h.expect("pong")
}

func TestSurvivesEverySignalItCanCatch(t *testing.T) {
	h, cmd := executorProcess(t)
	for s := 1; s <= 64; s++ {
		if s == int(syscall.SIGKILL) || s == int(syscall.SIGSTOP) {
			continue
		}
		if err := cmd.Process.Signal(syscall.Signal(s)); err != nil {
			t.Fatal(s, err)
		}
	}
	h.send(map[string]any{"t": "ping"})
	h.expect("pong")
	if _, exit := h.run(start("k", "exit 4")); exit.ExitCode != 4 {
		t.Fatalf("%+v", exit)
	}
}

func TestBacksOffWhenNobodyListens(t *testing.T) {
	h, cmd := executorProcess(t)
	h.die()
	ticks := func() string {
		stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", cmd.Process.Pid))
		return strings.Fields(string(stat))[13]
	}
	before, _ := strconv.Atoi(ticks())
	<-time.After(time.Second)
	if after, _ := strconv.Atoi(ticks()); after-before > 20 {
		t.Errorf("%d ticks of CPU in a second of dialling", after-before)
	}
	h.listen()
	h.accept()
}
