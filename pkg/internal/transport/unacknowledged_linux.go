package transport

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// unacknowledged returns how many bytes the peer's system has not acknowledged
// yet, and false if it has reset the connection.
func unacknowledged(tcp net.Conn) (n int, connected bool) {
	socket, ok := tcp.(syscall.Conn)
	if !ok {
		return 0, true
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return 0, true
	}
	connected = true
	_ = raw.Control(func(fd uintptr) {
		if n, _ = unix.IoctlGetInt(int(fd), unix.SIOCOUTQ); n > 0 {
			info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
			connected = err == nil && info.State != unix.BPF_TCP_CLOSE
		}
	})
	return n, connected
}
