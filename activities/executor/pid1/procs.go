package pid1

import (
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

const (
	// maxCommands bounds the commands that run at one time.
	maxCommands = 32
	// sweepLimit bounds one sweep; what is left then sits in an uninterruptible wait.
	sweepLimit = 2 * time.Second
)

// procs owns every child of this process. There is one place that waits (reap), and it shares a
// lock with spawn: a child that ends at once is never reaped before it is known, and a pid that is
// signalled is never one that was reaped and given to somebody else.
type procs struct {
	mu      sync.Mutex
	running map[int]chan<- syscall.WaitStatus
	// isInit tells whether this is really PID 1 of its namespace, where kill(-1) means all others.
	isInit bool
	self   int
	oom    oomScore
}

func newProcs(oom oomScore) *procs {
	self := os.Getpid()
	return &procs{running: map[int]chan<- syscall.WaitStatus{}, isInit: self == 1, self: self, oom: oom}
}

// reapForever reaps at every SIGCHLD. The channel has room for one: a signal that finds it full is
// covered by the drain that is still to come.
func (p *procs) reapForever() {
	children := make(chan os.Signal, 1)
	signal.Notify(children, syscall.SIGCHLD)
	p.reap()
	for range children {
		p.reap()
	}
}

func (p *procs) reap() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reapLocked()
}

func (p *procs) reapLocked() {
	for {
		pid := peekZombie()
		if pid <= 0 {
			return
		}
		// The zombie still holds its number here, so that the group is surely its own.
		ended, known := p.running[pid]
		if known {
			_ = syscall.Kill(-pid, syscall.SIGKILL)
		}
		var status syscall.WaitStatus
		if _, err := wait4(pid, &status); err != nil || !known {
			continue
		}
		delete(p.running, pid)
		if len(p.running) == 0 {
			p.sweepAllLocked()
		} else {
			p.sweepSessionLocked(pid)
		}
		ended <- status
	}
}

func wait4(pid int, status *syscall.WaitStatus) (int, error) {
	for {
		got, err := syscall.Wait4(pid, status, syscall.WNOHANG, nil)
		if err != syscall.EINTR {
			return got, err
		}
	}
}

// peekZombie returns the pid of a child that has ended, without reaping it; 0 for none.
func peekZombie() int {
	const (
		pAll    = 0
		wExited = 4
		wNoWait = 0x01000000
		pidAt   = 16 // si_pid in a 64-bit siginfo_t
	)
	for {
		var info [128]byte
		_, _, errno := syscall.Syscall6(syscall.SYS_WAITID, pAll, 0,
			uintptr(unsafe.Pointer(&info)), wExited|wNoWait|syscall.WNOHANG, 0, 0)
		switch errno {
		case 0:
			return int(*(*int32)(unsafe.Pointer(&info[pidAt])))
		case syscall.EINTR:
			continue
		}
		return 0
	}
}

// spawn starts a command in a session of its own. ended gets its status once; it needs room for it.
func (p *procs) spawn(path string, argv []string, attr *syscall.ProcAttr, ended chan<- syscall.WaitStatus) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.oom.raise()
	handleFaults()
	pid, err := syscall.ForkExec(path, argv, attr)
	ignoreFaults()
	p.oom.lower()
	if err != nil {
		return 0, err
	}
	p.running[pid] = ended
	if p.oom.file == nil {
		_ = os.WriteFile(fmt.Sprintf("/proc/%d/oom_score_adj", pid), []byte(victim), 0)
	}
	return pid, nil
}

// signal sends to the group of a command, if it still runs.
func (p *procs) signal(pid int, sig syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, ok := p.running[pid]; ok {
		_ = syscall.Kill(-pid, sig)
	}
}

// sweepAllLocked kills all that commands left behind; no command runs. A new one cannot start
// meanwhile, because spawn needs the lock.
func (p *procs) sweepAllLocked() {
	p.sweepLocked(func() bool {
		if p.isInit {
			return syscall.Kill(-1, syscall.SIGKILL) == nil
		}
		return killAll(children(p.self))
	})
}

// sweepSessionLocked kills what is left of one command's session while other commands run. What
// has left its session stays until the last command ends.
func (p *procs) sweepSessionLocked(sid int) {
	p.sweepLocked(func() bool { return killAll(sessionMembers(sid)) })
}

// sweepLocked repeats kill until it finds nothing more, reaping on the way.
func (p *procs) sweepLocked(kill func() bool) {
	end := time.Now().Add(sweepLimit)
	for pause := 100 * time.Microsecond; kill() && time.Now().Before(end); pause = min(2*pause, 10*time.Millisecond) {
		time.Sleep(pause)
		p.reapOrphansLocked()
	}
}

// reapOrphansLocked reaps until it meets a command's own end, which reapLocked handles later.
func (p *procs) reapOrphansLocked() {
	for {
		pid := peekZombie()
		if _, known := p.running[pid]; pid <= 0 || known {
			return
		}
		var status syscall.WaitStatus
		_, _ = wait4(pid, &status)
	}
}
