// Package connect reaches a host through the egress proxy for programs that know no proxy: ssh by a
// ProxyCommand, others by a loopback port for as long as they run. docs/egress.md describes it. It has
// no rights that its caller lacks; the proxy decides.
package connect

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	// proxy is the executor's forwarder to the egress proxy.
	proxy = "127.0.0.1:3128"
	// meetLimit bounds the proxy's answer, which may wait for its dial.
	meetLimit    = 30 * time.Second
	maxAnswer    = 4 << 10
	maxWhy       = 300
	maxForwarded = 32

	codeUsage    = 2
	codeRefused  = 1
	codeNoStart  = 127
	signalOffset = 128
)

const usage = "usage: helm-executor connect HOST PORT | connect -listen 127.0.0.1:PORT HOST PORT -- PROGRAM [ARGUMENT]..."

var hostName = regexp.MustCompile(`^[A-Za-z0-9.-]{1,253}$`)

type order struct {
	listen string
	target string
	argv   []string
}

// Main joins stdin and stdout to the host, or runs the program beside a forwarded port. The result is
// the exit code: 0, 1 when the proxy refuses, 2 for a wrong call; the program's own where there is one.
func Main(args []string) int {
	o, err := parse(args)
	if err != nil {
		return fail(codeUsage, err)
	}
	if o.listen != "" {
		return beside(o)
	}
	conn, rest, err := dial(proxy, o.target)
	if err != nil {
		return fail(codeRefused, err)
	}
	defer conn.Close()
	join(conn, rest, os.Stdin, os.Stdout)
	return 0
}

func fail(code int, err error) int {
	fmt.Fprintln(os.Stderr, "helm-executor connect:", err)
	return code
}

func parse(args []string) (order, error) {
	var o order
	if len(args) > 1 && args[0] == "-listen" {
		o.listen, args = args[1], args[2:]
		if host, _, err := net.SplitHostPort(o.listen); err != nil || host != "127.0.0.1" {
			return o, errors.New("-listen takes 127.0.0.1:PORT; " + usage)
		}
		if len(args) < 4 || args[2] != "--" {
			return o, errors.New(usage)
		}
		o.argv, args = args[3:], args[:2]
	}
	if len(args) != 2 || !hostName.MatchString(args[0]) {
		return o, errors.New(usage)
	}
	if port, err := strconv.Atoi(args[1]); err != nil || port < 1 || port > 65535 {
		return o, errors.New("the port is 1 to 65535; " + usage)
	}
	o.target = args[0] + ":" + args[1]
	return o, nil
}

// dial asks the proxy for the way. The reader may hold bytes that came with the answer.
func dial(proxy, target string) (*net.TCPConn, *bufio.Reader, error) {
	raw, err := net.DialTimeout("tcp", proxy, meetLimit)
	if err != nil {
		return nil, nil, fmt.Errorf("the egress proxy is not there: %v", err)
	}
	conn := raw.(*net.TCPConn)
	_ = conn.SetDeadline(time.Now().Add(meetLimit))
	if _, err = io.WriteString(conn, "CONNECT "+target+" HTTP/1.1\r\nHost: "+target+"\r\n\r\n"); err == nil {
		reader := bufio.NewReaderSize(conn, maxAnswer)
		if err = answered(reader); err == nil {
			_ = conn.SetDeadline(time.Time{})
			return conn, reader, nil
		}
	}
	_ = conn.Close()
	return nil, nil, err
}

// answered reads the head of the proxy's answer, and of a refusal the reason.
func answered(reader *bufio.Reader) error {
	status := ""
	for read := 0; ; {
		line, err := reader.ReadSlice('\n')
		if err != nil {
			return fmt.Errorf("the egress proxy gave no whole answer: %v", err)
		}
		if read += len(line); read > maxAnswer {
			return errors.New("the egress proxy's answer is too long")
		}
		text := strings.TrimRight(string(line), "\r\n")
		if status == "" {
			status = text
		} else if text == "" {
			break
		}
	}
	if strings.HasPrefix(status, "HTTP/1.1 200 ") {
		return nil
	}
	why, _ := io.ReadAll(io.LimitReader(reader, maxWhy))
	return errors.New(strings.TrimSpace(string(why)))
}

// join copies both ways until the host has ended; the end of input is passed on.
func join(conn *net.TCPConn, rest io.Reader, in io.Reader, out io.Writer) {
	go func() {
		_, _ = io.Copy(conn, in)
		_ = conn.CloseWrite()
	}()
	_, _ = io.Copy(out, rest)
}

// beside forwards the port while the program runs, and takes over its exit code.
func beside(o order) int {
	listener, err := net.Listen("tcp", o.listen)
	if err != nil {
		return fail(codeRefused, fmt.Errorf("cannot listen on %s: %v; choose another port", o.listen, err))
	}
	defer listener.Close()
	go forward(listener, proxy, o.target)
	cmd := exec.Command(o.argv[0], o.argv[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	err = cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
			return signalOffset + int(status.Signal())
		}
		return exit.ExitCode()
	}
	if err != nil {
		return fail(codeNoStart, err)
	}
	return 0
}

func forward(listener net.Listener, proxy, target string) {
	slots := make(chan struct{}, maxForwarded)
	for {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		slots <- struct{}{}
		go func() {
			defer func() { <-slots }()
			defer client.Close()
			conn, rest, err := dial(proxy, target)
			if err != nil {
				_ = fail(codeRefused, err)
				return
			}
			defer conn.Close()
			join(conn, rest, client, client)
		}()
	}
}
