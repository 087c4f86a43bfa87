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

// released returns a source that was released.
func released(t *testing.T) (*Source, string, *fakeFiles) {
	t.Helper()
	path, files := writeFile(t, "content"), newFakeFiles(7)
	source := openWith(t, path, files)
	if err := source.Release(); err != nil {
		t.Fatal(err)
	}
	if source.file.file != nil {
		t.Fatal("the file is open")
	}
	return source, path, files
}

// TestReadingAfterRelease reads the same file again, and detects every change.
func TestReadingAfterRelease(t *testing.T) {
	t.Parallel()
	t.Run("unchanged", func(t *testing.T) {
		t.Parallel()
		source, _, _ := released(t)
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
	t.Run("touched", func(t *testing.T) {
		t.Parallel()
		source, _, files := released(t)
		files.state.changed = base.Add(time.Second)
		got, err := io.ReadAll(source.Open())
		if err := errors.Join(err, source.Unchanged(t.Context())); string(got) != "content" || err != nil {
			t.Errorf("reading on: %q, %v", got, err)
		}
	})
	t.Run("replaced", func(t *testing.T) {
		t.Parallel()
		source, path, _ := released(t)
		if err := os.Rename(writeFile(t, "another"), path); err != nil {
			t.Fatal(err)
		}
		if err := source.Unchanged(t.Context()); !errors.Is(err, ErrChanged) {
			t.Errorf("%v, want ErrChanged", err)
		}
		if got, err := io.ReadAll(source.Open()); !errors.Is(err, ErrChanged) {
			t.Errorf("reading on: %q, %v, want ErrChanged", got, err)
		}
	})
	t.Run("removed", func(t *testing.T) {
		t.Parallel()
		source, path, _ := released(t)
		if err := errors.Join(os.Remove(path), source.Unchanged(t.Context())); err != nil {
			t.Error(err)
		}
		if _, err := io.ReadAll(source.Open()); !errors.Is(err, ErrChanged) || !errors.Is(err, os.ErrNotExist) {
			t.Errorf("reading on: %v, want ErrChanged", err)
		}
	})
	shrunk := openWith(t, writeFile(t, "cont"), newFakeFiles(7))
	if _, err := shrunk.Hash(t.Context(), sha256.New, nil); !errors.Is(err, ErrChanged) {
		t.Errorf("a shrunk file: %v, want ErrChanged", err)
	}
}

// TestClosedFilesStayClosed reads after Close, as net/http may do after a request
// has ended: nothing would close the file again.
func TestClosedFilesStayClosed(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]func(*Source) error{"open": func(*Source) error { return nil }, "released": (*Source).Release} {
		source := openWith(t, writeFile(t, "content"), newFakeFiles(7))
		if err := errors.Join(before(source), source.Close()); err != nil {
			t.Fatal(err)
		}
		if n, err := source.ReadAt(make([]byte, 1), 0); n != 0 || !errors.Is(err, os.ErrClosed) || source.file.file != nil {
			t.Errorf("%s before: %d bytes, %v", name, n, err)
		}
	}
}

// TestReleaseSeesChanges changes the file itself. Only [Source.Unchanged] and
// later reads detect another file with its name.
func TestReleaseSeesChanges(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(files *fakeFiles, path string) error
		seen   bool
	}{
		"size":  {func(f *fakeFiles, _ string) error { f.state.size++; return nil }, true},
		"mtime": {func(f *fakeFiles, _ string) error { f.state.modified = base.Add(1); return nil }, true},
		"replaced": {func(_ *fakeFiles, path string) error {
			if err := os.WriteFile(path+".new", []byte("another"), 0o600); err != nil {
				return err
			}
			return os.Rename(path+".new", path)
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files, path := newFakeFiles(7), writeFile(t, "content")
			source := openWith(t, path, files)
			open := source.file.file
			if err := test.change(files, path); err != nil {
				t.Fatal(err)
			}
			if err := source.Release(); test.seen != errors.Is(err, ErrChanged) || !test.seen && err != nil {
				t.Errorf("%v, want ErrChanged: %v", err, test.seen)
			}
			if _, err := open.Stat(); !errors.Is(err, os.ErrClosed) {
				t.Errorf("the file is open: %v", err)
			}
			if err := source.Release(); err != nil {
				t.Errorf("once more: %v", err)
			}
			if err := source.Unchanged(t.Context()); !errors.Is(err, ErrChanged) {
				t.Errorf("Unchanged: %v, want ErrChanged", err)
			}
			if got, err := io.ReadAll(source.Open()); !errors.Is(err, ErrChanged) {
				t.Errorf("reading on: %q, %v, want ErrChanged", got, err)
			}
		})
	}
}
