// Package usertext reads what people paste and save: values of flags and
// variables, and small text files, even with a byte order mark from Windows.
//
// It rejects UTF-16, and files larger than a limit. Start at [ParseValue] and
// [ReadFile].
package usertext

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// byteOrderMark is written by editors on Windows before a text in UTF-8.
const byteOrderMark = "\ufeff"

// ErrUTF16 reports a file in UTF-16, which PowerShell 5 writes with >.
var ErrUTF16 = errors.New("it is UTF-16: convert it to UTF-8, for example with iconv -f UTF-16 -t UTF-8, or in PowerShell with Set-Content -Encoding utf8")

// ReadFile reads the text file at path, which may be a FIFO, without a byte order
// mark. A file larger than limit bytes is an error. Errors name the file.
func ReadFile(path string, limit int64) (text []byte, err error) {
	file, err := os.Open(path)
	if err == nil {
		defer file.Close()
		text, err = ReadAll(file, limit)
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, FileReason(err))
	}
	return text, nil
}

// ReadAll is like [ReadFile] for an open file. Its errors do not name the file.
func ReadAll(file *os.File, limit int64) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(file, limit+1))
	switch {
	case err != nil:
		return nil, FileReason(err)
	case int64(len(text)) > limit:
		return nil, &TooLargeError{limit}
	case isUTF16(text):
		return nil, ErrUTF16
	}
	return bytes.TrimPrefix(text, []byte(byteOrderMark)), nil
}

// TooLargeError reports a file with more than Limit bytes.
type TooLargeError struct{ Limit int64 }

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("it is larger than %d KiB", e.Limit>>10)
}

// SkipMark skips a byte order mark at the start of a text. It reads only as much
// as needed, so that a short first line need not wait for the next. The error is
// [ErrUTF16].
func SkipMark(text *bufio.Reader) error {
	if first, err := text.Peek(1); err != nil || first[0] < 0xef {
		return nil // the next read returns the error again
	}
	if start, _ := text.Peek(2); isUTF16(start) {
		return ErrUTF16
	}
	if start, _ := text.Peek(len(byteOrderMark)); string(start) == byteOrderMark {
		_, _ = text.Discard(len(byteOrderMark)) // it was read already
	}
	return nil
}

func isUTF16(text []byte) bool {
	return bytes.HasPrefix(text, []byte{0xff, 0xfe}) || bytes.HasPrefix(text, []byte{0xfe, 0xff})
}

// FileReason returns the cause of a file system's error, without operation and
// path, and in plainer words if the system's are unclear. The result wraps the
// system's error.
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
			return &fileReason{"it is a socket, not a file", cause}
		}
		return &fileReason{"nothing answers at this device", cause}
	case errors.Is(cause, syscall.EFBIG):
		return &fileReason{"the file would be larger than this process may write: raise the limit (ulimit -f), or use another file system", cause}
	}
	return cause
}

type fileReason struct {
	text  string
	cause error
}

func (r *fileReason) Error() string { return r.text }
func (r *fileReason) Unwrap() error { return r.cause }
