package look

import (
	"runtime"
	"syscall"
)

const (
	newUser    = 0x10000000
	cloneFs    = 0x200
	afNetlink  = 16
	afAlg      = 38
	afVsock    = 40
	afPacket   = 17
	tiocsti    = 0x5412
	fsSetFlags = 0x40086602
	enosys     = syscall.ENOSYS
	eperm      = syscall.EPERM
)

// A call that the filter refuses, made with arguments that do no harm where it does not.
type call struct {
	name   string
	number uintptr
	args   [3]uintptr
	errno  syscall.Errno
}

// Numbers from 424 on are the same on every architecture.
func refused() []call {
	minusOne := ^uintptr(0)
	list := []call{
		{"io_uring_setup", 425, [3]uintptr{0, 0, 0}, eperm},
		{"clone3", 435, [3]uintptr{0, 0, 0}, enosys},
		{"pidfd_getfd", 438, [3]uintptr{minusOne, minusOne, 0}, eperm},
		{"open_tree", 428, [3]uintptr{minusOne, 0, 0}, eperm},
		{"move_mount", 429, [3]uintptr{minusOne, 0, minusOne}, eperm},
		{"fsopen", 430, [3]uintptr{0, 0, 0}, eperm},
		{"socket of netlink, other than routes", syscall.SYS_SOCKET, [3]uintptr{afNetlink, 3, 6}, eperm},
		{"socket of packets", syscall.SYS_SOCKET, [3]uintptr{afPacket, 3, 0}, eperm},
		{"socket of kernel crypto", syscall.SYS_SOCKET, [3]uintptr{afAlg, 5, 0}, eperm},
		{"socket of the virtual machine", syscall.SYS_SOCKET, [3]uintptr{afVsock, 1, 0}, eperm},
		{"socket of SCTP", syscall.SYS_SOCKET, [3]uintptr{2, 1, 132}, eperm},
		{"clone with a new namespace", syscall.SYS_CLONE, [3]uintptr{newUser | cloneFs, 0, 0}, eperm},
		{"ioctl TIOCSTI", syscall.SYS_IOCTL, [3]uintptr{minusOne, tiocsti, 0}, eperm},
		{"ioctl TIOCSTI, high bits set", syscall.SYS_IOCTL, [3]uintptr{minusOne, 1<<32 | tiocsti, 0}, eperm},
		{"ioctl FS_IOC_SETFLAGS", syscall.SYS_IOCTL, [3]uintptr{minusOne, fsSetFlags, 0}, eperm},
		{"ptrace", syscall.SYS_PTRACE, [3]uintptr{minusOne, 0, 0}, eperm},
		{"unshare", syscall.SYS_UNSHARE, [3]uintptr{minusOne, 0, 0}, eperm},
		{"mount", syscall.SYS_MOUNT, [3]uintptr{0, 0, 0}, eperm},
		{"umount2", syscall.SYS_UMOUNT2, [3]uintptr{0, 0, 0}, eperm},
		{"pivot_root", syscall.SYS_PIVOT_ROOT, [3]uintptr{0, 0, 0}, eperm},
		{"personality", syscall.SYS_PERSONALITY, [3]uintptr{0x0040000, 0, 0}, eperm},
		{"keyctl", syscall.SYS_KEYCTL, [3]uintptr{minusOne, 0, 0}, eperm},
		{"add_key", syscall.SYS_ADD_KEY, [3]uintptr{0, 0, 0}, eperm},
		{"request_key", syscall.SYS_REQUEST_KEY, [3]uintptr{0, 0, 0}, eperm},
		{"perf_event_open", syscall.SYS_PERF_EVENT_OPEN, [3]uintptr{0, 0, 0}, eperm},
		{"kexec_load", syscall.SYS_KEXEC_LOAD, [3]uintptr{0, 0, 0}, eperm},
		{"init_module", syscall.SYS_INIT_MODULE, [3]uintptr{0, 0, 0}, eperm},
	}
	for name, number := range numbers {
		list = append(list, call{name, number, [3]uintptr{minusOne, minusOne, minusOne}, eperm})
	}
	return list
}

// calls makes each call. A clone that the filter lets through starts no process: the kernel refuses
// CLONE_NEWUSER together with CLONE_FS.
func calls() []string {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	passed := []string{}
	for _, call := range refused() {
		_, _, errno := syscall.RawSyscall(call.number, call.args[0], call.args[1], call.args[2])
		if errno != call.errno {
			passed = append(passed, call.name)
		}
	}
	return passed
}
