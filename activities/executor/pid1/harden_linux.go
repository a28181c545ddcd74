package pid1

import (
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"sync"
	"syscall"
)

const (
	prSetDumpable       = 4
	prSetChildSubreaper = 36
)

// Harden must be the first thing that PID 1 does: processes of the same uid may then neither trace
// it nor read its memory, descriptors or environment.
func Harden() error {
	if err := prctl(prSetDumpable, 0); err != nil {
		return err
	}
	// A handler for every signal: the kernel drops those without one for PID 1, but Go's runtime
	// has handlers that end the program. Nobody reads the channel; a full one drops.
	signal.Notify(make(chan os.Signal, 1))
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
