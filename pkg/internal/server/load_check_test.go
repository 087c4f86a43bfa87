package server_test

import (
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/must"
	"github.com/artifact-cli/artifact/pkg/internal/store"
)

// pester runs clients whose headers and bodies trickle until the server closes
// the connection.
func (l *load) pester(group *sync.WaitGroup) {
	r := l.servers[0]
	for i := range 8 {
		begin := "GET /v8/artifacts/status HTTP/1.1\r\nX: "
		if i%2 == 0 {
			begin = r.head("PUT", "/v8/artifacts/client-0-0-0?slug=load") + "Content-Length: 1000000\r\n\r\n"
		}
		conn := r.raw(begin)
		done := make(chan struct{})
		go trickle(conn, done)
		group.Go(func() {
			defer close(done)
			_, _ = io.Copy(io.Discard, conn) // ends when the server closes it
			_ = conn.Close()                 // before open files are counted
		})
	}
}

// checkStored opens the store again, and checks that it has exactly the
// acknowledged artifacts, or fewer with a limit, and that no other file is left.
func (l *load) checkStored(shelf *shelf) {
	if !l.faulty && l.unavailable+l.cutOff > len(l.latency)/100 {
		l.Errorf("of %d answers %d were 503, and %d were cut off", len(l.latency), l.unavailable, l.cutOff)
	}
	s := shelf.open()
	defer s.Close() //nolint:errcheck // opened for reading
	var total int64
	for _, file := range l.listFiles(shelf.root) {
		team, id := filepath.Split(file.path)
		h, uploaded := l.stored[id]
		if filepath.Base(team) != "load" || !uploaded {
			// What storage that fails does not remove is left to its lifecycle.
			if id != "CACHEDIR.TAG" && l.unavailable == 0 {
				l.Errorf("%q was left", file.path)
			}
			continue
		}
		delete(l.stored, id)
		total += file.size
		blob, err := s.Get(l.Context(), store.Key{Team: "load", ID: artifact.ID(id)})
		if err != nil {
			l.Errorf("%q: %v", id, err)
			continue
		}
		v, found := h.find(blob.Metadata.SHA)
		same, err := equal(blob.Body, noise(v.seed, v.size))
		if err := errors.Join(err, blob.Body.Close()); err != nil || !same || !found {
			l.Errorf("%q is another one than %+v (%v)", id, h, err)
		}
	}
	for id, h := range l.stored {
		if h.acked && !l.bounded {
			l.Errorf("%q is missing", id)
		}
	}
	if total == 0 || l.bounded && total > shelf.limit {
		l.Errorf("the artifacts have %d bytes, and the limit is %d", total, shelf.limit)
	}
}

// file is a file of a store.
type file struct {
	path string
	size int64
}

// listFiles lists all files below root.
func (l *load) listFiles(root string) []file {
	var files []file
	must.Do(l, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(path, ".lock") {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			files = append(files, file{path, info.Size()})
		}
		return err
	}))
	return files
}
