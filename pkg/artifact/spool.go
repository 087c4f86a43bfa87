package artifact

import (
	"context"
	"fmt"
	"hash"
	"io"
	"os"

	"github.com/artifact-cli/artifact/pkg/internal/fault"
	"github.com/artifact-cli/artifact/pkg/internal/hashing"
	"github.com/artifact-cli/artifact/pkg/internal/usertext"
)

// spoolMemory is how many bytes of a stream are kept in memory before a file is
// used.
const spoolMemory = 1 << 20

// SpoolOptions configure [Spool].
type SpoolOptions struct {
	// Dir is the directory of the file: by default /var/tmp if it exists, else
	// the system's directory for temporary files.
	Dir string
	// Hash, if not nil, receives the bytes, in a goroutine of its own.
	Hash hash.Hash
	// Progress, if not nil, is called with the number of bytes read so far.
	Progress func(int64)
}

// SpoolError reports that a stream could not be stored, most often because the
// disk is full.
type SpoolError struct {
	Dir string
	Err error
}

func (e *SpoolError) Error() string {
	return fmt.Sprintf("writing the stream to a temporary file in %s: %v", e.Dir, usertext.FileReason(e.Err))
}

// Unwrap returns the cause.
func (e *SpoolError) Unwrap() error { return e.Err }

// Spool reads a stream to its end, since the API needs an artifact's size in
// advance. It keeps up to 1 MiB in memory, and a longer stream in an unnamed
// temporary file, which disappears with [Source.Close] or with the process. When
// ctx ends, Spool returns at once; r may still be read once after that.
func Spool(ctx context.Context, r io.Reader, options SpoolOptions) (*Source, error) {
	return fault.Abandon(ctx, func() (*Source, error) { return spool(ctx, r, options) }, func(late *Source) {
		if late != nil {
			_ = late.Close()
		}
	})
}

func spool(ctx context.Context, r io.Reader, options SpoolOptions) (*Source, error) {
	if file, ok := r.(*os.File); ok {
		widenPipe(file)
	}
	kept := spooled{dir: options.Dir}
	pour := hashing.Options{To: &kept, Size: -1, Progress: options.Progress}
	if options.Hash != nil {
		pour.Hashes = []hash.Hash{options.Hash}
	}
	if _, err := hashing.Copy(ctx, r, pour); err != nil {
		if kept.file != nil {
			_ = kept.file.Close()
		}
		return nil, err
	}
	if kept.file == nil {
		return FromBytes(kept.memory), nil
	}
	return &Source{bytes: kept.file, size: kept.size, close: kept.file.Close}, nil
}

// spooled is the part of a stream that was read: in memory, or all of it in file.
type spooled struct {
	dir    string
	memory []byte
	file   *os.File
	size   int64
}

func (k *spooled) Write(b []byte) (int, error) {
	if err := k.keep(b); err != nil {
		return 0, &SpoolError{Dir: k.dir, Err: err}
	}
	return len(b), nil
}

func (k *spooled) keep(b []byte) error {
	k.size += int64(len(b))
	if k.file == nil && k.size <= spoolMemory {
		k.memory = append(k.memory, b...)
		return nil
	}
	if k.file == nil {
		if err := k.moveToFile(); err != nil {
			return err
		}
	}
	_, err := k.file.Write(b)
	return err
}

func (k *spooled) moveToFile() error {
	k.dir = spoolDir(k.dir)
	file, err := createUnnamed(k.dir)
	if err != nil {
		return err
	}
	k.file = file
	_, err = file.Write(k.memory)
	k.memory = nil
	return err
}

func spoolDir(dir string) string {
	if dir != "" {
		return dir
	}
	if info, err := os.Stat("/var/tmp"); err == nil && info.IsDir() {
		return "/var/tmp"
	}
	return os.TempDir()
}
