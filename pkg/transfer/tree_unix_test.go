//go:build unix

package transfer

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
)

// TestTreeReplaced replaces files during a walk. No replacement leads outside,
// and a FIFO does not block.
func TestTreeReplaced(t *testing.T) {
	t.Parallel()
	outside := filepath.Join(t.TempDir(), "outside")
	if err := errors.Join(os.Mkdir(outside, 0o700), os.WriteFile(filepath.Join(outside, "file"), []byte("outside"), 0o600)); err != nil {
		t.Fatal(err)
	}
	link := func(target string) func(string) error {
		return func(path string) error { return os.Symlink(target, path) }
	}
	fifo := func(path string) error { return syscall.Mkfifo(path, 0o600) }
	const first, last = "a=a", "z=z"
	for name, test := range map[string]struct {
		replaced string
		by       func(path string) error
		want     []string
	}{
		"directory by a link out":         {"d", link(outside), []string{first, "d: path escapes from parent", last}},
		"directory by a link":             {"d", link(".other"), []string{first, "d/file=other", last}},
		"directory by a FIFO":             {"d", fifo, []string{first, "d: not a directory", last}},
		"directory by a file":             {"d", func(path string) error { return os.WriteFile(path, nil, 0o600) }, []string{first, "d: not a directory", last}},
		"nothing in place of a directory": {"d", func(string) error { return nil }, []string{first, "d: no such file or directory", last}},
		"file by a link out":              {"z", link(filepath.Join(outside, "file")), []string{first, "d/file=d", "z: path escapes from parent"}},
		"file by a FIFO":                  {"z", fifo, []string{first, "d/file=d", "z: not a regular file"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			for file, content := range map[string]string{"a": "a", "d/file": "d", ".other/file": "other", "z": "z"} {
				path := filepath.Join(root, file)
				if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(content), 0o600)); err != nil {
					t.Fatal(err)
				}
			}
			var got []string
			for input, err := range (Tree{Root: root, Exclude: []Glob{".*"}}).Files(Input{}) {
				if len(got) == 0 {
					path := filepath.Join(root, test.replaced)
					if err := errors.Join(os.RemoveAll(path), test.by(path)); err != nil {
						t.Fatal(err)
					}
				}
				content, err := contentOf(t, input, err)
				name, _ := filepath.Rel(root, input.Path)
				if err != nil {
					got = append(got, fmt.Sprintf("%s: %v", name, (&InputError{Path: input.Path, Err: err}).Reason()))
				} else {
					got = append(got, name+"="+content)
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("%q\nwant %q", got, test.want)
			}
		})
	}
}

func contentOf(t *testing.T, input Input, err error) (string, error) {
	if inTree := (*InputError)(nil); errors.As(err, &inTree) {
		return "", inTree.Err
	}
	source, err := input.file(t.Context())
	if err != nil {
		return "", err
	}
	defer source.Close()
	content, err := io.ReadAll(source.Open())
	return string(content), err
}
