//go:build unix

package command

import (
	"math"

	"golang.org/x/sys/unix"
)

// maxOpenFiles is how many files the process may have open at a time. Go has
// raised that to the most that the system allows.
func maxOpenFiles() uint64 {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil {
		return math.MaxUint64
	}
	return limit.Cur
}
