package pid1

import (
	"os"
	"os/signal"
	"syscall"
	"unsafe"
)

// A PID 1 ignores signals from inside that have no handler, but two gaps remain for a Go program.
// The kernel takes a signal without a handler as fatal if the main thread happens to block it, as
// Go does while it forks; and Go takes a fault signal as its own fault if it was sent with
// sigqueue. Both were seen to end a container.

// sigaction is the kernel's struct on 64-bit machines, large enough for all of them.
type sigaction [8]uint64

const ignore = 1 // SIG_IGN

// unhandled are the signals for which Go has no handler and Notify installs none. They stay ignored
// in commands: C libraries set a handler of their own where they use them.
var unhandled = []syscall.Signal{32, 34}

// faults are the signals that Go's handler answers with a crash.
var faults = []syscall.Signal{
	syscall.SIGILL, syscall.SIGTRAP, syscall.SIGBUS, syscall.SIGFPE, syscall.SIGSEGV, syscall.SIGSTKFLT, syscall.SIGSYS,
}

// goActions are Go's own handlers of faults.
var goActions = map[syscall.Signal]sigaction{}

func handleSignals() {
	// A handler for every signal. Nobody reads the channel; a full one drops.
	signal.Notify(make(chan os.Signal, 1))
	for _, s := range unhandled {
		setAction(s, sigaction{ignore})
	}
	for _, s := range faults {
		goActions[s] = getAction(s)
	}
	ignoreFaults()
}

// ignoreFaults makes sent fault signals harmless. A true fault still ends the program: the kernel
// forces it.
func ignoreFaults() {
	for _, s := range faults {
		setAction(s, sigaction{ignore})
	}
}

// handleFaults is for the moment of a fork: what is ignored stays so in a command, what is handled
// is reset.
func handleFaults() {
	for _, s := range faults {
		setAction(s, goActions[s])
	}
}

func getAction(s syscall.Signal) (a sigaction) {
	rtSigaction(s, nil, &a)
	return a
}

func setAction(s syscall.Signal, a sigaction) { rtSigaction(s, &a, nil) }

func rtSigaction(s syscall.Signal, set, old *sigaction) {
	const maskBytes = 8
	_, _, _ = syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(s),
		uintptr(unsafe.Pointer(set)), uintptr(unsafe.Pointer(old)), maskBytes, 0, 0)
}
