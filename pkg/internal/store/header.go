package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"time"

	"github.com/artifact-cli/artifact/pkg/artifact"
)

// A file of the store is one line of JSON, the header, and then the body, byte
// for byte. So head -1 shows an artifact's metadata and tail -n +2 its bytes.
//
// The body's length stands in the header and must agree with the file's. There
// is no checksum: a file gets its name only when it is complete and on the
// disk, which is all that is promised; hashing would halve the speed of an
// upload, and a signature or a derived id finds damage end to end.

const (
	// format is the version of the layout, which every header begins with.
	format = 1
	// maxHeader bounds a header with its newline. The longest key, with
	// every byte escaped, and all metadata at the API's limits fit; one read
	// of a page gets it.
	maxHeader = 4096
)

// header is a file's first line. Its bytes are canonical: what decodes without
// error encodes to the same bytes again, but for spaces at the end, which an
// upload of unknown size leaves there.
type header struct {
	Format int         `json:"artifact"`
	Team   string      `json:"team,omitempty"`
	ID     artifact.ID `json:"id"`
	Size   int64       `json:"size"`
	metadata
}

// metadata is [artifact.Metadata] with the names of its members in a header.
type metadata struct {
	CI          string         `json:"ci,omitempty"`
	Interactive *bool          `json:"interactive,omitempty"`
	SHA         string         `json:"sha,omitempty"`
	DirtyHash   string         `json:"dirtyHash,omitempty"`
	Duration    *time.Duration `json:"durationNs,omitempty"`
	Tag         string         `json:"tag,omitempty"`
}

func newHeader(key Key, size int64, m artifact.Metadata) header {
	return header{format, key.Team, key.ID, size, metadata(m)}
}

func (h header) key() Key { return Key{Team: h.Team, ID: h.ID} }

// check holds h to the rules that [Store] states. Its errors wrap [ErrInvalid].
func (h header) check() error {
	if err := h.key().Check(); err != nil {
		return err
	}
	if h.Size < 0 {
		return fmt.Errorf("%w: its size is %d bytes", ErrInvalid, h.Size)
	}
	if h.Duration != nil && *h.Duration < 0 {
		return fmt.Errorf("%w: its duration is %v", ErrInvalid, *h.Duration)
	}
	for _, text := range []string{h.CI, h.SHA, h.DirtyHash, h.Tag} {
		for i := range len(text) {
			if text[i] < ' ' || text[i] > '~' {
				return fmt.Errorf("%w: its metadata is not printable ASCII: %.100q", ErrInvalid, text)
			}
		}
	}
	return nil
}

// placeholder returns the line that a file begins with until its body is
// complete: h's own, or for [UnknownSize] one that is long enough for any size.
func (h header) placeholder() ([]byte, error) {
	if h.Size == UnknownSize {
		h.Size = math.MaxInt64
	}
	return h.encode()
}

// seal encodes h and adds spaces, up to the length of its placeholder.
func (h header) seal(length int) ([]byte, error) {
	line, err := h.encode()
	if err != nil {
		return nil, err
	}
	end := len(line) - 1
	return append(append(line[:end], bytes.Repeat([]byte(" "), length-len(line))...), '\n'), nil
}

// encode returns the header's line. Its errors wrap [ErrInvalid].
func (h header) encode() ([]byte, error) {
	if err := h.check(); err != nil {
		return nil, err
	}
	var line bytes.Buffer
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(h); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if line.Len() > maxHeader {
		return nil, fmt.Errorf("%w: its metadata takes %d bytes; at most %d are allowed", ErrInvalid, line.Len(), maxHeader)
	}
	return line.Bytes(), nil
}

// decodeHeader decodes the line at the start of a file, and returns its length
// too. It trusts no byte: all but what encode makes is refused with
// [ErrCorrupt].
func decodeHeader(start []byte) (header, int, error) {
	end := bytes.IndexByte(start[:min(len(start), maxHeader)], '\n')
	if end < 0 {
		return header{}, 0, fmt.Errorf("%w: its first line does not end", ErrCorrupt)
	}
	line := start[:end+1]
	var h header
	if err := json.Unmarshal(line, &h); err != nil {
		return header{}, 0, fmt.Errorf("%w: its first line is not a header: %w", ErrCorrupt, err)
	}
	if h.Format != format {
		return header{}, 0, fmt.Errorf("%w: its format is %d; only %d is supported", ErrCorrupt, h.Format, format)
	}
	// JSON is lax: names in any case, twice, or unknown. What encode would not
	// write was not written here.
	again, err := h.encode()
	if err != nil {
		// Not wrapped: the caller's own key is not at fault.
		return header{}, 0, fmt.Errorf("%w: %v", ErrCorrupt, err)
	}
	if !bytes.Equal(bytes.TrimRight(again, "\n"), bytes.TrimRight(line, " \n")) {
		return header{}, 0, fmt.Errorf("%w: its first line is not in canonical form", ErrCorrupt)
	}
	return h, len(line), nil
}

// readHeader checks that file holds exactly the artifact of key, and leaves it at
// the first byte of the body.
func readHeader(file *os.File, key Key) (Entry, error) {
	info, err := file.Stat()
	if err != nil {
		return Entry{}, err
	}
	if !info.Mode().IsRegular() {
		return Entry{}, fmt.Errorf("%w: it is not a regular file", ErrCorrupt)
	}
	var start [maxHeader]byte
	n, err := file.ReadAt(start[:], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return Entry{}, err
	}
	h, length, err := decodeHeader(start[:n])
	if err != nil {
		return Entry{}, err
	}
	if h.key() != key {
		return Entry{}, fmt.Errorf("%w: its header names another one, %.100q", ErrCorrupt, string(h.ID))
	}
	// Subtracting cannot overflow, as adding a hostile size would.
	if body := info.Size() - int64(length); body != h.Size {
		return Entry{}, fmt.Errorf("%w: its body has %d bytes instead of %d", ErrCorrupt, body, h.Size)
	}
	if _, err := file.Seek(int64(length), io.SeekStart); err != nil {
		return Entry{}, err
	}
	return Entry{h.Size, artifact.Metadata(h.metadata)}, nil
}
