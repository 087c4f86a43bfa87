package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"time"

	"github.com/artifact-cli/artifact/pkg/artifact"
)

// A file of the store is one line of JSON, the header, followed by the body. So
// head -1 shows an artifact's metadata and tail -n +2 its bytes.
//
// The header has the body's length, which must match the file's. There is no
// checksum: hashing would halve the speed of an upload, and a signature or a
// derived id detects damage end to end.

const (
	// format is the version of the format, which begins every header.
	format = 1
	// maxHeader is the maximum size of a header with its newline: one page, in
	// which the longest key and metadata fit.
	maxHeader = 4096
)

// header is a file's first line. It is canonical: decoding and encoding it
// returns the same bytes, except for trailing spaces, which an upload of unknown
// size leaves.
type header struct {
	Format int         `json:"artifact"`
	Team   string      `json:"team,omitempty"`
	ID     artifact.ID `json:"id"`
	Size   int64       `json:"size"`
	Stored time.Time   `json:"stored,omitzero"` // absent in files of older versions
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
	return header{Format: format, Team: key.Team, ID: key.ID, Size: size, metadata: metadata(m)}
}

func (h header) key() Key { return Key{Team: h.Team, ID: h.ID} }

// check checks h against the rules of [Store]. Its errors wrap [ErrInvalid].
func (h header) check() error {
	err := h.key().Check()
	switch {
	case err != nil:
		return err
	case h.Size < 0:
		return fmt.Errorf("%w: its size is %d bytes", ErrInvalid, h.Size)
	case h.Duration != nil && *h.Duration < 0:
		return fmt.Errorf("%w: its duration is %v", ErrInvalid, *h.Duration)
	}
	for _, text := range []string{h.CI, h.SHA, h.DirtyHash, h.Tag} {
		if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
			return fmt.Errorf("%w: its metadata is not printable ASCII: %.100q", ErrInvalid, text)
		}
	}
	return nil
}

// placeholder returns the first line until the body is complete: h itself, or for
// [UnknownSize] a line that is long enough for any size.
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

// decodeHeader decodes the line at the start of a file, and returns its length.
// It accepts only what encode returns; other errors wrap [ErrCorrupt].
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
	// JSON is lax: names may have any case, repeat, or be unknown. Only encode's
	// output is valid.
	again, err := h.encode()
	if err != nil {
		// Not wrapped: it is not the caller's key that is invalid.
		return header{}, 0, fmt.Errorf("%w: %v", ErrCorrupt, err)
	}
	if !bytes.Equal(bytes.TrimRight(again, "\n"), bytes.TrimRight(line, " \n")) {
		return header{}, 0, fmt.Errorf("%w: its first line is not in canonical form", ErrCorrupt)
	}
	return h, len(line), nil
}

// readHeader checks that file is a complete artifact, and leaves it at the first
// byte of the body. The header has the time at which it was stored, for a file of
// an older version its modification time.
func readHeader(file *os.File) (header, error) {
	info, err := file.Stat()
	if err != nil {
		return header{}, err
	}
	if !info.Mode().IsRegular() {
		return header{}, fmt.Errorf("%w: it is not a regular file", ErrCorrupt)
	}
	var start [maxHeader]byte
	n, err := file.ReadAt(start[:], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return header{}, err
	}
	h, length, err := decodeHeader(start[:n])
	if err != nil {
		return header{}, err
	}
	// Unlike an addition, this cannot overflow.
	if body := info.Size() - int64(length); body != h.Size {
		return header{}, fmt.Errorf("%w: its body has %d bytes instead of %d", ErrCorrupt, body, h.Size)
	}
	if h.Stored.IsZero() {
		h.Stored = info.ModTime()
	}
	_, err = file.Seek(int64(length), io.SeekStart)
	return h, err
}
