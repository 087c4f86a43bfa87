package store_test

import (
	"errors"
	"github.com/artifact-cli/artifact/pkg/artifact"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"time"

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

func key(id string) store.Key { return store.Key{Team: "local", ID: artifact.ID(id)} }

func put(t *testing.T, s store.Store, id, body string) {
	t.Helper()
	if err := s.Put(t.Context(), key(id), int64(len(body)), storetest.Full(), strings.NewReader(body)); err != nil {
		t.Fatal(err)
	}
}

// contents is what a Get of each id gives, or its error's kind.
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

// tree lists all files below dir, except the session's lock.
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
	want := []string{
		"CACHEDIR.TAG", "_personal/a", "local/_559aead08264d5795d3909718cdd05abd49572e84fe55590eef31a88a08fdffd", "local/a",
	}
	if got := tree(t, dir); !reflect.DeepEqual(got, want) {
		t.Errorf("the directory holds %q, want %q", got, want)
	}
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
			if got := tree(t, dir); !reflect.DeepEqual(got, []string{file}) {
				t.Errorf("the directory holds %q, want only %q", got, file)
			}
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
	want := []string{".DS_Store", "CACHEDIR.TAG", "local/b", "lost+found/x"}
	if got := tree(t, dir); !reflect.DeepEqual(got, want) {
		t.Errorf("the directory holds %q, want %q", got, want)
	}
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
	want := map[string]string{"a": "body", "b": "not found"}
	if got := contents(t, d, "a", "b"); !reflect.DeepEqual(got, want) {
		t.Errorf("it holds %q, want %q", got, want)
	}
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
	want := map[string]string{"a": body, "b": "not found", "c": body, "d": body}
	if got := contents(t, second, "a", "b", "c", "d"); !reflect.DeepEqual(got, want) {
		t.Errorf("it holds %.99q, want %.99q", got, want)
	}
	third := open(t, dir, store.Options{MaxSize: 15_000}) // a lower limit
	want = map[string]string{"a": "not found", "b": "not found", "c": "not found", "d": body}
	if got := contents(t, third, "a", "b", "c", "d"); !reflect.DeepEqual(got, want) {
		t.Errorf("it holds %.99q, want %.99q", got, want)
	}
}

// TestSharedDirectory: a use that another store saw counts, and what another
// one removed is no trouble.
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
	want := map[string]string{"a": body, "b": "not found", "c": body, "d": body}
	if got := contents(t, other, "a", "b", "c", "d"); !reflect.DeepEqual(got, want) {
		t.Errorf("it holds %.99q, want %.99q", got, want)
	}
	if err := os.RemoveAll(filepath.Join(dir, "local")); err != nil {
		t.Fatal(err)
	}
	put(t, bounded, "e", body)
	put(t, other, "f", body)
	want = map[string]string{"a": "not found", "e": body, "f": body}
	if got := contents(t, bounded, "a", "e", "f"); !reflect.DeepEqual(got, want) {
		t.Errorf("it holds %.99q, want %.99q", got, want)
	}
}

func TestDamagedFilesAreNeverServed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d := open(t, dir, store.Options{})
	put(t, d, "good", "body")
	good, err := os.ReadFile(filepath.Join(dir, "local", "good"))
	if err != nil {
		t.Fatal(err)
	}
	as := func(id string) string { return strings.Replace(string(good), `"id":"good"`, `"id":"`+id+`"`, 1) }
	write(t, filepath.Join(dir, "local", "same"), as("same"))
	if got := contents(t, d, "same"); !reflect.DeepEqual(got, map[string]string{"same": "body"}) {
		t.Errorf("it holds %q", got)
	}
	damaged := map[string]string{
		"empty":     "",
		"shorter":   strings.TrimSuffix(as("shorter"), "y"),
		"longer":    as("longer") + "x",
		"header":    string(good[:20]),
		"renamed":   string(good),
		"text":      "hello\nworld",
		"no-end":    strings.Repeat("x", 10_000),
		"overflows": `{"artifact":1,"team":"local","id":"overflows","size":9223372036854775807}` + "\n",
	}
	ids := []string{"directory"}
	for id, text := range damaged {
		write(t, filepath.Join(dir, "local", id), text)
		ids = append(ids, id)
	}
	write(t, filepath.Join(dir, "local", "directory", "x"), "")
	for _, id := range ids {
		if got := contents(t, d, id)[id]; got != "damaged" {
			t.Errorf("Get(%q) = %.60q, want it damaged", id, got)
		}
		if _, err := d.Stat(t.Context(), key(id)); !errors.Is(err, store.ErrCorrupt) {
			t.Errorf("Stat(%q) = %v, want ErrCorrupt", id, err)
		}
	}
	put(t, d, "empty", "healed")
	if got := contents(t, d, "empty", "good"); !reflect.DeepEqual(got, map[string]string{"empty": "healed", "good": "body"}) {
		t.Errorf("it holds %q", got)
	}
}

func TestStaleFilesAreRemoved(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	living := open(t, dir, store.Options{})
	write(t, filepath.Join(dir, ".tmp", "KILLED.lock"), "")
	write(t, filepath.Join(dir, ".tmp", "KILLED-1"), "half an artifact")
	write(t, filepath.Join(dir, ".tmp", "KILLED-12"), "half an artifact")
	write(t, filepath.Join(dir, ".tmp", "UNLOCKED-1"), "half an artifact")
	within := false
	body := io.MultiReader(strings.NewReader("half "), readerFunc(func([]byte) (int, error) {
		within = true
		open(t, dir, store.Options{})
		if got := tree(t, dir); len(got) != 2 || !strings.HasPrefix(got[0], ".tmp/") || strings.Contains(got[0], "KILLED") {
			t.Errorf("the directory holds %q, want the temporary file of the living store, and the tag", got)
		}
		return 0, io.EOF
	}), strings.NewReader("and half"))
	if err := living.Put(t.Context(), key("a"), int64(len("half and half")), storetest.Full(), body); err != nil || !within {
		t.Fatalf("Put = %v; the body was read: %t", err, within)
	}
	if got := contents(t, living, "a"); !reflect.DeepEqual(got, map[string]string{"a": "half and half"}) {
		t.Errorf("it holds %q", got)
	}
	if got, want := tree(t, dir), []string{"CACHEDIR.TAG", "local/a"}; !reflect.DeepEqual(got, want) {
		t.Errorf("the directory holds %q, want %q", got, want)
	}
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
