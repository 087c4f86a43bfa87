package hashing_test

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"hash"
	"io"
	"math"
	"testing"
	"testing/iotest"

	"github.com/artifact-cli/artifact/pkg/internal/hashing"
)

var errBroken = errors.New("broken")

// failing is a writer that fails after some bytes.
type failing struct{ left int }

func (f *failing) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, errBroken
	}
	return len(p), nil
}

func TestCopy(t *testing.T) {
	t.Parallel()
	for _, length := range []int{0, 1, 4095, 4096, 4097, 300_000, 1 << 20} {
		content := bytes.Repeat([]byte("0123456789abcdef!"), length/17+1)[:length]
		for name, options := range map[string]hashing.Options{
			"known":        {Size: int64(length)},
			"unknown":      {Size: -1},
			"wrong":        {Size: 10},
			"absurd":       {Size: math.MaxInt64},
			"small pieces": {Size: -1, PieceSize: 4096},
		} {
			var to bytes.Buffer
			first, second := sha256.New(), sha512.New()
			options.To, options.Hashes = &to, []hash.Hash{first, second}
			n, err := hashing.Copy(t.Context(), iotest.HalfReader(bytes.NewReader(content)), options)
			got := fmt.Sprintf("%d %v %x %x", n, err, first.Sum(nil), second.Sum(nil))
			want := fmt.Sprintf("%d <nil> %x %x", length, sha256.Sum256(content), sha512.Sum512(content))
			if got != want || !bytes.Equal(to.Bytes(), content) {
				t.Errorf("%d bytes, size %s: %s, want %s", length, name, got, want)
			}
		}
	}
}

func TestCopyTellsWhoFailed(t *testing.T) {
	t.Parallel()
	broken := io.MultiReader(bytes.NewReader(make([]byte, 100)), iotest.ErrReader(errBroken))
	h := sha256.New()
	n, err := hashing.Copy(t.Context(), broken, hashing.Options{Size: -1, Hashes: []hash.Hash{h}})
	if n != 100 || err != errBroken || !bytes.Equal(h.Sum(nil), sum256(make([]byte, 100))) {
		t.Errorf("a reader that breaks: %d, %v", n, err)
	}
	_, err = hashing.Copy(t.Context(), bytes.NewReader(make([]byte, 100)), hashing.Options{Size: 10, To: &failing{20}})
	if err != errBroken {
		t.Errorf("a writer that breaks: %v", err)
	}
}

func sum256(b []byte) []byte {
	sum := sha256.Sum256(b)
	return sum[:]
}
