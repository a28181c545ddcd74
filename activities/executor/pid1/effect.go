package pid1

import (
	"fmt"
	"os"
	"syscall"
	"time"

	"dev.helm/executor/wire"
)

const (
	// termGrace is what a command has between TERM and KILL.
	termGrace = time.Second
	// drainGrace is how long output is read on after the end, from processes that escaped.
	drainGrace = time.Second
)

// effect is one command of the host, from its start until its end is acked. The store's lock
// guards all but the fields that never change.
type effect struct {
	key, hash string
	pid       int
	out       output
	// reason is set by whoever stops the command first.
	reason, message string
	exit            *wire.Exit
}

// launch makes the process. A failure is an end too: the command definitely did not run.
func (s *store) launch(e *effect, m *wire.FromHost) {
	ended := make(chan syscall.WaitStatus, 1)
	reader, stdin, pid, err := s.fork(m, ended)
	if err != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		e.exit = &wire.Exit{T: "exit", Key: e.key, Code: -1, Reason: wire.SpawnFailed, Message: spawnMessage(m, err)}
		s.changed()
		return
	}
	s.mu.Lock()
	e.pid = pid
	s.mu.Unlock()
	if stdin != nil {
		go feed(stdin, *m.Stdin)
	}
	drained := make(chan struct{})
	go func() {
		s.drain(e, reader)
		close(drained)
	}()
	deadlineMs := m.DeadlineMs // the closure must not hold the whole message, with its stdin
	deadline := time.AfterFunc(time.Duration(deadlineMs)*time.Millisecond, func() {
		s.stop(e, wire.TimedOut, fmt.Sprintf("the deadline of %d ms passed", deadlineMs), false)
	})
	go func() {
		status := <-ended
		deadline.Stop()
		select {
		case <-drained:
		case <-time.After(drainGrace):
		}
		_ = reader.Close()
		<-drained
		if stdin != nil {
			_ = stdin.Close()
		}
		s.end(e, status)
	}()
}

// fork makes the pipes and the process; on an error nothing is left open.
func (s *store) fork(m *wire.FromHost, ended chan<- syscall.WaitStatus) (out, stdin *os.File, pid int, err error) {
	path, err := lookPath(m)
	if err != nil {
		return nil, nil, 0, err
	}
	var opened []int
	defer func() {
		for _, fd := range opened {
			_ = syscall.Close(fd)
		}
	}()
	pipe := func() (r, w int, err error) {
		var p [2]int
		if err := syscall.Pipe2(p[:], syscall.O_CLOEXEC); err != nil {
			return 0, 0, os.NewSyscallError("pipe2", err)
		}
		opened = append(opened, p[0], p[1])
		return p[0], p[1], nil
	}
	outR, outW, err := pipe()
	if err != nil {
		return nil, nil, 0, err
	}
	inR, inW := -1, -1
	if m.Stdin != nil {
		inR, inW, err = pipe()
	} else if inR, err = syscall.Open(os.DevNull, syscall.O_RDONLY|syscall.O_CLOEXEC, 0); err == nil {
		opened = append(opened, inR)
	}
	if err != nil {
		return nil, nil, 0, err
	}
	pid, err = s.procs.spawn(path, m.Argv, &syscall.ProcAttr{
		Dir:   m.Cwd,
		Env:   environment(m),
		Files: []uintptr{uintptr(inR), uintptr(outW), uintptr(outW)},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	}, ended)
	if err != nil {
		return nil, nil, 0, err
	}
	opened = []int{inR, outW}
	if inW >= 0 {
		stdin = pollable(inW, "stdin")
	}
	return pollable(outR, "output"), stdin, pid, nil
}

// pollable makes a file whose Close ends a blocked read or write.
func pollable(fd int, name string) *os.File {
	_ = syscall.SetNonblock(fd, true)
	return os.NewFile(uintptr(fd), name)
}

func feed(stdin *os.File, data []byte) {
	_, _ = stdin.Write(data)
	_ = stdin.Close()
}

// drain reads the output to its end, never waiting for the host.
func (s *store) drain(e *effect, reader *os.File) {
	buf := make([]byte, 64<<10)
	for {
		n, err := reader.Read(buf)
		if n > 0 {
			s.mu.Lock()
			if e.out.add(buf[:n]) {
				s.changed()
			}
			flooded := e.out.flooded() && e.reason == ""
			s.mu.Unlock()
			if flooded {
				s.stop(e, wire.Killed, fmt.Sprintf("output went beyond %d times its cap of %d bytes", killFactor, e.out.limit), true)
			}
		}
		if err != nil {
			return
		}
	}
}

// stop ends a command: TERM and after a second KILL to its group, or KILL at once. The first
// reason stays; a hard stop may follow a soft one.
func (s *store) stop(e *effect, reason, message string, hard bool) {
	s.mu.Lock()
	first := e.reason == ""
	if first {
		e.reason, e.message = reason, message
	}
	pid := e.pid
	s.mu.Unlock()
	if hard {
		s.procs.signal(pid, syscall.SIGKILL)
		return
	}
	if first {
		s.procs.signal(pid, syscall.SIGTERM)
		// A stopped process takes its TERM only when it goes on.
		s.procs.signal(pid, syscall.SIGCONT)
		time.AfterFunc(termGrace, func() { s.procs.signal(pid, syscall.SIGKILL) })
	}
}

func (s *store) end(e *effect, status syscall.WaitStatus) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := &wire.Exit{
		T: "exit", Key: e.key, Code: status.ExitStatus(), Reason: wire.Exited, Message: e.message,
		Len: e.out.length(), Total: e.out.total, Dropped: e.out.dropped(),
	}
	if status.Signaled() {
		x.Code, x.Reason = -int(status.Signal()), wire.Signalled
	}
	if e.reason != "" {
		x.Reason = e.reason
	}
	e.exit = x
	s.changed()
}
