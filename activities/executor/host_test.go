package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
	"time"

	"dev.helm/executor/wire"
)

// program is the executor under test, built once; with -race it is built with the race detector too.
var program string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "helm-executor-test")
	if err != nil {
		panic(err)
	}
	program = filepath.Join(dir, "helm-executor")
	args := []string{"build", "-o", program}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "-race" && s.Value == "true" {
				args = append(args, "-race")
			}
		}
	}
	if out, err := exec.Command("go", append(args, ".")...).CombinedOutput(); err != nil {
		panic(string(out))
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

const secret = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// message holds the members of every message of the executor.
type message struct {
	T, Key, Code, Reason, Message, State, Boot, Secret string
	Pid                                                int
	Off, Len, Total, Dropped                           int64
	Data                                               []byte
	Effects                                            []wire.Effect
	ExitCode                                           int
}

func (m *message) UnmarshalJSON(raw []byte) error {
	type plain struct {
		T, Key, Reason, Message, Boot, Secret string
		Code                                  json.RawMessage
		Pid                                   int
		Off, Len, Total, Dropped              int64
		Data                                  []byte
		Effects                               []wire.Effect
	}
	var p plain
	if err := json.Unmarshal(raw, &p); err != nil {
		return err
	}
	*m = message{T: p.T, Key: p.Key, Reason: p.Reason, Message: p.Message, Boot: p.Boot, Secret: p.Secret,
		Pid: p.Pid, Off: p.Off, Len: p.Len, Total: p.Total, Dropped: p.Dropped, Data: p.Data, Effects: p.Effects}
	if p.T == "exit" {
		return json.Unmarshal(p.Code, &m.ExitCode)
	}
	if p.T == "error" {
		return json.Unmarshal(p.Code, &m.Code)
	}
	return nil
}

// host is the other side: it listens, and restarts at will.
type host struct {
	t        testing.TB
	sock     string
	listener net.Listener
	conn     net.Conn
	hello    message
}

func newHost(t testing.TB, dir string) *host {
	h := &host{t: t, sock: filepath.Join(dir, "x.sock")}
	h.listen()
	t.Cleanup(h.die)
	return h
}

// listen binds beside the name and renames, as the real host does.
func (h *host) listen() {
	h.t.Helper()
	temp := h.sock + ".new"
	_ = os.Remove(temp)
	l, err := net.Listen("unix", temp)
	if err != nil {
		h.t.Fatal(err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	_ = os.Chmod(temp, 0o666)
	if err := os.Rename(temp, h.sock); err != nil {
		h.t.Fatal(err)
	}
	h.listener = l
}

// die closes everything at once, like a killed process.
func (h *host) die() {
	h.drop()
	_ = h.listener.Close()
}

func (h *host) drop() {
	if h.conn != nil {
		_ = h.conn.Close()
	}
}

func (h *host) restart() {
	h.die()
	h.listen()
	h.accept()
}

// accept takes the next dial and welcomes it.
func (h *host) accept() {
	h.t.Helper()
	_ = h.listener.(*net.UnixListener).SetDeadline(time.Now().Add(10 * time.Second))
	conn, err := h.listener.Accept()
	if err != nil {
		h.t.Fatal("the executor did not dial:", err)
	}
	h.conn = conn
	h.hello = h.next()
	if h.hello.T != "hello" || len(h.hello.Boot) != 32 {
		h.t.Fatalf("no hello: %+v", h.hello)
	}
	h.send(map[string]any{"t": "welcome", "secret": secret})
}

func (h *host) send(m map[string]any) {
	h.t.Helper()
	if err := wire.Write(h.conn, m, wire.MaxFromHostBytes); err != nil {
		h.t.Fatal(err)
	}
}

func (h *host) tryNext() (message, error) {
	_ = h.conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	body, err := wire.Read(h.conn, wire.MaxToHostBytes)
	if err != nil {
		return message{}, err
	}
	var m message
	return m, json.Unmarshal(body, &m)
}

func (h *host) next() message {
	h.t.Helper()
	m, err := h.tryNext()
	if err != nil {
		h.t.Fatal("no frame:", err)
	}
	return m
}

func (h *host) expect(kind string) message {
	h.t.Helper()
	m := h.next()
	if m.T != kind {
		h.t.Fatalf("expected %s, got %+v", kind, m)
	}
	return m
}

func start(key, command string, more ...any) map[string]any {
	m := map[string]any{"t": "start", "key": key, "hash": "h-" + key, "argv": []string{"/bin/bash", "-c", command},
		"cwd": "/", "env": map[string]string{}, "deadlineMs": 20000, "capBytes": 1 << 20, "offset": 0}
	for i := 0; i+1 < len(more); i += 2 {
		m[more[i].(string)] = more[i+1]
	}
	return m
}

// finish collects the output from offset to the exit.
func (h *host) finish(key string, offset int64) (string, message) {
	h.t.Helper()
	var out bytes.Buffer
	for {
		m := h.next()
		if m.Key != key {
			continue
		}
		switch m.T {
		case "started":
		case "out":
			if m.Off != offset+int64(out.Len()) {
				h.t.Fatalf("gap: expected offset %d, got %d", offset+int64(out.Len()), m.Off)
			}
			out.Write(m.Data)
		case "exit":
			if m.Len != offset+int64(out.Len()) {
				h.t.Fatalf("exit with len %d after %d bytes", m.Len, offset+int64(out.Len()))
			}
			return out.String(), m
		default:
			h.t.Fatalf("unexpected %+v", m)
		}
	}
}

func (h *host) run(m map[string]any) (string, message) {
	h.t.Helper()
	h.send(m)
	return h.finish(m["key"].(string), 0)
}

// executor starts the binary as a process of its own, a subreaper.
func executor(t testing.TB) *host {
	t.Helper()
	h, _ := executorProcess(t)
	return h
}

func executorProcess(t testing.TB, more ...string) (*host, *exec.Cmd) {
	t.Helper()
	dir, err := os.MkdirTemp("", "hx")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	h := newHost(t, dir)
	cmd := exec.Command(program, append([]string{"-sock", h.sock, "-forward", ""}, more...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cmd.Process.Signal(syscall.Signal(0)); err != nil {
			t.Error("the executor ended:", stderr.String())
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if strings.Contains(stderr.String(), "DATA RACE") || strings.Contains(stderr.String(), "panic") {
			t.Error(stderr.String())
		}
	})
	h.accept()
	return h, cmd
}

// eventually polls, with a deadline.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatal("never came true: " + what)
}

func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }

func pidIn(t testing.TB, text string) int {
	t.Helper()
	var pid int
	if _, err := fmt.Sscan(strings.TrimSpace(text), &pid); err != nil || pid < 2 {
		t.Fatalf("no pid in %q", text)
	}
	return pid
}
