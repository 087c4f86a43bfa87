package store

import (
	"io/fs"
	"os"
	"sync"
	"testing"
)

// TestSessionsBesideEachOther opens stores concurrently; none removes another's
// temporary files.
func TestSessionsBesideEachOther(t *testing.T) {
	t.Parallel()
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 100 {
				if err := oneSession(root); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	left, err := fs.ReadDir(root.FS(), tempDir)
	if err != nil || len(left) > 0 {
		t.Errorf("%v was left (%v)", left, err)
	}
	if err := root.Close(); err != nil {
		t.Error(err)
	}
}

func oneSession(root *os.Root) error {
	s, err := newSession(root)
	if err != nil {
		return err
	}
	temp, err := s.write(func(*temp) error { return removeStale(root) })
	if err != nil {
		return err
	}
	for _, step := range []func() error{temp.remove, s.close} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}
