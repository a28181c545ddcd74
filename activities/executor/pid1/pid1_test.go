package pid1

import (
	"bytes"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestOutputKeepsATrueBeginning(t *testing.T) {
	o := output{limit: 10}
	if !o.add([]byte("0123456")) || !o.add([]byte("789x")) || o.add([]byte("y")) {
		t.Fatal("what fits is kept")
	}
	if o.length() != 10 || o.total != 12 || o.dropped() != 2 {
		t.Fatalf("%+v", o)
	}
	o.free(4)
	o.free(3)
	if o.base != 4 || o.length() != 10 || string(o.from(4, 3)) != "456" || string(o.from(8, 100)) != "89" {
		t.Fatalf("%+v", o)
	}
	o.free(10)
	if o.add([]byte("more")) || o.length() != 10 || len(o.from(10, 5)) != 0 {
		t.Fatal("an ack makes no room: the cap is on the whole output")
	}
	o.total = 640
	if o.flooded() {
		t.Fatal("64 times the cap is allowed")
	}
	o.total++
	if !o.flooded() {
		t.Fatal("more is not")
	}
}

func TestParseStat(t *testing.T) {
	s, ok := parseStat(7, []byte("7 (a) b) ) Z 3 7 5 0 -1"))
	if !ok || s.parent != 3 || s.session != 5 || !s.zombie {
		t.Fatalf("%+v", s)
	}
	for _, line := range []string{"", "7 (x", "7 (x) S", "7 (x) S a b c"} {
		if _, ok := parseStat(7, []byte(line)); ok {
			t.Error(line)
		}
	}
	if len(children(os.Getppid())) == 0 || len(sessionMembers(os.Getpid()+1<<21)) != 0 {
		t.Error("this process is a child of its parent")
	}
}

// forwarder listens on a free port and forwards to a socket whose connections serve handles.
func forwarder(t *testing.T, limit int, serve func(*net.UnixConn)) string {
	t.Helper()
	sock := filepath.Join(t.TempDir(), "e.sock")
	proxy, err := net.Listen("unix", sock)
	if err != nil {
		t.Fatal(err)
	}
	front, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = proxy.Close(); _ = front.Close() })
	go func() {
		for {
			conn, err := proxy.Accept()
			if err != nil {
				return
			}
			go serve(conn.(*net.UnixConn))
		}
	}()
	go accept(front, sock, noEgress, limit)
	return front.Addr().String()
}

func dial(t *testing.T, address string) *net.TCPConn {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	return conn.(*net.TCPConn)
}

func TestForwardsBothWaysWithHalfClose(t *testing.T) {
	address := forwarder(t, 4, func(c *net.UnixConn) {
		defer c.Close()
		all, _ := io.ReadAll(c) // ends only with the client's half close
		_, _ = c.Write(bytes.ToUpper(all))
	})
	conn := dial(t, address)
	data := strings.Repeat("abc", 500_000)
	go func() {
		_, _ = io.WriteString(conn, data)
		_ = conn.CloseWrite()
	}()
	if got, err := io.ReadAll(conn); err != nil || string(got) != strings.ToUpper(data) {
		t.Fatal(len(got), err)
	}
}

func TestForwarderHasALimit(t *testing.T) {
	address := forwarder(t, 2, func(c *net.UnixConn) { _, _ = io.Copy(c, c); _ = c.Close() })
	echo := func(c *net.TCPConn) error {
		_, _ = c.Write([]byte("x"))
		_, err := io.ReadFull(c, make([]byte, 1))
		return err
	}
	first, second := dial(t, address), dial(t, address)
	if echo(first) != nil || echo(second) != nil {
		t.Fatal("two are forwarded")
	}
	if echo(dial(t, address)) == nil {
		t.Fatal("a third is closed")
	}
	_ = first.Close()
	for end := time.Now().Add(10 * time.Second); echo(dial(t, address)) != nil; {
		if time.Now().After(end) {
			t.Fatal("a place never became free")
		}
	}
}

func TestForwarderSaysWhenThereIsNoProxy(t *testing.T) {
	front, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer front.Close()
	go accept(front, filepath.Join(t.TempDir(), "none.sock"), noEgress, 4)
	conn := dial(t, front.Addr().String())
	_, _ = io.WriteString(conn, "CONNECT example.com:443 HTTP/1.1\r\n\r\n")
	_ = conn.CloseWrite()
	if got, _ := io.ReadAll(conn); !strings.HasPrefix(string(got), "HTTP/1.1 502 ") {
		t.Fatalf("%q", got)
	}
}
