package artifact

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

// loadedSizes are at the borders of the classes of buffers.
var loadedSizes = []int{0, 1, smallestLoaded, smallestLoaded + 1, 64 << 10, 64<<10 + 1}

func writeBytes(t *testing.T, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "input")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestLoadedBuffers give the right content, whatever they had before.
func TestLoadedBuffers(t *testing.T) {
	t.Parallel()
	for _, size := range loadedSizes {
		for round := range 5 {
			content := bytes.Repeat([]byte{byte(size + round)}, size)
			source := openWith(t, writeBytes(t, content), newFakeFiles(int64(size)))
			if err := source.Load(); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if got, err := io.ReadAll(source.Open()); !bytes.Equal(got, content) || err != nil {
					t.Errorf("%d bytes: read %d other ones, %v", size, len(got), err)
				}
			}
			if buffer, class := len(*source.loaded.buffer), loadedClass(int64(size)); class < len(loadedMemory) && buffer != smallestLoaded<<class {
				t.Errorf("%d bytes: their buffer has %d, which is not all of its class", size, buffer)
			}
			for range 2 {
				if err := source.Close(); err != nil {
					t.Error(err)
				}
			}
		}
	}
}

// TestLateReadings of a loaded file fail when that was closed, and see none of the
// files that have its memory by then.
func TestLateReadings(t *testing.T) {
	t.Parallel()
	var all sync.WaitGroup
	for mark := range 16 {
		content := bytes.Repeat([]byte{byte(mark + 1)}, 1+mark%3*smallestLoaded)
		path := writeBytes(t, content)
		all.Go(func() {
			for range 50 {
				readLate(t, path, content)
			}
		})
	}
	all.Wait()
}

// readLate closes a file while it is read.
func readLate(t *testing.T, path string, content []byte) {
	source, err := openFile(t.Context(), path, newFakeFiles(int64(len(content))).system())
	if err == nil {
		err = source.Load()
	}
	if err != nil {
		t.Error(err)
		return
	}
	begun := make(chan struct{})
	var closed atomic.Bool
	var reading sync.WaitGroup
	reading.Go(func() {
		defer close(begun)
		for n := 0; ; n++ {
			late := closed.Load()
			got, err := io.ReadAll(source.Open())
			switch {
			case errors.Is(err, os.ErrClosed):
				return
			case late || err != nil || !bytes.Equal(got, content):
				t.Errorf("read %d bytes, %v, late: %v", len(got), err, late)
				return
			case n == 1:
				begun <- struct{}{}
			}
		}
	})
	<-begun
	if err := source.Close(); err != nil {
		t.Error(err)
	}
	closed.Store(true)
	reading.Wait()
	if n, err := source.ReadAt(make([]byte, 1), 0); n != 0 || !errors.Is(err, os.ErrClosed) {
		t.Errorf("after the end: %d bytes, %v", n, err)
	}
	if _, err := source.Hash(t.Context(), sha256.New, nil); !errors.Is(err, os.ErrClosed) {
		t.Errorf("hashing after the end: %v", err)
	}
}

// TestClosedFilesStayClosed for who reads late, as net/http may the body of a
// request that was ended: nobody would close them again.
func TestClosedFilesStayClosed(t *testing.T) {
	t.Parallel()
	for name, giveBack := range map[string]func(*Source) error{"open": func(*Source) error { return nil }, "resting": (*Source).Rest} {
		source := openWith(t, writeFile(t, "content"), newFakeFiles(7))
		if err := errors.Join(giveBack(source), source.Close()); err != nil {
			t.Fatal(err)
		}
		if n, err := source.ReadAt(make([]byte, 1), 0); n != 0 || !errors.Is(err, os.ErrClosed) || source.file.file != nil {
			t.Errorf("%s before: %d bytes, %v", name, n, err)
		}
	}
}

// TestRestSeesChanges of the file itself. What has its name by then only
// [Source.Unchanged] sees, and who reads on.
func TestRestSeesChanges(t *testing.T) {
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
			if err := source.Rest(); test.seen != errors.Is(err, ErrChanged) || !test.seen && err != nil {
				t.Errorf("%v, want ErrChanged: %v", err, test.seen)
			}
			if _, err := open.Stat(); !errors.Is(err, os.ErrClosed) {
				t.Errorf("the file is open: %v", err)
			}
			if err := source.Rest(); err != nil {
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
	source := openWith(t, writeFile(t, "content"), newFakeFiles(7))
	if err := errors.Join(source.Load(), source.Rest(), source.Unchanged(t.Context())); err != nil {
		t.Errorf("a loaded file: %v", err)
	}
}
