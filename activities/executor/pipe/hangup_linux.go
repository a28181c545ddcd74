package pipe

import (
	"net"
	"syscall"
	"unsafe"
)

const (
	pollErr = 0x008
	pollHup = 0x010
	// lookEverySeconds bounds one wait, so that a closed connection is noticed too.
	lookEverySeconds = 1
)

// awaitHangUp returns when both directions of the connection are closed: by the host, by its death,
// or one by each side. A read cannot tell that from the host's half close.
func awaitHangUp(conn *net.UnixConn) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return
	}
	for {
		var over bool
		err := raw.Control(func(fd uintptr) {
			entry := struct {
				fd              int32
				events, revents int16
			}{fd: int32(fd)}
			limit := syscall.Timespec{Sec: lookEverySeconds}
			_, _, _ = syscall.Syscall6(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(&entry)), 1, uintptr(unsafe.Pointer(&limit)), 0, 0, 0)
			over = entry.revents&(pollErr|pollHup) != 0
		})
		if err != nil || over {
			return
		}
	}
}
