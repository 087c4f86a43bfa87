package credential

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/artifact-cli/artifact/pkg/internal/filelock"
	"github.com/artifact-cli/artifact/pkg/internal/usertext"
)

const lockFile = "login.lock"

const (
	// lockWait is how long another login is waited for. It may be waiting
	// for somebody to unlock the keyring.
	lockWait = 10 * time.Second
	lockPoll = 20 * time.Millisecond
)

// ErrBusy says that another login or logout is under way.
var ErrBusy = errors.New("another login or logout is under way")

// lock makes the directory and waits until no other process changes what is in
// it. The lock ends with the process.
func (s *Store) lock(ctx context.Context) (unlock func(), err error) {
	if s.dir == "" {
		return nil, ErrNoDirectory
	}
	if err := checkOwner(s.dir, s.getenv("SUDO_UID")); err != nil {
		return nil, &FileError{"writing in", s.dir, err}
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, &FileError{"making", s.dir, usertext.FileReason(err)}
	}
	path := filepath.Join(s.dir, lockFile)
	file, err := openLock(path)
	if err != nil {
		return nil, &FileError{"writing", path, usertext.FileReason(err)}
	}
	ctx, cancel := context.WithTimeoutCause(ctx, lockWait, ErrBusy)
	defer cancel()
	for {
		locked, err := filelock.Try(file)
		if locked || err != nil {
			// A file system without locks is used without: files
			// are replaced as a whole, so they stay readable.
			return func() { _ = file.Close() }, nil
		}
		select {
		case <-time.After(lockPoll):
		case <-ctx.Done():
			_ = file.Close()
			return nil, context.Cause(ctx)
		}
	}
}
