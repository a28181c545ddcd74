// Package pipe joins a program's stdin and stdout to a socket of the host's, so that a program in a
// container can be talked to like a child process. docs/executor.md describes it.
package pipe

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	// tokenBytes is what the host gives on stdin and gets back as the first line on the socket.
	tokenBytes = 64
	// meetLimit bounds the dial and the first words on the socket.
	meetLimit = 10 * time.Second
	// endGrace is what a program has after each step of its end: EOF, TERM, KILL.
	endGrace = 2 * time.Second
	// heldGrace is how long pipes are read on that a descendant holds open after the program's end.
	heldGrace = time.Second
	// lastWrite bounds how long the host may leave the last output unread.
	lastWrite    = 30 * time.Second
	maxNameBytes = 40
	maxWhyBytes  = 500

	codeUsage    = 2
	codeNoHost   = 125
	codeNoStart  = 127
	signalOffset = 128
)

const usage = "usage: helm-executor pipe [-dir DIRECTORY] NAME -- PROGRAM [ARGUMENT]..."

// Main runs the program until its end; the result is its exit code, 128 and the number of the signal
// that ended it, 127 if it could not be started, 125 if the host was not there.
func Main(args []string) int {
	// Who reads this process's memory could take its place at the socket.
	_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_DUMPABLE, 0, 0)
	runtime.GOMAXPROCS(2)
	socket, argv, err := parse(args)
	if err != nil {
		return fail(codeUsage, err)
	}
	conn, err := meet(socket, os.Stdin)
	if err != nil {
		return fail(codeNoHost, err)
	}
	defer conn.Close()
	// The signals of the executor reach the whole group: the program ends, and this after it. They
	// are caught and not ignored, since a program would inherit that.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGPIPE)
	j, err := begin(argv)
	if err != nil {
		why := strings.NewReplacer("\n", " ", "\r", " ").Replace(fmt.Sprintf("%.*s", maxWhyBytes, err.Error()))
		_, _ = conn.Write([]byte("failed " + why + "\n"))
		return fail(codeNoStart, err)
	}
	if _, err := conn.Write([]byte("started\n")); err != nil {
		_ = j.cmd.Process.Kill()
	}
	return j.serve(conn)
}

func fail(code int, err error) int {
	fmt.Fprintln(os.Stderr, "helm-executor:", err)
	return code
}

func parse(args []string) (socket string, argv []string, err error) {
	dir := "/run/helm"
	if len(args) > 1 && args[0] == "-dir" {
		dir, args = args[1], args[2:]
	}
	if len(args) < 3 || args[1] != "--" || args[2] == "" {
		return "", nil, errors.New(usage)
	}
	name := args[0]
	if name == "" || len(name) > maxNameBytes || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return "", nil, errors.New("the name of a pipe is 1 to 40 of a-z 0-9 -")
	}
	return filepath.Join(dir, name+".sock"), args[2:], nil
}

// meet dials the host and shows it the token that came on stdin, where no other process sees it.
func meet(socket string, stdin io.Reader) (*net.UnixConn, error) {
	token, err := io.ReadAll(io.LimitReader(stdin, tokenBytes+1))
	if err != nil || len(token) != tokenBytes {
		return nil, fmt.Errorf("the token on stdin has %d bytes, not %d", len(token), tokenBytes)
	}
	dialled, err := net.DialTimeout("unix", socket, meetLimit)
	if err != nil {
		return nil, fmt.Errorf("the host does not answer: %w", err)
	}
	conn := dialled.(*net.UnixConn)
	_ = conn.SetDeadline(time.Now().Add(meetLimit))
	answer := make([]byte, 3)
	if _, err = conn.Write(append(token, '\n')); err == nil {
		_, err = io.ReadFull(conn, answer)
	}
	if err != nil || string(answer) != "ok\n" {
		_ = conn.Close()
		return nil, errors.New("the host did not let this pipe in")
	}
	_ = conn.SetDeadline(time.Time{})
	return conn, nil
}

// joined is a program and this process's ends of its three pipes.
type joined struct {
	cmd                *exec.Cmd
	stdin, out, errors *os.File
	ended              atomic.Bool
}

// begin makes the pipes and the process; on an error nothing is left open.
func begin(argv []string) (*joined, error) {
	var opened []*os.File
	j := &joined{cmd: exec.Command(argv[0], argv[1:]...)}
	make2 := func() (r, w *os.File, err error) {
		if r, w, err = os.Pipe(); err == nil {
			opened = append(opened, r, w)
		}
		return r, w, err
	}
	inR, inW, err1 := make2()
	outR, outW, err2 := make2()
	errR, errW, err3 := make2()
	err := errors.Join(err1, err2, err3)
	if err == nil {
		j.stdin, j.out, j.errors = inW, outR, errR
		j.cmd.Stdin, j.cmd.Stdout, j.cmd.Stderr = inR, outW, errW
		err = j.cmd.Start()
	}
	if err != nil {
		for _, f := range opened {
			_ = f.Close()
		}
		return nil, err
	}
	for _, f := range []*os.File{inR, outW, errW} {
		_ = f.Close()
	}
	return j, nil
}

// serve carries bytes until the program has ended and its output is delivered.
func (j *joined) serve(conn *net.UnixConn) int {
	go j.carryIn(conn)
	delivered, told := make(chan struct{}), make(chan struct{})
	go func() { j.carryOut(conn); close(delivered) }()
	go func() { j.carryErrors(os.Stderr); close(told) }()
	over := make(chan struct{})
	go j.endWith(conn, over)
	_ = j.cmd.Wait()
	close(over)
	j.ended.Store(true)
	_ = j.stdin.Close()
	soon := time.Now().Add(heldGrace)
	_ = j.out.SetReadDeadline(soon)
	_ = j.errors.SetReadDeadline(soon)
	_ = conn.SetWriteDeadline(time.Now().Add(lastWrite))
	<-told
	<-delivered
	// What the program left unread would reset the socket, and with it what the host has not read yet.
	_ = conn.CloseRead()
	_, _ = io.Copy(io.Discard, conn)
	status := j.cmd.ProcessState.Sys().(syscall.WaitStatus)
	if status.Signaled() {
		fmt.Fprintln(os.Stderr, "helm-executor: the program was ended by signal", int(status.Signal()))
		return signalOffset + int(status.Signal())
	}
	return status.ExitStatus()
}

// carryIn gives the program what the host writes. A program that closes its stdin closes that way.
func (j *joined) carryIn(conn *net.UnixConn) {
	_, err := io.Copy(j.stdin, struct{ io.Reader }{conn})
	if err != nil {
		// A host that waits for room is only woken by what is read; then its next write fails.
		_ = conn.CloseRead()
		_, _ = io.Copy(io.Discard, conn)
	}
	_ = j.stdin.Close()
}

// carryOut gives the host what the program writes, and its end.
func (j *joined) carryOut(conn *net.UnixConn) {
	buf := make([]byte, 32<<10)
	for {
		n, err := j.out.Read(buf)
		if n > 0 {
			if j.ended.Load() {
				_ = j.out.SetReadDeadline(time.Now().Add(heldGrace))
				_ = conn.SetWriteDeadline(time.Now().Add(lastWrite))
			}
			if _, werr := conn.Write(buf[:n]); werr != nil {
				err = werr
			}
		}
		if err != nil {
			_ = j.out.Close() // a program that still writes gets SIGPIPE
			_ = conn.CloseWrite()
			return
		}
	}
}

// endWith ends a program that nobody can talk to any more: the host is gone, or both directions are
// closed.
func (j *joined) endWith(conn *net.UnixConn, over <-chan struct{}) {
	hungUp := make(chan struct{})
	go func() { awaitHangUp(conn); close(hungUp) }()
	select {
	case <-over:
		return
	case <-hungUp:
	}
	_ = j.stdin.Close()
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		select {
		case <-over:
			return
		case <-time.After(endGrace):
			_ = j.cmd.Process.Signal(sig)
		}
	}
}
