//go:build unix

package command

import (
	"math"

	"golang.org/x/sys/unix"
)

// maxOpenFiles returns how many files the process may have open at a time.
// Go has already raised the limit as far as the system allows.
func maxOpenFiles() uint64 {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil {
		return math.MaxUint64
	}
	return limit.Cur
}
