package artifact

import (
	"crypto/sha256"
	"io"
	"os"
	"path/filepath"
	"testing"
)

const benchSize = 64 << 20

func BenchmarkHash(b *testing.B) {
	path := filepath.Join(b.TempDir(), "input")
	if err := os.WriteFile(path, make([]byte, benchSize), 0o600); err != nil {
		b.Fatal(err)
	}
	source, err := OpenFile(b.Context(), path)
	if err != nil {
		b.Fatal(err)
	}
	defer source.Close()
	b.SetBytes(benchSize)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := source.Hash(b.Context(), sha256.New, nil); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSpool(b *testing.B) {
	dir := b.TempDir()
	b.SetBytes(benchSize)
	b.ReportAllocs()
	for b.Loop() {
		reader, writer, err := os.Pipe()
		if err != nil {
			b.Fatal(err)
		}
		go func() {
			io.CopyN(writer, zeros{}, benchSize)
			writer.Close()
		}()
		source, err := Spool(b.Context(), reader, SpoolOptions{Dir: dir, Hash: sha256.New()})
		if err != nil {
			b.Fatal(err)
		}
		source.Close()
		reader.Close()
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }
