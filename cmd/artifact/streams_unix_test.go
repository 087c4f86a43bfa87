//go:build unix

package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// empty reports files in a directory that should be empty.
func empty(t *testing.T, dir string) {
	t.Helper()
	entries := must(os.ReadDir(dir))(t)
	for _, entry := range entries {
		t.Errorf("left behind: %s", entry.Name())
	}
}

// TestChangeDuringUpload changes the input in every way when the server has read
// half of it: with and without a digest, and in a directory.
func TestChangeDuringUpload(t *testing.T) {
	t.Parallel()
	const size = 32 << 20 // more than all buffers on the way hold
	digest := fmt.Sprintf("%x", sha256.Sum256(make([]byte, size)))
	moved := "its modification time changed"
	restored := "its bytes changed, but its modification time was set back"
	for name, test := range map[string]struct {
		script          string
		why, undigested string // it counts as changed, with a digest and without
	}{
		"chmod":         {"chmod 640 d/file", "", ""},
		"hard link":     {"ln d/file other", "", ""},
		"copy by links": {"cp -al d copy", "", ""},
		"renamed":       {"mv d/file other", "", ""},
		"removed":       {"rm d/file", "", ""},
		"all removed":   {"rm -r d", "", ""},
		"read":          {"touch -a d/file", "", ""},
		"written to":    {"printf x | dd of=d/file conv=notrunc status=none", moved, moved},
		"touched":       {"touch d/file", moved, moved},
		"time restored": {"touch -r d/file time; printf x | dd of=d/file conv=notrunc status=none; touch -r time d/file", restored, ""},
		"grown":         {"printf x >>d/file", "its size changed from 33554432 to 33554433 bytes", "its size changed from 33554432 to 33554433 bytes"},
		"replaced":      {"cp -p d/file other; mv other d/file", "it was replaced by another file", "it was replaced by another file"},
		"truncated":     {"truncate -s 1 d/file", "its size changed from 33554432 to 1 bytes", "its size changed from 33554432 to 1 bytes"},
	} {
		for way, args := range map[string][]string{"FILE": {"d/file"}, "--hash": {"--hash=k", "d/file"}, "-r": {"-r", "d"}} {
			want := test.why
			if way == "--hash" {
				want = test.undigested
			}
			t.Run(name+" "+way, func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				path := filepath.Join(dir, "d", "file")
				mustDo(t, errors.Join(os.Mkdir(filepath.Dir(path), 0o700), os.WriteFile(path, nil, 0o600), os.Truncate(path, size)))
				received := make(chan error, 1)
				server := serve(t, func(_ http.ResponseWriter, r *http.Request) {
					_, _ = io.CopyN(io.Discard, r.Body, size/2)
					change := exec.Command("sh", "-ec", test.script)
					change.Dir = dir
					if out, err := change.CombinedOutput(); err != nil {
						t.Errorf("%v: %s", err, out)
					}
					_, err := io.Copy(io.Discard, r.Body)
					received <- err
				})
				got := call{args: append([]string{"put"}, args...), env: server.env(), dir: dir}.run(t)
				if err := await(t, received); (err == nil) != (want == "") {
					t.Errorf("the server read the body: %v", err)
				}
				id := digest
				if way == "--hash" {
					id = "k"
				}
				whole := outcome{stdout: id + "  d/file\n"}
				lines := []string{"1 uploaded; 32.0 MiB in TIME\n"}
				if want != "" {
					whole = outcome{code: 7, stderr: "artifact: uploading d/file: the input changed while it was read: " + want + "\n"}
					lines = []string{"1 artifact failed\n"}
				}
				if way == "-r" {
					whole.stderr += "artifact: " + strings.Join(lines, "artifact: ")
				}
				if want != "" {
					whole.stderr += "artifact: hint: The cache does not have it. Run the upload again when no program writes to the file.\n"
				}
				got.steady().check(t, whole)
			})
		}
	}
}
