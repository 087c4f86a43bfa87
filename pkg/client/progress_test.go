package client_test

import (
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
)

// slowProgress takes its time for the first piece.
type slowProgress struct {
	began             chan struct{} // closed meanwhile
	once              sync.Once
	running, overlaps atomic.Int64
}

func (p *slowProgress) Sent(n, _ int64) {
	if p.running.Add(1) > 1 {
		p.overlaps.Add(1)
	}
	defer p.running.Add(-1)
	if n > 0 {
		p.once.Do(func() { close(p.began); time.Sleep(100 * time.Millisecond) })
	}
}

func (p *slowProgress) Received(_, _ int64) {}

// TestProgressOfOneAttemptAtATime has a server refuse an upload while its progress is
// reported. The next attempt must not report at the same time.
func TestProgressOfOneAttemptAtATime(t *testing.T) {
	t.Parallel()
	for _, protocol := range []string{"http/1.1", "h2"} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			progress := &slowProgress{began: make(chan struct{})}
			var asked atomic.Int64
			api, trust := startTLS(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if asked.Add(1) == 1 {
					<-progress.began
					w.WriteHeader(http.StatusServiceUnavailable)
					return
				}
				io.Copy(io.Discard, r.Body)
			}), protocol)
			c := newClient(t, api, trust, func(o *client.Options) { o.Retries = 1 })
			stored, err := c.Put(t.Context(), client.Upload{ID: "abc", Source: artifact.FromBytes(make([]byte, 1<<20)), Progress: progress})
			if err != nil || stored.Attempts != 2 || progress.overlaps.Load() != 0 {
				t.Errorf("%+v, %v; %d reports overlapped another", stored, err, progress.overlaps.Load())
			}
		})
	}
}
