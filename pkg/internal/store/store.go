// Package store keeps the artifacts of the embedded Remote Cache: for a team
// and an id a body and its metadata, which are written together, replaced
// together and read together.
//
// It refuses whatever could break that: a body of another length than was
// announced, a key that names no place of its own, a file that is not as it was
// written. It knows no HTTP. Start at [Store], the contract, which package
// storetest checks, and at [Open], which keeps artifacts in a plain directory.
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
	// ErrCorrupt: what is stored under the key is not what was put there.
	// Another Put replaces it.
	ErrCorrupt = errors.New("the stored artifact is damaged")
	// ErrInvalid: the key, the size or the metadata cannot be stored.
	ErrInvalid = errors.New("it cannot be stored")
	// ErrTooLarge: the artifact can never fit, whatever is removed.
	ErrTooLarge = errors.New("the artifact is larger than the whole cache can be")
	// ErrFull: there is no room now. There may be some later.
	ErrFull = errors.New("the cache is full")
	// ErrReadOnly: this store takes no artifacts.
	ErrReadOnly = errors.New("the cache is read-only")
	// ErrSize: the body is shorter or longer than announced.
	ErrSize = errors.New("the body is not as long as announced")
)

// MaxTeamLength is the most bytes that [Key.Team] may have.
const MaxTeamLength = 255

// Key says where an artifact is kept.
type Key struct {
	// Team is the namespace, any text that [Key.Check] accepts. The empty
	// one is the personal account, a namespace of its own.
	Team string
	// ID is the artifact's id.
	ID artifact.ID
}

// Check checks that k has an id as [artifact.ParseID] takes it, and a team of at
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
	// Size is the length of the body in bytes.
	Size int64
	// Metadata is what was given to Put. A nil pointer stays nil.
	Metadata artifact.Metadata
}

// Blob is an artifact that is open for reading.
type Blob struct {
	Entry
	// Body gives Size bytes and then io.EOF. It must be closed. A blob of
	// a [Dir] reads an open file and offers its SyscallConn, so that copying
	// an io.LimitedReader over it to a TCP connection moves no byte through
	// the process.
	Body io.ReadCloser
}

// Store keeps artifacts. Its methods may be called at the same time from any
// number of goroutines. Every method checks its key and answers an invalid one
// with [ErrInvalid].
type Store interface {
	// Put stores size bytes of body with metadata under key, in place of
	// both the body and the metadata that were there. Until it succeeds, what
	// was there stays; whoever has it open can read it to its end in any case. After an error the store holds nothing of the new artifact.
	// With [UnknownSize] all of body is stored.
	//
	// Put makes room before it reads the first byte of body. A bounded store
	// may remove any artifact for that which is not being read, also the one to
	// be replaced. [ErrTooLarge] and [ErrFull] leave body untouched, unless the
	// storage turns out to be full later or the size is unknown: then Put makes
	// room as the bytes come. [ErrInvalid] and [ErrReadOnly] come before that.
	// Metadata must be printable ASCII, and Duration at least 0. body must end
	// after size bytes, otherwise [ErrSize]; its own errors are wrapped. Put
	// returns soon after ctx ends, provided that a Read of body does.
	Put(ctx context.Context, key Key, size int64, metadata artifact.Metadata, body io.Reader) error

	// Get opens the artifact under key and counts as a use of it. It returns
	// [ErrNotFound] if there is none and [ErrCorrupt] if it is damaged.
	Get(ctx context.Context, key Key) (*Blob, error)

	// Stat is Get without the bytes, and counts as no use.
	Stat(ctx context.Context, key Key) (Entry, error)
}
