package digest

import (
	"strings"
	"testing"
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
		algorithm, err := Parse(name)
		if err != nil {
			t.Fatal(err)
		}
		h := algorithm.New()
		h.Write([]byte("abc"))
		if got := string(ID(h)); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	for _, name := range []string{"", "SHA256", "md5", "sha256 "} {
		if _, err := Parse(name); err == nil || !strings.Contains(err.Error(), "sha256, sha512, blake3") {
			t.Errorf("Parse(%q) = %v, want an error that lists the names", name, err)
		}
	}
}

func BenchmarkHash(b *testing.B) {
	buffer := make([]byte, 256<<10)
	for _, algorithm := range Algorithms() {
		b.Run(string(algorithm), func(b *testing.B) {
			b.SetBytes(int64(len(buffer)))
			h := algorithm.New()
			for b.Loop() {
				h.Write(buffer)
			}
		})
	}
}
