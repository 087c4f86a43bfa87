package server_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/must"
	"github.com/artifact-cli/artifact/pkg/internal/store"
)

// pester runs clients whose headers and bodies trickle until the server closes
// the connection.
func (l *load) pester(group *sync.WaitGroup) {
	for i := range 8 {
		begin := "GET /v8/artifacts/status HTTP/1.1\r\nX: "
		if i%2 == 0 {
			begin = l.head("PUT", "/v8/artifacts/client-0-0?slug=load") + "Content-Length: 1000000\r\n\r\n"
		}
		conn := l.raw(begin)
		done := make(chan struct{})
		go trickle(conn, done)
		group.Go(func() {
			defer close(done)
			_, _ = io.Copy(io.Discard, conn) // ends when the server closes it
			_ = conn.Close()                 // before open files are counted
		})
	}
}

// checkStored opens the directory again, and checks that it has exactly the
// acknowledged artifacts, or fewer with a limit.
func (l *load) checkStored(dir string, limit int64) {
	d := must.Get(store.Open(dir, store.Options{ReadOnly: true}))(l)
	defer d.Close() //nolint:errcheck // opened for reading
	files := must.Get(os.ReadDir(filepath.Join(dir, "load")))(l)
	if !l.bounded && len(files) != len(l.stored) {
		l.Errorf("%d artifacts are stored, and %d were acknowledged", len(files), len(l.stored))
	}
	var total int64
	for _, file := range files {
		total += must.Get(file.Info())(l).Size()
		v, acknowledged := l.stored[file.Name()]
		blob, err := d.Get(l.Context(), store.Key{Team: "load", ID: artifact.ID(file.Name())})
		if err != nil || !acknowledged {
			l.Errorf("%q: %v, acknowledged: %t", file.Name(), err, acknowledged)
			continue
		}
		same, err := equal(blob.Body, noise(v.seed, v.size))
		if err := errors.Join(err, blob.Body.Close()); err != nil || !same {
			l.Errorf("%q is another one than %v (%v)", file.Name(), v, err)
		}
	}
	if total == 0 || l.bounded && total > limit {
		l.Errorf("%d files have %d bytes, and the limit is %d", len(files), total, limit)
	}
}

// settle waits for goroutines that outlive a connection.
func settle(t *testing.T, what string, want int, count func() int) {
	t.Helper()
	late := time.After(time.Minute)
	for count() > want {
		select {
		case <-late:
			t.Fatalf("%d %s, and %d before", count(), what, want)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// openFiles counts this process's open files, if the system reports them.
func openFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Log("this system does not tell how many files are open")
	}
	return len(entries)
}
