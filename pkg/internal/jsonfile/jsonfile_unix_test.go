//go:build unix

package jsonfile

import (
	"errors"
	"path/filepath"
	"syscall"
	"testing"
)

// TestReadDoesNotWait opens a FIFO that nobody writes to.
func TestReadDoesNotWait(t *testing.T) {
	t.Parallel()
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Read(fifo, new(document)); !errors.Is(err, ErrNotRegular) {
		t.Errorf("%v, want %v", err, ErrNotRegular)
	}
}
