//go:build unix

package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// steady returns an outcome without times.
func (o outcome) steady() outcome {
	o.stderr = elapsed.ReplaceAllString(o.stderr, " in TIME\n")
	return o
}

// TestCopyByLinks copies a directory with hard links while its files are
// uploaded, which updates their change times.
func TestCopyByLinks(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{"plain": {"put", "-r", "d"}, "asked first": {"put", "--skip-existing", "-r", "d"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			mustDo(t, os.Mkdir(filepath.Join(dir, "d"), 0o700))
			files(t, filepath.Join(dir, "d"), 100)
			copyAll := sync.OnceFunc(func() {
				cp := exec.Command("cp", "-al", "d", "copy")
				cp.Dir = dir
				if out, err := cp.CombinedOutput(); err != nil {
					t.Errorf("%v: %s", err, out)
				}
			})
			server := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodPut {
					w.WriteHeader(http.StatusNotFound)
					return
				}
				copyAll()
				_, _ = io.Copy(io.Discard, r.Body)
			})
			got := call{args: args, env: server.env(), dir: dir}.run(t).steady()
			got.stdout = fmt.Sprint(strings.Count(got.stdout, "\n"))
			got.check(t, outcome{0, "100", "artifact: 100 uploaded; 500 B in TIME\n"})
		})
	}
}
