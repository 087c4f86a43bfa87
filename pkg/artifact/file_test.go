package artifact

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"testing"
	"time"
)

// TestLoadAndRest read on without the file that they gave back, and see every
// change all the same.
func TestLoadAndRest(t *testing.T) {
	t.Parallel()
	for name, giveBack := range map[string]func(*Source) error{"load": (*Source).Load, "rest": (*Source).Rest} {
		open := func(t *testing.T) (*Source, string, *fakeFiles) {
			t.Helper()
			path, files := writeFile(t, "content"), newFakeFiles(7)
			source := openWith(t, path, files)
			if err := giveBack(source); err != nil {
				t.Fatal(err)
			}
			if source.file.file != nil {
				t.Fatal("the file is open")
			}
			return source, path, files
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source, _, _ := open(t)
			for range 2 {
				got, err := io.ReadAll(source.Open())
				h, hashErr := source.Hash(t.Context(), sha256.New, nil)
				want := sha256.Sum256([]byte("content"))
				if string(got) != "content" || err != nil || hashErr != nil || !bytes.Equal(h.Sum(nil), want[:]) {
					t.Errorf("read %q, %v, %v", got, err, hashErr)
				}
				if err := source.Unchanged(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
		t.Run(name+", touched", func(t *testing.T) {
			t.Parallel()
			source, _, files := open(t)
			files.state.changed = base.Add(time.Second)
			got, err := io.ReadAll(source.Open())
			if err := errors.Join(err, source.Unchanged(t.Context())); string(got) != "content" || err != nil {
				t.Errorf("reading on: %q, %v", got, err)
			}
		})
		t.Run(name+", replaced", func(t *testing.T) {
			t.Parallel()
			source, path, _ := open(t)
			if err := os.Rename(writeFile(t, "another"), path); err != nil {
				t.Fatal(err)
			}
			if err := source.Unchanged(t.Context()); !errors.Is(err, ErrChanged) {
				t.Errorf("%v, want ErrChanged", err)
			}
			if got, err := io.ReadAll(source.Open()); name == "rest" && !errors.Is(err, ErrChanged) {
				t.Errorf("reading on: %q, %v, want ErrChanged", got, err)
			}
		})
		t.Run(name+", removed", func(t *testing.T) {
			t.Parallel()
			source, path, _ := open(t)
			if err := errors.Join(os.Remove(path), source.Unchanged(t.Context())); err != nil {
				t.Error(err)
			}
			if _, err := io.ReadAll(source.Open()); name == "rest" && (!errors.Is(err, ErrChanged) || !errors.Is(err, os.ErrNotExist)) {
				t.Errorf("reading on: %v, want ErrChanged", err)
			}
		})
	}
	shrunk := openWith(t, writeFile(t, "cont"), newFakeFiles(7))
	if err := shrunk.Load(); !errors.Is(err, ErrChanged) {
		t.Errorf("a shrunk file: %v, want ErrChanged", err)
	}
}
