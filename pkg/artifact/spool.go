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

// spoolMemory is how much of a stream is kept in memory before a file is used.
const spoolMemory = 1 << 20

// SpoolOptions say how [Spool] keeps a stream.
type SpoolOptions struct {
	// Dir is the directory of the file: by default /var/tmp if it exists, else
	// the system's directory for temporary files.
	Dir string
	// Hash, if not nil, is fed with the bytes on a goroutine of its own.
	Hash hash.Hash
	// Progress, if not nil, is called with the number of bytes kept so far.
	Progress func(int64)
}

// SpoolError says that a stream could not be kept, which is not the stream's
// fault: mostly the disk is full.
type SpoolError struct {
	Dir string
	Err error
}

func (e *SpoolError) Error() string {
	return fmt.Sprintf("writing the stream to a temporary file in %s: %v", e.Dir, usertext.FileReason(e.Err))
}

// Unwrap gives the cause.
func (e *SpoolError) Unwrap() error { return e.Err }

// Spool reads a stream to its end, since the API must be told the size of an
// artifact before its first byte. Up to 1 MiB stays in memory, more goes to a
// file without a name, which is gone with [Source.Close] or with the process,
// however that ends. When ctx ends, Spool returns at once, and r may be read
// from once more after that.
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
	if _, err := hashing.Copy(hashing.Reader(ctx, r), pour); err != nil {
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

// spooled is a stream as far as it was read: in memory, or all of it in file.
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
	file, err := createNameless(k.dir)
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
