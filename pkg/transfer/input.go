package transfer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/usertext"
)

// Input is an input of an upload or a verification.
type Input struct {
	// Path is the name of a file, or only a name if Stream or Remote is set.
	Path string
	// root, if not nil, contains the file, as name.
	root *os.Root
	name string
	// Stream, if not nil, is read instead of the file.
	Stream io.Reader
	// Pack, if not nil, is packed into an archive instead. Path is only a name.
	Pack *Packing
	// ID is the id to store under. If it is empty, Algorithm derives it from the
	// bytes.
	ID        artifact.ID
	Algorithm Algorithm
	// RefuseEmpty makes an empty input fail with [ErrEmpty].
	RefuseEmpty bool
	// Duration, Revision and Tag, if set, override the metadata of [Uploader.Describe]. The
	// tag is sent unchecked.
	Duration *time.Duration
	Revision *Revision
	Tag      string
	// Remote is set if only the cache has the bytes. They are verified against
	// ID, which must be one of Digests of the bytes; without Digests, the id is
	// not a digest.
	Remote  bool
	Digests []Algorithm
}

// describe adds the metadata of this input to m.
func (in Input) describe(m artifact.Metadata) artifact.Metadata {
	if in.Duration != nil {
		m.Duration = in.Duration
	}
	if in.Revision != nil {
		m.SHA, m.DirtyHash = in.Revision.SHA, in.Revision.DirtyHash
	}
	m.Tag = cmp.Or(in.Tag, m.Tag)
	return m
}

// ErrDirectory reports an input that is a directory.
var ErrDirectory = errors.New("is a directory")

// ErrEmpty reports an empty input that must not be empty.
var ErrEmpty = errors.New("it is empty")

// InputError reports an input that cannot be read, packed or stored.
type InputError struct {
	Path    string
	Err     error
	packing bool
}

func (e *InputError) Error() string {
	if e.packing {
		return fmt.Sprintf("packing %s: %s", e.Path, e.Reason())
	}
	return fmt.Sprintf("reading %s: %s", e.Path, e.Reason())
}

// Reason returns the error without the path.
func (e *InputError) Reason() string {
	if e.packing { // the path itself may be what cannot be packed
		return strings.TrimPrefix(e.Err.Error(), e.Path+": ")
	}
	var inPath *fs.PathError
	if errors.As(e.Err, &inPath) && inPath.Path == e.Path {
		return usertext.FileReason(inPath).Error()
	}
	return e.Err.Error()
}

// Unwrap returns the cause.
func (e *InputError) Unwrap() error { return e.Err }

// open opens the input and determines its id. It calls begin before it reads the
// input, with a file, or nil for a stream. The error is ctx's or an
// [*InputError].
func (in Input) open(ctx context.Context, spoolDir string, tracker Tracker, begin func(*artifact.Source) error) (source *artifact.Source, id artifact.ID, err error) {
	defer func() {
		if err != nil && source != nil {
			_ = source.Close() // opened for reading
			source = nil
		}
		err = in.failure(ctx, err)
	}()
	if source, err = in.file(ctx); err != nil {
		return nil, "", err
	}
	if err = begin(source); err != nil {
		return source, "", err
	}
	if source == nil {
		source, id, err = in.spool(ctx, spoolDir, tracker)
	} else {
		id, err = in.identify(ctx, source, tracker)
	}
	if err == nil && in.RefuseEmpty && source.Size() == 0 {
		err = ErrEmpty
	}
	return source, id, err
}

// failure returns ctx's error if it has ended, and otherwise an [*InputError] of
// err.
func (in Input) failure(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	if in.Pack != nil {
		return &InputError{Path: in.Pack.Paths[0], Err: err, packing: true}
	}
	return &InputError{Path: in.Path, Err: err}
}

// file opens a regular file. It returns nil without an error for an input that
// must be read as a stream.
func (in Input) file(ctx context.Context) (*artifact.Source, error) {
	if in.Stream != nil || in.Pack != nil {
		return nil, nil
	}
	if in.root != nil {
		return artifact.OpenFileIn(ctx, in.root, in.name, in.Path)
	}
	source, err := artifact.OpenFile(ctx, in.Path)
	if !errors.Is(err, artifact.ErrNotRegular) {
		return source, err
	}
	info, err := os.Stat(in.Path)
	if err == nil && info.IsDir() {
		err = ErrDirectory
	}
	return nil, err
}

// stream returns a reader of an input that is not a regular file. Close it.
func (in Input) stream(ctx context.Context) io.ReadCloser {
	switch {
	case in.Pack != nil:
		return in.Pack.open(ctx)
	case in.Stream != nil:
		return io.NopCloser(in.Stream)
	}
	return io.NopCloser(&lateFile{path: in.Path})
}

// identify returns the id of a source.
func (in Input) identify(ctx context.Context, source *artifact.Source, tracker Tracker) (artifact.ID, error) {
	if in.ID != "" {
		return in.ID, nil
	}
	h, err := source.Hash(ctx, in.Algorithm.new, func(n int64) { tracker.Hashed(n, source.Size()) })
	if err != nil {
		return "", err
	}
	return digestOf(h), nil
}

// spool stores and hashes a stream.
func (in Input) spool(ctx context.Context, dir string, tracker Tracker) (*artifact.Source, artifact.ID, error) {
	stream := in.stream(ctx)
	defer stream.Close()
	options := artifact.SpoolOptions{Dir: dir, Progress: func(n int64) { tracker.Hashed(n, -1) }}
	if in.ID == "" {
		options.Hash = in.Algorithm.new()
	}
	source, err := artifact.Spool(ctx, stream, options)
	if err != nil {
		return nil, "", err
	}
	if in.ID != "" {
		return source, in.ID, nil
	}
	return source, digestOf(options.Hash), nil
}

// lateFile opens a file at the first read. Opening a FIFO blocks until it has a
// writer, and only reads can be abandoned when ctx ends.
type lateFile struct {
	path string
	file *os.File
}

func (l *lateFile) Read(p []byte) (int, error) {
	if l.file == nil {
		file, err := os.Open(l.path)
		if err != nil {
			return 0, err
		}
		l.file = file
	}
	n, err := l.file.Read(p)
	if err != nil {
		_ = l.file.Close()
	}
	return n, err
}
