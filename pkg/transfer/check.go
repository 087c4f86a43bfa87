package transfer

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/internal/fault"
	"github.com/artifact-cli/artifact/pkg/internal/hashing"
)

// Signature is the scheme of an artifact's tag.
type Signature string

// The values of [Signature]. It is empty without a key, and for a tag of neither
// scheme.
const (
	SignedV1 Signature = "v1"
	SignedV2 Signature = "v2"
	Unsigned Signature = "none"
)

// expectation describes the right artifact.
type expectation struct {
	id artifact.ID
	// size is -1 if unknown.
	size int64
	// sum is the digest of the bytes, by one of the algorithms.
	sum        artifact.ID
	algorithms []Algorithm
	// local, if not nil, has the same bytes.
	local *artifact.Source
	// tag, if not empty, was just sent. Otherwise signer, if not nil, checks the
	// artifact's tag.
	tag    string
	signer *artifact.Signer
	scheme artifact.Scheme // if not empty, the only one accepted
	// archive, if not nil, reads the bytes as an archive.
	archive *unpacking
}

// check compares a download with what is expected.
type check struct {
	expectation
	found client.Found
	n     int64 // bytes received
	sums  []hash.Hash
	// The tags by both schemes. v2 needs the size before the first byte, and is
	// nil if the size is unknown.
	v1, v2 hash.Hash
	// whole recognizes the bytes when they are read again.
	whole hash.Hash
}

// checksBytes reports whether there is anything to compare the bytes with.
func (e expectation) checksBytes() bool { return e.local != nil || len(e.algorithms) > 0 }

// coversBytes reports whether the check would detect a truncated artifact.
func (e expectation) coversBytes() bool { return e.checksBytes() || e.signer != nil }

// expect determines what an artifact should be. The caller closes local. The
// error is ctx's or an [*InputError].
func (v *Verifier) expect(ctx context.Context, input Input) (expected expectation, err error) {
	if input.Remote {
		return expectation{id: input.ID, size: -1, sum: input.ID, algorithms: input.Digests}, nil
	}
	source, err := input.file(ctx)
	switch {
	case err != nil:
	case source == nil:
		expected, err = input.measure(ctx, orSilent(v.Progress))
	default:
		expected = expectation{size: source.Size(), local: source}
		if expected.id, err = input.identify(ctx, source, orSilent(v.Progress)); err != nil {
			_ = source.Close() // opened for reading
		}
	}
	return expected, input.failure(ctx, err)
}

// measure determines the size and digest of a stream without storing it. When ctx
// ends, it returns at once; the stream may still be read once after that.
func (in Input) measure(ctx context.Context, tracker Tracker) (expectation, error) {
	algorithm := cmp.Or(in.Algorithm, SHA256)
	return fault.Abandon(ctx, func() (expectation, error) {
		h, stream := algorithm.new(), in.stream(ctx)
		defer stream.Close()
		size, err := hashing.Copy(ctx, stream, hashing.Options{
			Hashes: []hash.Hash{h}, Size: -1, Progress: func(n int64) { tracker.Hashed(n, -1) },
		})
		sum := digestOf(h)
		return expectation{id: cmp.Or(in.ID, sum), size: size, sum: sum, algorithms: []Algorithm{algorithm}}, err
	}, func(expectation) {})
}

// newCheck begins a check. If the size is wrong, it returns an error and the
// check.
func (e expectation) newCheck(found client.Found) (*check, error) {
	c := &check{expectation: e, found: found}
	size := found.Size
	if e.size >= 0 {
		if size >= 0 && size != e.size {
			return c, differs("the cache has %d bytes, the input has %d", size, e.size)
		}
		size = e.size
	}
	for _, algorithm := range e.algorithms {
		c.sums = append(c.sums, algorithm.new())
	}
	if e.signer == nil || found.Metadata.Tag == "" {
		return c, nil
	}
	c.v1 = e.signer.New(artifact.SchemeV1, e.id, size)
	if size < 0 {
		c.whole = sha256.New()
	} else {
		c.v2 = e.signer.New(artifact.SchemeV2, e.id, size)
	}
	return c, nil
}

// fetch downloads the artifact, and writes the bytes to the writer that begin returns,
// if begin is not nil. The check is nil if there is no artifact.
func (e expectation) fetch(ctx context.Context, from *client.Client, download client.Download, pieceSize int, begin func() (io.Writer, error)) (c *check, err error) {
	download.ID = e.id
	download.Receive = func(found client.Found, body io.Reader) (err error) {
		if c, err = e.newCheck(found); err != nil {
			return err
		}
		var to io.Writer
		if begin != nil {
			to, err = begin()
		} else if e.local != nil {
			to = &comparer{local: e.local}
		}
		if err != nil {
			return err
		}
		return c.read(ctx, body, to, pieceSize)
	}
	err = from.Get(ctx, download)
	return c, err
}

// read reads the bytes, and writes them to to and to the archive's reader, each if it
// is not nil.
func (c *check) read(ctx context.Context, body io.Reader, to io.Writer, pieceSize int) (err error) {
	hashes := slices.DeleteFunc(append(slices.Clone(c.sums), c.v1, c.v2, c.whole), func(h hash.Hash) bool { return h == nil })
	if c.size >= 0 {
		// One byte too many is enough.
		body = io.LimitReader(body, c.size+1)
	}
	if c.archive != nil {
		unpack := c.archive.begin(ctx, string(c.id))
		if to != nil {
			unpack = io.MultiWriter(to, unpack)
		}
		to = unpack
		defer func() { err = c.archive.end(err) }()
	}
	c.n, err = hashing.Copy(ctx, body, hashing.Options{To: to, Hashes: hashes, Size: c.found.Size, PieceSize: pieceSize})
	return err
}

// rereader writes the received bytes again, up to limit, to the writer that begin
// returns. It may call begin more than once.
type rereader func(ctx context.Context, limit int64, begin func() io.Writer) error

// verdict returns an error unless the bytes were right. again reads them a second
// time.
func (c *check) verdict(ctx context.Context, again rereader) (Signature, error) {
	if c.size >= 0 && c.n > c.size {
		return "", differs("the cache has more than the %d bytes of the input", c.size)
	}
	if c.size >= 0 && c.n < c.size {
		return "", differs("the cache has %d bytes, the input has %d", c.n, c.size)
	}
	if err := c.checkDigest(); err != nil {
		return "", err
	}
	return c.checkSignature(ctx, again)
}

func (c *check) checkDigest() error {
	if len(c.sums) == 0 || slices.ContainsFunc(c.sums, func(h hash.Hash) bool { return isDigest(c.sum, h) }) {
		return nil
	}
	return fmt.Errorf("%w: %s is %s", ErrWrongDigest, c.algorithms[0], digestOf(c.sums[0]))
}

func (c *check) checkSignature(ctx context.Context, again rereader) (Signature, error) {
	tag := c.found.Metadata.Tag
	switch {
	case c.tag == "" && c.signer == nil, c.tag != "" && artifact.SameTag(tag, c.tag):
		return "", nil
	case tag == "" && c.tag != "":
		return Unsigned, ErrSignatureLost
	case tag == "":
		return Unsigned, ErrUnsigned
	case c.signer == nil:
		return "", ErrBadSignature
	case artifact.SameTag(tag, artifact.Tag(c.v1)):
		if c.scheme == artifact.SchemeV2 {
			return SignedV1, ErrOldSignature
		}
		return SignedV1, nil
	case c.v2 == nil:
		if err := c.signAgain(ctx, again); err != nil {
			return "", err
		}
	}
	if artifact.SameTag(tag, artifact.Tag(c.v2)) {
		return SignedV2, nil
	}
	if artifact.SameTag(tag, artifact.Tag(c.signer.New(artifact.SchemeV2, c.id, c.n))) {
		return "", ErrEmptySignature
	}
	return "", ErrBadSignature
}

// signAgain computes the tag that begins with the size, now that it is known,
// over the same bytes.
func (c *check) signAgain(ctx context.Context, again rereader) error {
	var whole, v2 hash.Hash
	err := again(ctx, c.n+1, func() io.Writer {
		whole, v2 = sha256.New(), c.signer.New(artifact.SchemeV2, c.id, c.n)
		return io.MultiWriter(whole, v2)
	})
	if err != nil {
		return err
	}
	if digestOf(whole) != digestOf(c.whole) {
		return ErrUnsteady
	}
	c.v2 = v2
	return nil
}

// comparer compares what is written with the local bytes.
type comparer struct {
	local  *artifact.Source
	offset int64
	buffer []byte
}

func (w *comparer) Write(p []byte) (int, error) {
	if len(w.buffer) < len(p) {
		w.buffer = make([]byte, len(p))
	}
	here := w.buffer[:len(p)]
	n, err := w.local.ReadAt(here, w.offset)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	switch {
	case n < len(p) && bytes.Equal(here[:n], p[:n]):
		return 0, differs("the cache has more than the %d bytes of the input", w.local.Size())
	case !bytes.Equal(here, p):
		same := 0
		for here[same] == p[same] {
			same++
		}
		return 0, differs("byte %d differs", w.offset+int64(same)+1)
	}
	w.offset += int64(n)
	return n, nil
}
