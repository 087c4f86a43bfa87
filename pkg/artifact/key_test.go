package artifact

import (
	"context"
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
)

// TestKeyID has the vectors that docs/keys.md publishes, and others that sha256sum
// computed.
func TestKeyID(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name, content string) KeyPart {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return KeyFile(path)
	}
	wanted := map[string]bool{}
	deps, lock, copied := KeyText("deps"), file("lock", "lock\n"), file("another name", "lock\n")
	for _, test := range []struct {
		want  ID
		parts []KeyPart
	}{
		{"005c86d1cfb4bfc354fae29fd77da15b01ee850d23d7853c", []KeyPart{deps}},
		{"d5066acb74603f98f7ac1cd8bd9d52fec45321399f097534", []KeyPart{deps, lock}},
		{"d5066acb74603f98f7ac1cd8bd9d52fec45321399f097534", []KeyPart{deps, copied}},
		{"2bc5b9fc272282bc4075a418f9b0277ae90de76992de1a70", []KeyPart{lock, deps}},
		{"f2f844979838813b0bcf4c8db492744ddd7b6d4b26d72426", []KeyPart{KeyText("ab"), KeyText("c")}},
		{"103e102354da43bea56d7057e725d5fc56031c2a2278ac18", []KeyPart{KeyText("a"), KeyText("bc")}},
		{"260bc5b9b1efdc7ab62a7fab4b358c935eb7e329edac36c1", []KeyPart{file("empty", "")}},
		{"5a69e520154b20c36ed0361ea85df2d0dc49eb8d84f7f923", []KeyPart{KeyText("grün!")}},
		{"b7af46bbdcd7d442f8549ed093e403f94dee7ccec4f45447", []KeyPart{file("windows", "\ufefflock\r\n")}},
		{"3a7fe1c8b11adc569b471c8f09cc5b4017e8c5e6b8aa2a7d", []KeyPart{KeyText("x")}},
		{"11cef81146297fffed5df70f89b86798006e98895183fcfe", []KeyPart{file("x", "x")}},
	} {
		if got, err := KeyID(t.Context(), test.parts...); err != nil || got != test.want {
			t.Errorf("%v: %s, %v; want %s", test.parts, got, err, test.want)
		}
		wanted[string(test.want)] = true
	}
	page, err := os.ReadFile("../../docs/keys.md")
	published := regexp.MustCompile(`[0-9a-f]{48}`).FindAllString(string(page), -1)
	if err != nil || len(published) < 5 {
		t.Fatalf("docs/keys.md has %d vectors, %v", len(published), err)
	}
	for _, id := range published {
		if !wanted[id] {
			t.Errorf("docs/keys.md: %s is no vector", id)
		}
	}
	for path, want := range map[string]error{"missing": fs.ErrNotExist, ".": syscall.EISDIR, os.DevNull: ErrNotRegular} {
		if path != os.DevNull {
			path = filepath.Join(dir, path)
		}
		id, err := KeyID(t.Context(), deps, KeyFile(path))
		if inPath := (*fs.PathError)(nil); id != "" || !errors.Is(err, want) || !errors.As(err, &inPath) || inPath.Path != path {
			t.Errorf("%s: %q, %v", path, id, err)
		}
	}
	gone := errors.New("gone")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(gone)
	if id, err := KeyID(ctx, lock); id != "" || err != gone {
		t.Errorf("after the end of its context: %q, %v", id, err)
	}
}

// A key file that changes after it was opened has no id.
func TestKeyFileChanges(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(path string) error{
		"longer":  func(path string) error { return os.WriteFile(path, []byte("longer"), 0o600) },
		"shorter": func(path string) error { return os.Truncate(path, 1) },
	} {
		path := filepath.Join(t.TempDir(), "lock")
		if err := os.WriteFile(path, []byte("lock\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		source, err := OpenFile(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		if err := change(path); err != nil {
			t.Fatal(err)
		}
		if err := addToKey(t.Context(), sha256.New(), source); !errors.Is(err, ErrChanged) {
			t.Errorf("%s: %v", name, err)
		}
		_ = source.Close()
	}
}
