package archive

import (
	"archive/tar"
	"bufio"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"path"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/artifact-cli/artifact/pkg/internal/fault"
)

const (
	// maxWindow is the largest window that turbo decodes, in bytes.
	maxWindow = 128 << 20
	// maxHeaders is the maximum size, in bytes, of the headers of one entry. archive/tar
	// reads a long name, a long target and PAX records of up to 1 MiB each, but
	// any number of them.
	maxHeaders = 4 << 20
)

// Limits bound what an archive may unpack to. 0 sets no limit.
type Limits struct {
	// Entries is the maximum number of entries. Directories that only the names of others
	// mention count too.
	Entries int
	// Size is the maximum size of all files together, in bytes.
	Size int64
}

// Reader reads the entries of an archive. It refuses entries that turbo refuses for
// their name or kind, and those that this system cannot store. A goroutine
// decompresses in advance.
type Reader struct {
	from    *source
	decoder *zstd.Decoder
	stream  *ahead // of the tar
	headers headerGuard
	archive *tar.Reader
	limits  Limits
	root    string
	entries int
	size    int64
}

// NewReader reads an archive from r. root is the directory that absolute links
// must lead into; only its name is used. [Reader.Close] must follow. The error is
// [ErrNotArchive] for bytes that do not begin with a Zstandard frame, or r's.
func NewReader(r io.Reader, root string, limits Limits) (*Reader, error) {
	from := &source{Reader: bufio.NewReaderSize(r, pieceSize)}
	magic, err := from.Peek(4)
	if err != nil && err != io.EOF {
		return nil, err
	}
	if !isFrame(magic) {
		return nil, fmt.Errorf("%w: %s", ErrNotArchive, guess(magic))
	}
	// One decoder at a time works in the goroutine that reads from it, where a panic
	// is caught.
	decoder, err := zstd.NewReader(from, zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderMaxMemory(math.MaxInt64),
		zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true))
	if err != nil {
		return nil, err
	}
	reader := &Reader{from: from, decoder: decoder, stream: readAhead(&decoded{from, decoder}), limits: limits, root: root}
	reader.headers = headerGuard{from: reader.stream, left: maxHeaders}
	reader.archive = tar.NewReader(&reader.headers)
	return reader, nil
}

// source remembers its reader's error, which says nothing about the archive.
type source struct {
	*bufio.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// decoded keeps errors of the source apart from errors of the decoder.
type decoded struct {
	from    *source
	decoder *zstd.Decoder
}

func (d *decoded) Read(p []byte) (int, error) {
	n, err := d.decoder.Read(p)
	if err != nil && d.from.err != nil {
		err = &sourceError{d.from.err}
	}
	return n, err
}

type sourceError struct{ error }

// headerGuard limits the size of the headers of one entry.
type headerGuard struct {
	from io.Reader
	left int64 // until the next entry must have begun
}

func (g *headerGuard) Read(p []byte) (int, error) {
	if g.left <= 0 {
		return 0, errEndlessHeaders
	}
	n, err := g.from.Read(p[:min(int64(len(p)), g.left)])
	g.left -= int64(n)
	return n, err
}

var errEndlessHeaders = fmt.Errorf("an entry has headers of more than %d MiB", maxHeaders>>20)

// isFrame reports whether bytes begin a Zstandard frame or a skippable one (RFC
// 8878, section 3.1).
func isFrame(magic []byte) bool {
	if len(magic) < 4 {
		return false
	}
	number := binary.LittleEndian.Uint32(magic)
	return number == 0xFD2FB528 || number&^0xF == 0x184D2A50
}

// guess returns the likely format of bytes that are not Zstandard.
func guess(magic []byte) string {
	switch {
	case len(magic) == 0:
		return "it is empty"
	case len(magic) > 1 && magic[0] == 0x1f && magic[1] == 0x8b:
		return "it is gzip"
	}
	return "it does not begin with a Zstandard frame"
}

// Close ends the decompression, and waits until nothing reads from the underlying
// reader any more.
func (r *Reader) Close() {
	r.stream.close()
	r.decoder.Close()
}

// drain reads what follows the archive, which turbo ignores.
func (r *Reader) drain() error {
	r.Close()
	_, err := io.Copy(io.Discard, r.from)
	return err
}

// Next goes on to the next entry, whose bytes Read returns. The error is [io.EOF]
// at the end, an [*EntryError] for an entry that is refused, [ErrNotArchive] or
// [ErrTooLarge], or the underlying reader's.
func (r *Reader) Next() (Entry, error) {
	header, err := r.archive.Next()
	switch {
	case err == io.EOF:
		return Entry{}, io.EOF
	case err != nil:
		return Entry{}, r.failure(err)
	}
	r.entries++
	if r.limits.Entries > 0 && r.entries > r.limits.Entries {
		return Entry{}, tooMany(header.Name, r.limits.Entries)
	}
	entry, err := r.entry(header)
	if err != nil {
		return Entry{}, err
	}
	limit := cmp.Or(r.limits.Size, math.MaxInt64-maxHeaders)
	if entry.Size < 0 || entry.Size > limit-r.size {
		return Entry{}, &EntryError{Name: entry.Name, Err: fmt.Errorf("%w: it unpacks to more than %d bytes", ErrTooLarge, limit)}
	}
	r.size += entry.Size
	r.headers.left = entry.Size + maxHeaders
	return entry, nil
}

func tooMany(name string, limit int) error {
	return &EntryError{Name: name, Err: fmt.Errorf("%w: it has more than %d entries", ErrTooLarge, limit)}
}

// Read reads the bytes of the current entry.
func (r *Reader) Read(p []byte) (int, error) {
	n, err := r.archive.Read(p)
	if err != nil && err != io.EOF {
		err = r.failure(err)
	}
	return n, err
}

// failure distinguishes a broken archive from a broken connection and a panic.
func (r *Reader) failure(err error) error {
	if own := (*sourceError)(nil); errors.As(err, &own) {
		return own.error
	}
	if errors.As(err, new(*fault.Error)) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrNotArchive, err)
}

// entry checks a header.
func (r *Reader) entry(header *tar.Header) (Entry, error) {
	if header.Typeflag == tar.TypeXGlobalHeader {
		return Entry{}, unsafe("a PAX global header", "turbo refuses archives with one, which git archive writes")
	}
	name, isDir := strings.TrimSuffix(header.Name, "/"), header.Typeflag == tar.TypeDir
	if reason := checkName(name); reason != "" {
		return Entry{}, unsafe(header.Name, "%s", reason)
	}
	if reason := storable(name); reason != "" {
		return Entry{}, &EntryError{Name: name, Reason: reason, Err: ErrUnstorable}
	}
	mode := fs.FileMode(header.Mode & 0o777) //nolint:gosec // the mask leaves nine bits
	switch {
	case isDir:
		return Entry{Name: name, Mode: mode | fs.ModeDir}, nil
	case isSparse(header):
		return Entry{}, unsafe(name, "it is a sparse file")
	case header.Typeflag == tar.TypeReg:
		return Entry{Name: name, Mode: mode, Size: header.Size}, nil
	case header.Typeflag == tar.TypeSymlink:
		target, err := r.target(name, header.Linkname)
		return Entry{Name: name, Mode: 0o777 | fs.ModeSymlink, Target: target}, err
	}
	return Entry{}, unsafe(name, "it is %s", typeName(header.Typeflag))
}

// isSparse reports whether a file is sparse: archive/tar fills holes of any size
// with zeros.
func isSparse(header *tar.Header) bool {
	for key := range header.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return true
		}
	}
	return header.Typeflag == tar.TypeGNUSparse
}

func typeName(flag byte) string {
	switch flag {
	case tar.TypeLink:
		return "a hard link"
	case tar.TypeFifo:
		return "a FIFO"
	case tar.TypeChar, tar.TypeBlock:
		return "a device"
	}
	return fmt.Sprintf("of type %q, which is not a file, directory or symbolic link", flag)
}

// target checks the target of a link, and makes an absolute one relative.
func (r *Reader) target(name, target string) (string, error) {
	switch {
	case target == "":
		return "", unsafe(name, "it is a link to nowhere")
	case len(target) > maxName:
		return "", unsafe(name, "it is a link to a path of more than %d bytes", maxName)
	case path.IsAbs(target) || filepath.IsAbs(target):
		if r.root == "" || !within(r.root, filepath.FromSlash(target)) {
			return "", unsafe(name, "it is a link out of the root, to %s", target)
		}
		relative, err := filepath.Rel(filepath.Join(r.root, filepath.FromSlash(path.Dir(name))), filepath.FromSlash(target))
		return filepath.ToSlash(relative), err
	case leaves(name, target):
		return "", unsafe(name, "it is a link out of the root, to %s", target)
	}
	return target, nil
}
