// Package store stores the artifacts of the embedded Remote Cache: for each team
// and id, a body with its metadata, which are written, replaced and read
// together.
//
// It rejects bodies of the wrong length, invalid keys and damaged files. Start at
// [Store], the interface, which package storetest checks, at [Open], which stores
// artifacts in a directory, and at [OpenBucket], which stores them in the object
// storage of S3.
package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/artifact-cli/artifact/pkg/artifact"
)

// The errors that a [Store] returns, always wrapped.
var (
	// ErrNotFound: nothing is stored under the key.
	ErrNotFound = errors.New("no such artifact")
	// ErrCorrupt: the stored artifact is damaged. Another Put replaces it.
	ErrCorrupt = errors.New("the stored artifact is damaged")
	// ErrInvalid: the key, the size or the metadata cannot be stored.
	ErrInvalid = errors.New("it cannot be stored")
	// ErrTooLarge: the artifact can never fit.
	ErrTooLarge = errors.New("the artifact is larger than this cache can store")
	// ErrFull: there is no room now.
	ErrFull = errors.New("the cache is full")
	// ErrExists: the store is write-once, and another artifact has the key.
	ErrExists = errors.New("another artifact is stored under this id")
	// ErrNoSize: the store needs the size of a body this large.
	ErrNoSize = errors.New("the size of so large an artifact must be announced")
	// ErrUnavailable: the storage behind the store does not answer, or fails.
	ErrUnavailable = errors.New("the storage is not available")
	// ErrReadOnly: this store does not accept artifacts.
	ErrReadOnly = errors.New("the cache is read-only")
	// ErrSize: the body is shorter or longer than announced.
	ErrSize = errors.New("the body is not as long as announced")
)

// MaxTeamLength is the maximum length of [Key.Team] in bytes.
const MaxTeamLength = 255

// Key is the key of an artifact.
type Key struct {
	Team string // a namespace; the empty one is the personal account
	ID   artifact.ID
}

// Check checks that k has a valid id, as in [artifact.ParseID], and a team of at
// most [MaxTeamLength] bytes of valid UTF-8 without control characters. Its
// errors wrap [ErrInvalid].
func (k Key) Check() error {
	if _, err := artifact.ParseID(string(k.ID)); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	switch {
	case len(k.Team) > MaxTeamLength:
		return fmt.Errorf("%w: the team has %d bytes; at most %d are allowed", ErrInvalid, len(k.Team), MaxTeamLength)
	case !utf8.ValidString(k.Team):
		return fmt.Errorf("%w: the team %q is not valid UTF-8", ErrInvalid, k.Team)
	case strings.ContainsFunc(k.Team, unicode.IsControl):
		return fmt.Errorf("%w: the team %q contains a control character", ErrInvalid, k.Team)
	}
	return nil
}

// UnknownSize is the size of a body that ends when its Reader does.
const UnknownSize int64 = -1 // as in package http

// Entry is an artifact without its bytes.
type Entry struct {
	Size     int64             // of the body, in bytes
	Metadata artifact.Metadata // as given to Put
}

// Blob is an open artifact.
type Blob struct {
	Entry
	// Body reads Size bytes. It must be closed. The Body of a
	// [Dir] offers SyscallConn, so that the system can send it by itself.
	Body io.ReadCloser
}

// Store stores artifacts. It is safe for concurrent use. Every method returns
// [ErrInvalid] for an invalid key.
type Store interface {
	// Put stores size bytes of body with metadata under key, or all of body with
	// [UnknownSize]. It replaces an earlier artifact only when it succeeds; open
	// Blobs of that one can still be read to the end.
	//
	// Put reserves space before it reads body, or as the bytes arrive if the size
	// is unknown. A store with a limit may remove any artifact that is not being
	// read, even the one to be replaced. On [ErrInvalid], [ErrReadOnly], and
	// usually [ErrTooLarge] and [ErrFull], body has not been read. Metadata must
	// be printable ASCII, and Duration at least 0. If body does not end after
	// size bytes, Put returns [ErrSize]; it wraps errors of body. Put returns
	// soon after ctx ends if a Read of body does.
	Put(ctx context.Context, key Key, size int64, metadata artifact.Metadata, body io.Reader) error

	// Get opens the artifact under key, and counts as a use. It returns
	// [ErrNotFound] if there is none, and [ErrCorrupt] if it is damaged.
	Get(ctx context.Context, key Key) (*Blob, error)

	// Stat is like Get without the bytes, and does not count as a use.
	Stat(ctx context.Context, key Key) (Entry, error)
}

// Distant is a [Store] that is reached over a network, so that many calls at a time
// take little longer than one.
type Distant interface {
	Distant()
}
