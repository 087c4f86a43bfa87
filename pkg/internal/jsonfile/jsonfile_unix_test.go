//go:build unix

package jsonfile

import (
	"errors"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/artifact-cli/artifact/pkg/internal/must"
)

// TestReadDoesNotWait opens a FIFO without a writer.
func TestReadDoesNotWait(t *testing.T) {
	t.Parallel()
	fifo := filepath.Join(t.TempDir(), "fifo")
	must.Do(t, syscall.Mkfifo(fifo, 0o600))
	if err := Read(fifo, new(document)); !errors.Is(err, ErrNotRegular) {
		t.Errorf("%v, want %v", err, ErrNotRegular)
	}
}
