package transfer_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/transfer"
)

// openBelow counts the open files of this process in a directory.
func openBelow(t *testing.T, dir string) (n int) {
	t.Helper()
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range open {
		if path, err := os.Readlink("/proc/self/fd/" + fd.Name()); err == nil && strings.HasPrefix(path, dir) {
			n++
		}
	}
	return n
}

// TestEndedRunsReleaseFiles ends runs while files are read, sent, looked up, or
// wait for a turn.
func TestEndedRunsReleaseFiles(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		jobs              int
		asks, signs, loop bool // loop: the results go to a terminal not wanted any more
		ends              string
	}{
		"sending":                      {jobs: 3, ends: http.MethodPut},
		"with one job":                 {jobs: 1, ends: http.MethodPut},
		"signing":                      {jobs: 3, signs: true, ends: http.MethodPut},
		"sending what is not there":    {jobs: 3, asks: true, ends: http.MethodPut},
		"asking":                       {jobs: 3, asks: true, ends: http.MethodPost},
		"asking for each":              {jobs: 3, asks: true, ends: http.MethodHead},
		"results that nobody looks at": {jobs: 3, loop: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			var names []string
			for i := range 40 {
				names = append(names, fmt.Sprint("small", i), fmt.Sprint("large", i))
			}
			inputs := write(t, dir, names...)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			uploader := hungry(t, test.asks, func(r *http.Request) {
				if r.Method == test.ends {
					time.Sleep(moment) // in which others advance as far as possible
					cancel()
					<-r.Context().Done()
				}
			})
			if test.signs {
				uploader.Signer, uploader.Scheme = artifact.NewSigner([]byte("key"), "team"), artifact.SchemeV1
			}
			for range uploader.PutAll(ctx, all(inputs...), transfer.Batch{Jobs: test.jobs}) {
				if test.loop {
					break
				}
			}
			if n := openBelow(t, dir); n > 0 { // at once: the garbage collector would close them too
				t.Errorf("%d files are open", n)
			}
		})
	}
}
