//go:build unix

package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/artifact-cli/artifact/pkg/internal/store"
	"github.com/artifact-cli/artifact/pkg/internal/store/storetest"
)

// TestPlantedFiles checks that a FIFO or link in place of an artifact neither
// blocks nor leads outside.
func TestPlantedFiles(t *testing.T) {
	t.Parallel()
	dir, outside := t.TempDir(), t.TempDir()
	d := open(t, dir, store.Options{MaxSize: 1 << 20})
	put(t, d, "good", "body")
	whole, err := os.ReadFile(filepath.Join(dir, "local", "good"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(outside, "link"), string(whole))
	if err := syscall.Mkfifo(filepath.Join(dir, "local", "fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(outside, "link"), filepath.Join(dir, "local", "link")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, "team")); err != nil {
		t.Fatal(err)
	}
	for _, k := range []store.Key{key("fifo"), key("link"), {Team: "team", ID: "link"}} {
		if blob, err := d.Get(t.Context(), k); err == nil {
			t.Errorf("Get(%v) = %v", k, blob)
		}
	}
	if err := d.Put(t.Context(), store.Key{Team: "team", ID: "a"}, 0, storetest.Full(), strings.NewReader("")); err == nil {
		t.Error("a team's symlink was followed out of the directory")
	}
	put(t, d, "link", "replaces the link")
	if got, err := os.ReadFile(filepath.Join(outside, "link")); err != nil || string(got) != string(whole) {
		t.Errorf("the file outside is %q (%v)", got, err)
	}
	expectContents(t, d, map[string]string{"link": "replaces the link"})
}

// TestFIFOAsTag checks that nothing waits for a writer.
func TestFIFOAsTag(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, "CACHEDIR.TAG"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, options := range []store.Options{{}, {ReadOnly: true}} {
		if _, err := store.Open(dir, options); !errors.Is(err, store.ErrForeign) {
			t.Errorf("Open = %v, want ErrForeign", err)
		}
	}
}

func TestPrivate(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "cache")
	put(t, open(t, dir, store.Options{}), "a", "body")
	for path, want := range map[string]os.FileMode{"": 0o700, "local": 0o700, "local/a": 0o600} {
		info, err := os.Stat(filepath.Join(dir, path))
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%q has mode %v, want %v", path, got, want)
		}
	}
}
