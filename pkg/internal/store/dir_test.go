package store_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/store"
	"github.com/artifact-cli/artifact/pkg/internal/store/storetest"
)

func TestContract(t *testing.T) {
	t.Parallel()
	for name, options := range map[string]store.Options{
		"without a limit":    {},
		"with a roomy limit": {MaxSize: 1 << 30},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storetest.Run(t, func(t *testing.T) store.Store { return open(t, t.TempDir(), options) })
		})
	}
}

func TestBoundedContract(t *testing.T) {
	t.Parallel()
	storetest.RunBounded(t, func(t *testing.T, limit int64) store.Store {
		return open(t, t.TempDir(), store.Options{MaxSize: limit})
	})
}

func TestOneFileForEachArtifact(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new", "cache")
	d := open(t, dir, store.Options{})
	put(t, d, "a", "old")
	put(t, d, "a", "new")
	put(t, d, "A", "other")
	if err := d.Put(t.Context(), key("b"), 5, artifact.Metadata{}, strings.NewReader("four")); !errors.Is(err, store.ErrSize) {
		t.Error(err)
	}
	if err := d.Put(t.Context(), store.Key{ID: "a"}, 0, artifact.Metadata{}, strings.NewReader("")); err != nil {
		t.Error(err)
	}
	expectTree(t, dir, "CACHEDIR.TAG", "_personal/a", "local/_559aead08264d5795d3909718cdd05abd49572e84fe55590eef31a88a08fdffd", "local/a")
}

func TestSurvivesAnotherOpen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := open(t, dir, store.Options{})
	put(t, first, "a", "body")
	second := open(t, dir, store.Options{MaxSize: 1 << 20})
	third := open(t, dir, store.Options{ReadOnly: true})
	want := map[string]string{"a": "body", "b": "not found"}
	for _, d := range []*store.Dir{second, third} {
		if got := contents(t, d, "a", "b"); !reflect.DeepEqual(got, want) {
			t.Errorf("it holds %q, want %q", got, want)
		}
		entry, err := d.Stat(t.Context(), key("a"))
		if err != nil || !reflect.DeepEqual(entry, store.Entry{Size: 4, Metadata: storetest.Full()}) {
			t.Errorf("Stat = %v, %v", entry, err)
		}
	}
}

// TestOpenTogether opens stores in a new directory at the same time, none of which
// takes the files of another for foreign ones.
func TestOpenTogether(t *testing.T) {
	t.Parallel()
	for range 30 {
		dir := t.TempDir()
		var group sync.WaitGroup
		for i := range 8 {
			group.Go(func() {
				d, err := store.Open(dir, store.Options{})
				if err != nil {
					t.Error(err)
					return
				}
				body := strings.NewReader("body")
				if err := errors.Join(d.Put(t.Context(), key(fmt.Sprint(i)), body.Size(), artifact.Metadata{}, body), d.Close()); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
	}
}

func TestForeignDirectoryIsRefused(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{"a file": "notes.txt", "another's tag": "CACHEDIR.TAG", "a directory": "local/a"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write(t, filepath.Join(dir, file), "mine")
			for _, options := range []store.Options{{}, {MaxSize: 1}, {ReadOnly: true}} {
				if _, err := store.Open(dir, options); !errors.Is(err, store.ErrForeign) {
					t.Errorf("Open = %v, want ErrForeign", err)
				}
			}
			expectTree(t, dir, file)
		})
	}
}

func TestFreshVolumeIsTaken(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, ".DS_Store"), "")
	write(t, filepath.Join(dir, "lost+found", "x"), "mine")
	d := open(t, dir, store.Options{MaxSize: 1000})
	put(t, d, "a", strings.Repeat("x", 500))
	put(t, d, "b", strings.Repeat("x", 500))
	expectTree(t, dir, ".DS_Store", "CACHEDIR.TAG", "local/b", "lost+found/x")
}

func TestReadOnly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := store.Open(filepath.Join(dir, "none"), store.Options{ReadOnly: true}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open of no directory = %v, want ErrNotExist", err)
	}
	put(t, open(t, dir, store.Options{}), "a", "body")
	before := modified(t, filepath.Join(dir, "local", "a"))
	d := open(t, dir, store.Options{ReadOnly: true, MaxSize: 1})
	err := d.Put(t.Context(), key("b"), 1, artifact.Metadata{}, iotest.ErrReader(errors.New("read")))
	if !errors.Is(err, store.ErrReadOnly) {
		t.Errorf("Put = %v, want ErrReadOnly", err)
	}
	expectContents(t, d, map[string]string{"a": "body", "b": "not found"})
	if after := modified(t, filepath.Join(dir, "local", "a")); !after.Equal(before) {
		t.Errorf("a Get changed the file's time from %v to %v", before, after)
	}
}

func TestRecencySurvives(t *testing.T) {
	t.Parallel()
	dir, body := t.TempDir(), strings.Repeat("x", 10_000)
	first := open(t, dir, store.Options{})
	for _, id := range []string{"a", "b", "c"} {
		put(t, first, id, body)
	}
	contents(t, first, "a")
	second := open(t, dir, store.Options{MaxSize: 35_000})
	put(t, second, "d", body)
	expectContents(t, second, map[string]string{"a": body, "b": "not found", "c": body, "d": body})
	third := open(t, dir, store.Options{MaxSize: 15_000}) // a lower limit
	put(t, third, "e", "e")
	expectContents(t, third, map[string]string{"a": "not found", "b": "not found", "c": "not found", "d": body, "e": "e"})
}

func TestRemovalsAreReported(t *testing.T) {
	t.Parallel()
	dir, body := t.TempDir(), strings.Repeat("x", 10_000)
	var mu sync.Mutex
	var got store.Removal
	d := open(t, dir, store.Options{MaxSize: 35_000, Removed: func(r store.Removal) {
		mu.Lock()
		defer mu.Unlock()
		got.Reason = r.Reason
		got.Artifacts += r.Artifacts
		got.Bytes += r.Bytes
	}})
	var sizes []int64
	for _, id := range []string{"a", "b", "c"} {
		put(t, d, id, body)
		info, err := os.Stat(filepath.Join(dir, "local", id))
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, info.Size())
	}
	put(t, d, "c", "replaced, not removed")
	put(t, d, "d", body)
	put(t, d, "e", body+body)
	want := store.Removal{Reason: store.Evicted, Artifacts: 2, Bytes: sizes[0] + sizes[1]}
	if usage := d.Usage(); got != want || usage.Artifacts != 3 || usage.Removed[store.Evicted] != 2 {
		t.Errorf("removed %v, want %v; the usage is %v", got, want, usage)
	}
	expectContents(t, d, map[string]string{"a": "not found", "b": "not found", "c": "replaced, not removed", "d": body, "e": body + body})
}

// TestSharedDirectory checks that uses and removals by another store count.
func TestSharedDirectory(t *testing.T) {
	t.Parallel()
	dir, body := t.TempDir(), strings.Repeat("x", 10_000)
	bounded := open(t, dir, store.Options{MaxSize: 35_000})
	other := open(t, dir, store.Options{})
	for _, id := range []string{"a", "b", "c"} {
		put(t, bounded, id, body)
	}
	contents(t, other, "a")
	put(t, bounded, "d", body)
	expectContents(t, other, map[string]string{"a": body, "b": "not found", "c": body, "d": body})
	if err := os.RemoveAll(filepath.Join(dir, "local")); err != nil {
		t.Fatal(err)
	}
	put(t, bounded, "e", body)
	put(t, other, "f", body)
	expectContents(t, bounded, map[string]string{"a": "not found", "e": body, "f": body})
}

// TestWhatCannotBeRemovedStays removes the next file instead.
func TestWhatCannotBeRemovedStays(t *testing.T) {
	t.Parallel()
	dir, body := t.TempDir(), strings.Repeat("x", 10_000)
	d := open(t, dir, store.Options{MaxSize: 35_000})
	for _, id := range []string{"a", "b", "c"} {
		put(t, d, id, body)
	}
	file := filepath.Join(dir, "local", "a")
	old := modified(t, file)
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(file, "inside"), "")
	if err := os.Chtimes(file, old, old); err != nil {
		t.Fatal(err)
	}
	put(t, d, "d", body)
	expectContents(t, d, map[string]string{"a": "damaged", "b": "not found", "c": body, "d": body})
}
