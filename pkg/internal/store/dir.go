package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

const (
	// tagName and tagText mark a directory as ours. The first line makes
	// tools that back up or search leave it alone (bford.info/cachedir).
	tagName = "CACHEDIR.TAG"
	tagText = "Signature: 8a477f597d28d172789f06886806bc55\n" +
		"# Artifacts of a Remote Cache, format 1: a directory for each team, a file for\n" +
		"# each artifact, which is one line of JSON and then the bytes.\n"

	// dirMode and fileMode keep artifacts from other users: they are build
	// output, and may hold what the source holds.
	dirMode  = 0o700
	fileMode = 0o600

	// copySize is the largest buffer of a Put, larger than io.Copy's for fewer
	// reads.
	copySize = 128 << 10
)

// ErrForeign is the error of [Open] for a directory that holds something else: a
// store removes files, and they must be its own.
var ErrForeign = errors.New("the directory is not empty and holds no artifact cache")

// Options configure a [Dir]. The zero Options keep everything that is put.
type Options struct {
	// MaxSize is how many bytes all files together may have; the least
	// recently used artifacts are removed to stay below. 0 sets no limit
	// but the disk. Files count with their headers (4 KiB at most), also
	// those that are being written. If several stores share a directory, each
	// counts what the others wrote within a minute.
	MaxSize int64
	// ReadOnly makes Put fail with [ErrReadOnly]. Nothing in the directory,
	// which must exist, is changed: nor is a use of an artifact recorded.
	ReadOnly bool
}

// Dir is a [Store] over a plain directory.
//
// An artifact is one file, which appears under its name when it is complete
// and on the disk. A process that is killed at any moment leaves whole
// artifacts only, and temporary files that the next Open removes. The time at
// which a file was modified is when it was last put or got.
//
// Several stores, in one process or in many, may share a directory.
type Dir struct {
	root     *os.Root
	session  *session // nil if read-only
	ledger   *ledger  // nil without a limit
	last     atomic.Int64
	readOnly bool
}

var _ Store = (*Dir)(nil)

// Open opens the store in the directory path, makes the directory if necessary,
// and removes what killed processes left there. It refuses a directory that holds
// something else with [ErrForeign]. The caller must Close the store.
func Open(path string, options Options) (*Dir, error) {
	if options.MaxSize < 0 {
		return nil, fmt.Errorf("opening the cache %q: its size is limited to %d bytes", path, options.MaxSize)
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
	d := &Dir{root: root, readOnly: options.ReadOnly}
	if err := d.open(options); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the cache %q: %w", path, err), d.Close())
	}
	return d, nil
}

func (d *Dir) open(options Options) error {
	marked, err := d.isMarked()
	if err != nil || d.readOnly {
		return err
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
	if options.MaxSize > 0 {
		d.ledger, err = newLedger(d.root, options.MaxSize)
	}
	return err
}

// isMarked reports whether the directory is marked as a store's. An unmarked one
// that holds anything is an error.
func (d *Dir) isMarked() (bool, error) {
	tag, err := d.root.ReadFile(tagName)
	if err == nil && string(tag) == tagText {
		return true, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	entries, err := fs.ReadDir(d.root.FS(), ".")
	if err != nil {
		return false, err
	}
	for _, entry := range entries {
		// Hidden files and lost+found come with a fresh volume; no name of
		// an artifact or a team looks like theirs.
		if name := entry.Name(); !strings.HasPrefix(name, ".") && name != "lost+found" {
			return false, fmt.Errorf("%w: there is %q", ErrForeign, name)
		}
	}
	return false, nil
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

// Close releases the directory. It is called once, when all calls of other
// methods have ended; blobs that are still open stay readable.
func (d *Dir) Close() error {
	var err error
	if d.session != nil {
		err = d.session.close()
	}
	return errors.Join(err, d.root.Close())
}

// now returns the time, and later than every earlier answer: clocks tick slower
// than artifacts come, and file times have to show the order of use.
func (d *Dir) now() time.Time {
	for {
		last := d.last.Load()
		next := max(time.Now().UnixNano(), last+1)
		if d.last.CompareAndSwap(last, next) {
			return time.Unix(0, next)
		}
	}
}
