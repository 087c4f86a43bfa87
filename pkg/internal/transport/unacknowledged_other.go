//go:build !linux

package transport

import "net"

// unacknowledged is not supported here.
func unacknowledged(net.Conn) (n int, connected bool) { return 0, true }
