package connect

import (
	"bufio"
	"io"
	"net"
	"strings"
	"testing"
)

// stand is a proxy that answers one request with these words, then echoes.
func stand(t *testing.T, answer string) (addr string, asked chan string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	asked = make(chan string, 1)
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		reader := bufio.NewReader(conn)
		head := ""
		for !strings.HasSuffix(head, "\r\n\r\n") {
			line, err := reader.ReadString('\n')
			if err != nil {
				return
			}
			head += line
		}
		asked <- head
		_, _ = io.WriteString(conn, answer)
		_, _ = io.Copy(conn, reader)
	}()
	return listener.Addr().String(), asked
}

func TestWhatComesWithTheAnswerIsNotLost(t *testing.T) {
	addr, asked := stand(t, "HTTP/1.1 200 Connection established\r\n\r\nSSH-2.0-x\r\n")
	conn, rest, err := dial(addr, "db.internal:22")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var out strings.Builder
	join(conn, rest, strings.NewReader("hello"), &out)
	if out.String() != "SSH-2.0-x\r\nhello" {
		t.Errorf("got %q", out.String())
	}
	if head := <-asked; !strings.HasPrefix(head, "CONNECT db.internal:22 HTTP/1.1\r\n") {
		t.Errorf("asked %q", head)
	}
}

func TestARefusalIsTold(t *testing.T) {
	for answer, want := range map[string]string{
		"HTTP/1.1 403 Refused by Helm\r\nContent-Length: 9\r\nConnection: close\r\n\r\nHelm: no\n": "Helm: no",
		"HTTP/1.1 200 OK": "no whole answer",
		"HTTP/1.1 403 " + strings.Repeat("x", maxAnswer+1): "no whole answer",
		strings.Repeat("a: b\r\n", maxAnswer):              "too long",
	} {
		addr, _ := stand(t, answer)
		if strings.HasPrefix(answer, "HTTP/1.1 403 Refused") || strings.HasPrefix(answer, "HTTP/1.1 200 OK") {
			addr = closing(t, answer)
		}
		_, _, err := dial(addr, "db.internal:22")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.30q: got %v", answer, err)
		}
	}
}

// closing answers and closes.
func closing(t *testing.T, answer string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = conn.Read(make([]byte, 4096))
		_, _ = io.WriteString(conn, answer)
	}()
	return listener.Addr().String()
}

func TestOnlyNamesAndPortsAreTaken(t *testing.T) {
	for _, args := range [][]string{
		{}, {"h"}, {"h", "0"}, {"h", "70000"}, {"h\r\nX: y", "22"}, {"h", "22", "x"}, {"a b", "22"},
		{"-listen", "0.0.0.0:1", "h", "22", "--", "true"}, {"-listen", "127.0.0.1:1", "h", "22"},
		{"-listen", "127.0.0.1:1", "h", "22", "true"},
	} {
		if _, err := parse(args); err == nil {
			t.Errorf("%q was taken", args)
		}
	}
	o, err := parse([]string{"-listen", "127.0.0.1:5432", "db.internal", "5432", "--", "psql", "-h"})
	if err != nil || o.target != "db.internal:5432" || len(o.argv) != 2 {
		t.Errorf("got %+v %v", o, err)
	}
}
