package store

import (
	"errors"

	"golang.org/x/sys/unix"
)

func preallocate(fd int, size int64) error {
	for {
		if err := unix.Fallocate(fd, unix.FALLOC_FL_KEEP_SIZE, 0, size); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
