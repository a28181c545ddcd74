package pid1

import (
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"syscall"
)

const (
	prSetDumpable       = 4
	prSetChildSubreaper = 36
	sysCloseRange       = 436
	closeRangeCloexec   = 4
)

// score is what Harden opened.
var score oomScore

// Harden must be the first thing that PID 1 does: processes of the same uid may then neither trace
// it nor read its memory, descriptors or environment.
func Harden() error {
	// One thing goes before: this file belongs to root as soon as the process is not dumpable.
	score = openOOMScore()
	if err := prctl(prSetDumpable, 0); err != nil {
		return err
	}
	// What was inherited is not for commands. Kernels before 5.11 refuse; runtimes close it too.
	_, _, _ = syscall.RawSyscall(sysCloseRange, 3, 1<<20, closeRangeCloexec)
	handleSignals()
	if os.Getpid() != 1 {
		return prctl(prSetChildSubreaper, 1)
	}
	return nil
}

func prctl(option, value uintptr) error {
	if _, _, errno := syscall.RawSyscall6(syscall.SYS_PRCTL, option, value, 0, 0, 0, 0); errno != 0 {
		return os.NewSyscallError("prctl", errno)
	}
	return nil
}

// staySmall bounds memory and makes all threads that the runtime may want now: when commands use
// up the container's process limit, a runtime that cannot make a thread would end the program.
func staySmall() {
	runtime.GOMAXPROCS(2)
	debug.SetGCPercent(50)
	debug.SetMemoryLimit(128 << 20)
	_ = syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{})
	const threads = 12
	var ready, done sync.WaitGroup
	release := make(chan struct{})
	ready.Add(threads)
	done.Add(threads)
	for range threads {
		go func() {
			runtime.LockOSThread()
			ready.Done()
			<-release
			runtime.UnlockOSThread()
			done.Done()
		}()
	}
	ready.Wait()
	close(release)
	done.Wait()
}
