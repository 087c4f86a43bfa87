//go:build unix

package transfer

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/artifact-cli/artifact/pkg/internal/must"
)

// TestSwappedDirectory replaces a directory by a link that leads out, while a file is
// written to it.
func TestSwappedDirectory(t *testing.T) {
	t.Parallel()
	dir, outside := t.TempDir(), t.TempDir()
	root := must.Get(os.OpenRoot(dir))(t)
	defer func() { _ = root.Close() }()
	target := targetIn(root, filepath.Join("d", "f"))
	must.Get(target.begin())(t)
	must.Do(t, os.Rename(filepath.Join(dir, "d"), filepath.Join(dir, "moved")))
	must.Do(t, os.Symlink(outside, filepath.Join(dir, "d")))
	if err := target.complete(t.Context(), "id"); !errors.Is(err, ErrOutside) {
		t.Error(err)
	}
	if entries := must.Get(os.ReadDir(outside))(t); len(entries) > 0 {
		t.Errorf("%v", entries)
	}
}
