package store_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/artifact-cli/artifact/pkg/internal/store"
	"github.com/artifact-cli/artifact/pkg/internal/store/storetest"
)

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
	expectContents(t, d, map[string]string{"same": "body"})
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
	expectContents(t, d, map[string]string{"empty": "healed", "good": "body"})
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
	expectContents(t, living, map[string]string{"a": "half and half"})
	expectTree(t, dir, "CACHEDIR.TAG", "local/a")
}
