package transfer

import (
	"slices"
	"strings"
	"testing"

	"github.com/artifact-cli/artifact/pkg/artifact"
)

// The sums of "abc": FIPS 180-4's examples, and BLAKE3's as b3sum prints it.
func TestAlgorithms(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		"sha512": "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a" +
			"2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
		"blake3": "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85",
	} {
		algorithm, err := ParseAlgorithm(name)
		if err != nil {
			t.Fatal(err)
		}
		h := algorithm.new()
		h.Write([]byte("abc"))
		if got := string(digestOf(h)); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	for _, name := range []string{"", "SHA256", "md5", "sha256 "} {
		if _, err := ParseAlgorithm(name); err == nil || !strings.Contains(err.Error(), "sha256, sha512, blake3") {
			t.Errorf("ParseAlgorithm(%q) = %v, want an error that lists the names", name, err)
		}
	}
}

func BenchmarkHash(b *testing.B) {
	buffer := make([]byte, 256<<10)
	for _, algorithm := range Algorithms() {
		b.Run(string(algorithm), func(b *testing.B) {
			b.SetBytes(int64(len(buffer)))
			h := algorithm.new()
			for b.Loop() {
				h.Write(buffer)
			}
		})
	}
}

func TestAlgorithmsOf(t *testing.T) {
	t.Parallel()
	digits := func(n int) artifact.ID { return artifact.ID(strings.Repeat("0aF", n)[:n]) }
	for id, want := range map[artifact.ID][]Algorithm{
		digits(64):                         {SHA256, BLAKE3},
		digits(128):                        {SHA512},
		digits(63):                         nil,
		digits(16):                         nil,
		"g" + digits(63):                   nil,
		"":                                 nil,
		artifact.ID("0x") + digits(62):     nil,
		digits(64) + " ":                   nil,
		artifact.ID("key:") + digits(64):   nil,
		artifact.ID("+") + digits(127):     nil,
		artifact.ID("٠") + digits(62):      nil, // a digit, but not of this system
		digits(62) + artifact.ID("\u0661"): nil,
	} {
		if got := AlgorithmsOf(id); !slices.Equal(got, want) {
			t.Errorf("%q: %v, want %v", id, got, want)
		}
	}
	h := SHA256.new()
	if id := digestOf(h); !isDigest(id, h) || !isDigest(artifact.ID(strings.ToUpper(string(id))), h) || isDigest(id[1:], h) {
		t.Errorf("%s is its own digest, in either case", id)
	}
}

func TestLowerDigest(t *testing.T) {
	t.Parallel()
	lower := artifact.ID(strings.Repeat("0af", 22)[:64])
	upper := artifact.ID(strings.ToUpper(string(lower)))
	for id, want := range map[artifact.ID]bool{
		upper: true, lower: false, upper + upper: true, upper[:63]: false, upper[:40]: false, "G" + upper[1:]: false, "": false,
	} {
		got, changed := lowerDigest(id)
		if string(got) != strings.ToLower(string(id)) || changed != want {
			t.Errorf("%s: %s, %v", id, got, changed)
		}
	}
}
