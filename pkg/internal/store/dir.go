package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

const (
	// tagName and tagText mark a directory as ours. Backup and search tools skip
	// a directory with this first line (bford.info/cachedir).
	tagName = "CACHEDIR.TAG"
	tagText = "Signature: 8a477f597d28d172789f06886806bc55\n" +
		"# Artifacts of a Remote Cache, format 1: a directory for each team, a file for\n" +
		"# each artifact, which is one line of JSON and then the bytes.\n"

	// dirMode and fileMode hide artifacts from other users: they may contain the
	// source.
	dirMode  = 0o700
	fileMode = 0o600

	// copySize is the maximum size of Put's buffer, larger than io.Copy's for
	// fewer reads.
	copySize = 128 << 10
)

// ErrForeign is returned by [Open] for a directory with other files, since a
// store removes files.
var ErrForeign = errors.New("the directory is not empty and holds no artifact cache")

// Options configure a [Dir]. With zero Options it keeps everything.
type Options struct {
	// MaxSize is the maximum size of all files in bytes, including headers (up to
	// 4 KiB) and files being written. The least recently used artifacts are
	// removed to stay below it. 0 means no limit. If several stores share a
	// directory, each notices the others' files within a minute, or within 20 times the
	// time it takes to read the directory if that is longer.
	MaxSize int64
	// MaxAge is how long an artifact exists after it was stored; using it does not
	// prolong that. 0 means no limit.
	MaxAge time.Duration
	// WriteOnce makes a Put under an existing key succeed only with the same
	// bytes, which changes nothing, and fail with [ErrExists] otherwise. Only
	// damaged artifacts, and those older than MaxAge, are replaced.
	WriteOnce bool
	// ReadOnly makes Put fail with [ErrReadOnly]. The directory must exist, and
	// nothing in it is changed, not even the time of use of an artifact.
	ReadOnly bool
	// Removed, if not nil, is called after each [Removal], concurrently, and
	// without a lock of the store.
	Removed func(Removal)
}

// Dir is a [Store] in a plain directory.
//
// An artifact is one file, which gets its name once it is complete and on the
// disk. A killed process leaves only complete artifacts, and temporary files that
// the next Open removes. A file's modification time is when it was last put or
// got.
//
// Several stores, in one process or in many, may share a directory.
type Dir struct {
	root      *os.Root
	flusher   flusher
	session   *session // nil if read-only
	ledger    *ledger
	last      atomic.Int64 // the latest result of now, in nanoseconds since 1970
	maxAge    age
	writeOnce bool
	readOnly  bool
}

var (
	_ Store   = (*Dir)(nil)
	_ Metered = (*Dir)(nil)
)

// Open opens the store in the directory path, which it creates if necessary, and
// removes temporary files of killed processes. For a directory with other files,
// it returns [ErrForeign]. The caller must Close the store.
func Open(path string, options Options) (*Dir, error) {
	if options.MaxSize < 0 || options.MaxAge < 0 {
		return nil, fmt.Errorf("opening the cache %q: it is limited to %d bytes and an age of %v", path, options.MaxSize, options.MaxAge)
	}
	if !options.ReadOnly {
		if err := os.MkdirAll(path, dirMode); err != nil {
			return nil, fmt.Errorf("opening the cache: %w", err)
		}
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, fmt.Errorf("opening the cache: %w", err)
	}
	d := &Dir{
		root: root, flusher: flusher{flushNow: func(name string) error { return syncDirectory(root, name) }},
		maxAge: age(options.MaxAge), writeOnce: options.WriteOnce, readOnly: options.ReadOnly,
	}
	if err := d.open(options); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the cache %q: %w", path, err), d.Close())
	}
	return d, nil
}

func (d *Dir) open(options Options) error {
	marked, err := d.isMarked()
	if err != nil {
		return err
	}
	if d.readOnly {
		d.ledger = newLedger(d.root, 0, nil)
		return nil
	}
	if d.session, err = newSession(d.root); err != nil {
		return err
	}
	if !marked {
		if err := d.mark(); err != nil {
			return err
		}
	}
	if err := removeStale(d.root); err != nil {
		return fmt.Errorf("removing what killed processes left: %w", err)
	}
	if options.WriteOnce {
		if err := d.session.checkLinks(); err != nil {
			return err
		}
	}
	d.ledger = newLedger(d.root, options.MaxSize, options.Removed)
	if options.MaxAge > 0 {
		d.ledger.goroutines.Go(func() { d.sweepUntil(d.ledger.background) })
	}
	return nil
}

// isMarked reports whether the directory is marked as a store's. It is an error
// if it is not, and has files.
func (d *Dir) isMarked() (bool, error) {
	tag, err := d.readTag()
	if err != nil || tag == tagText {
		return tag == tagText, err
	}
	entries, err := fs.ReadDir(d.root.FS(), ".")
	if err != nil {
		return false, err
	}
	for _, entry := range entries {
		// A new volume may have hidden files and lost+found; no artifact or team
		// has such a name.
		name := entry.Name()
		if strings.HasPrefix(name, ".") || name == "lost+found" {
			continue
		}
		// Another store may have marked the directory in the meantime, and filled it.
		if tag, err := d.readTag(); err != nil || tag == tagText {
			return tag == tagText, err
		}
		return false, fmt.Errorf("%w: there is %q", ErrForeign, name)
	}
	return false, nil
}

// readTag returns the text of the tag, or nothing if there is no such file.
func (d *Dir) readTag() (string, error) {
	tag, err := d.openFile(tagName)
	if err != nil {
		if errors.Is(err, ErrNotFound) {
			err = nil
		}
		return "", err
	}
	defer tag.Close() //nolint:errcheck // nothing was written to it
	if info, err := tag.Stat(); err != nil || !info.Mode().IsRegular() {
		return "", err
	}
	text, err := io.ReadAll(io.LimitReader(tag, int64(len(tagText))+1))
	return string(text), err
}

func (d *Dir) mark() error {
	temp, err := d.session.write(func(t *temp) error {
		_, err := t.WriteString(tagText)
		return err
	})
	if err != nil {
		return err
	}
	if err := d.root.Rename(temp.path, tagName); err != nil {
		return errors.Join(err, temp.remove())
	}
	return syncDirectory(d.root, ".")
}

// Close releases the directory. Call it once, after all other methods have
// returned. Open blobs stay readable.
func (d *Dir) Close() error {
	var err error
	if d.ledger != nil {
		d.ledger.close()
	}
	if d.session != nil {
		err = d.session.close()
	}
	return errors.Join(err, d.root.Close())
}

// Usage implements [Metered].
func (d *Dir) Usage() Usage { return d.ledger.usage() }

// now returns a time later than all earlier results, since file times record the
// order of use and clocks may be coarse.
func (d *Dir) now() time.Time {
	for {
		last := d.last.Load()
		next := max(time.Now().UnixNano(), last+1)
		if d.last.CompareAndSwap(last, next) {
			return time.Unix(0, next)
		}
	}
}
