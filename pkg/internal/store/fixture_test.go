package store_test

import (
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/store"
	"github.com/artifact-cli/artifact/pkg/internal/store/storetest"
)

// open opens the store in dir and closes it when the test ends.
func open(t *testing.T, dir string, options store.Options) *store.Dir {
	t.Helper()
	d, err := store.Open(dir, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func key(id string) store.Key { return store.Key{Team: "local", ID: artifact.ID(id)} }

func put(t *testing.T, s store.Store, id, body string) {
	t.Helper()
	if err := s.Put(t.Context(), key(id), int64(len(body)), storetest.Full(), strings.NewReader(body)); err != nil {
		t.Fatal(err)
	}
}

// contents returns the body of each id, or the kind of error.
func contents(t *testing.T, s store.Store, ids ...string) map[string]string {
	t.Helper()
	got := make(map[string]string)
	for _, id := range ids {
		blob, err := s.Get(t.Context(), key(id))
		switch {
		case errors.Is(err, store.ErrNotFound):
			got[id] = "not found"
		case errors.Is(err, store.ErrCorrupt):
			got[id] = "damaged"
		case err != nil:
			t.Errorf("Get(%q) = %v", id, err)
		default:
			body, err := io.ReadAll(blob.Body)
			if err := errors.Join(err, blob.Body.Close()); err != nil {
				t.Error(err)
			}
			got[id] = string(body)
		}
	}
	return got
}

// expectContents fails unless a Get of each id returns what want says.
func expectContents(t *testing.T, s store.Store, want map[string]string) {
	t.Helper()
	if got := contents(t, s, slices.Sorted(maps.Keys(want))...); !maps.Equal(got, want) {
		t.Errorf("it holds %.99q, want %.99q", got, want)
	}
}

// expectTree fails unless these are all files in dir.
func expectTree(t *testing.T, dir string, want ...string) {
	t.Helper()
	if got := tree(t, dir); !slices.Equal(got, want) {
		t.Errorf("the directory holds %q, want %q", got, want)
	}
}

// tree lists all files in dir, except the session's lock.
func tree(t *testing.T, dir string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(path, ".lock") {
			return err
		}
		path, err = filepath.Rel(dir, path)
		files = append(files, filepath.ToSlash(path))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func modified(t *testing.T, path string) time.Time {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.ModTime()
}
