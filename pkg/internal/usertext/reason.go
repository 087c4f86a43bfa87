package usertext

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// FileReason says why the file system refused something, without the operation
// and the path, which the caller names, and in other words than the system's
// where those do not explain it. The result wraps the system's error.
func FileReason(err error) error {
	var inPath *fs.PathError
	var inLink *os.LinkError
	path, cause := "", err
	switch {
	case errors.As(err, &inPath):
		path, cause = inPath.Path, inPath.Err
	case errors.As(err, &inLink):
		path, cause = inLink.Old, inLink.Err
	}
	switch {
	case errors.Is(cause, fs.ErrNotExist):
		if target, err := os.Readlink(path); err == nil {
			return &fileReason{"it is a link to " + target + ", which does not exist", cause}
		}
	case errors.Is(cause, syscall.ENXIO):
		if info, err := os.Stat(path); err == nil && info.Mode()&fs.ModeSocket != 0 {
			return &fileReason{"it is a socket, and not a file", cause}
		}
		return &fileReason{"nothing answers at this device", cause}
	case errors.Is(cause, syscall.EFBIG):
		return &fileReason{"the file would be larger than this process may write: raise the limit (ulimit -f), or that of the file system", cause}
	}
	return cause
}

type fileReason struct {
	text  string
	cause error
}

func (r *fileReason) Error() string { return r.text }
func (r *fileReason) Unwrap() error { return r.cause }
