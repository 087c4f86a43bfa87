package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/artifact-cli/artifact/pkg/archive"
	"github.com/artifact-cli/artifact/pkg/internal/fault"
)

// Packing makes an archive of files and directories the bytes of an input.
type Packing struct {
	archive.Packer
	// Paths are as for [archive.Packer.Pack]; the first one stands for all in
	// errors.
	Paths []string
}

// open returns the archive, which is packed while it is read. It must be closed.
func (p *Packing) open(ctx context.Context) io.ReadCloser {
	r, w := io.Pipe()
	go func() {
		w.CloseWithError(fault.Catch(func() error { return p.Pack(ctx, w, p.Paths...) }))
	}()
	return r
}

// ArchiveError reports an archive that could not be unpacked here. An archive that turbo
// would refuse too is a [*Mismatch].
type ArchiveError struct {
	Name string // its id
	Err  error
}

func (e *ArchiveError) Error() string { return fmt.Sprintf("unpacking %s: %v", e.Name, e.Err) }

// Unwrap gives the reason.
func (e *ArchiveError) Unwrap() error { return e.Err }

// UnpackTarget returns a target that unpacks an archive, and moves the files into place
// once the artifact is checked.
func UnpackTarget(u archive.Unpacker) *Target {
	return &Target{path: u.Dir, archive: &unpacking{consume: func(ctx context.Context, r io.Reader) (staged, error) {
		s, err := u.Stage(ctx, r)
		if s == nil {
			return nil, err // not an interface that holds nil
		}
		return s, err
	}}}
}

// ListTarget returns a target that calls visit with each entry of an archive, before the
// artifact is checked. Absolute links must lead into the directory root. A retry continues
// after the last entry that was visited.
func ListTarget(root string, limits archive.Limits, visit func(archive.Entry) error) *Target {
	visited := 0
	return &Target{path: root, archive: &unpacking{consume: func(ctx context.Context, r io.Reader) (staged, error) {
		n := 0
		return nil, archive.Check(ctx, r, root, limits, func(entry archive.Entry) error {
			if n++; n <= visited {
				return nil
			}
			visited = n
			return visit(entry)
		})
	}}}
}

// staged is an unpacked archive that is not in place yet.
type staged interface {
	Commit(context.Context) error
	Discard()
}

// unpacking passes the bytes written to it to a function that reads an archive, in a
// goroutine.
type unpacking struct {
	consume func(context.Context, io.Reader) (staged, error)

	to     *io.PipeWriter
	done   chan struct{} // closed when consume has returned
	staged staged
	err    error
}

// begin is ready for the first byte, also once more. name stands for the artifact in
// errors.
func (u *unpacking) begin(ctx context.Context, name string) io.Writer {
	u.discard()
	from, to := io.Pipe()
	u.to, u.done = to, make(chan struct{})
	go func() {
		defer close(u.done)
		u.err = inArchive(name, fault.Catch(func() (err error) {
			u.staged, err = u.consume(ctx, from)
			return err
		}))
		_ = from.CloseWithError(u.err) // so that nothing waits to be read
	}()
	return to
}

// end waits until the archive has been read. err, if not nil, is why the artifact is
// incomplete.
func (u *unpacking) end(err error) error {
	if err == nil {
		_ = u.to.Close()
	} else {
		_ = u.to.CloseWithError(err)
	}
	<-u.done
	if err == nil {
		err = u.err
	}
	return err
}

func (u *unpacking) commit(ctx context.Context, name string) error {
	if u.staged == nil {
		return nil
	}
	return inArchive(name, u.staged.Commit(ctx))
}

func inArchive(name string, err error) error {
	if err == nil {
		return nil
	}
	return &ArchiveError{name, err}
}

func (u *unpacking) discard() {
	if u.done == nil {
		return
	}
	_ = u.end(errors.New("the download ended"))
	if u.staged != nil {
		u.staged.Discard()
		u.staged = nil
	}
}

// checkLimits stop a hostile archive. turbo has no limits.
var checkLimits = archive.Limits{Entries: 10_000_000, Size: 1 << 40}

// isUnsafe reports whether err says that turbo would not restore an archive.
func isUnsafe(err error) bool {
	return errors.Is(err, archive.ErrNotArchive) || errors.Is(err, archive.ErrUnsafe) || errors.Is(err, archive.ErrTooLarge)
}

// checkArchive is an [unpacking] that only checks.
func checkArchive(root string) *unpacking {
	return &unpacking{consume: func(ctx context.Context, r io.Reader) (staged, error) {
		return nil, archive.Check(ctx, r, root, checkLimits, nil)
	}}
}
