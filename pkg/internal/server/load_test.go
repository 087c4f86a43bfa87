package server_test

import (
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/artifact-cli/artifact/internal/s3test"
	"github.com/artifact-cli/artifact/pkg/internal/must"
	"github.com/artifact-cli/artifact/pkg/internal/server"
)

// load is what the clients of TestLoad share.
type load struct {
	*testing.T
	servers []*running // of one store
	client  *http.Client
	// breaker is for aborted uploads. On shared connections, net/http would
	// sometimes return their cancellation for the next request.
	breaker *http.Client
	bounded bool // whether the store may have removed what it had
	distant bool // whether the storage may be unavailable
	faulty  bool // whether it is, now and then
	largest int64
	done    func(rounds int) bool
	unsized chan struct{} // limits uploads of unknown size, as buckets do

	mu     sync.Mutex
	stored map[string]history // by id
	tally
}

// long asks for a long test.
var long = os.Getenv("ARTIFACT_TEST_LONG") != ""

// clients is how many clients TestLoad has.
const clients = 64

// TestLoad has many clients upload, overwrite, abort, download and query at the same
// time. It is not parallel: it counts goroutines and files.
func TestLoad(t *testing.T) { //nolint:paralleltest // see above
	// The runtime opens the files that it keeps for the network.
	must.Do(t, must.Get(net.Listen("tcp", "127.0.0.1:0"))(t).Close())
	limit := int64(2 << 20)
	if long {
		limit = 200 << 20
	}
	for name, test := range map[string]func(*load) *shelf{
		"a directory":              func(l *load) *shelf { return dirShelf(l, 0) },
		"a directory with a limit": func(l *load) *shelf { return dirShelf(l, limit) },
		"a bucket":                 func(l *load) *shelf { return bucketShelf(l, s3test.Start(l)) },
		"a bucket of two servers":  func(l *load) *shelf { return bucketShelf(l, s3test.Start(l)).shared() },
		"a bucket behind faults":   faultyShelf,
	} {
		t.Run(name, func(t *testing.T) {
			l := &load{T: t, unsized: make(chan struct{}, 16), stored: make(map[string]history)}
			shelf := test(l)
			l.begin()
			l.run(shelf)
			l.end()
			l.checkStored(shelf)
			t.Logf("%s: %v", name, &l.tally)
		})
	}
}

func (l *load) run(shelf *shelf) {
	for range shelf.servers {
		s := shelf.open()
		defer func() { must.Do(l, s.Close()) }()
		l.servers = append(l.servers, start(l, s, server.Options{Limits: server.Limits{Window: 20 * time.Second}}))
	}
	transport := &http.Transport{MaxIdleConnsPerHost: clients, DisableCompression: true}
	breaking := transport.Clone()
	l.client, l.breaker = &http.Client{Transport: transport}, &http.Client{Transport: breaking}
	l.largest, l.done = 256<<10, func(rounds int) bool { return rounds >= 12 }
	if long {
		end := time.Now().Add(shelf.soak)
		l.largest, l.done = shelf.largest, func(int) bool { return time.Now().After(end) }
	}
	var group sync.WaitGroup
	if long {
		l.pester(&group)
	}
	stop := shelf.disturb()
	for n := range clients {
		group.Go(func() {
			c := &loader{load: l, n: n, random: rand.New(rand.NewPCG(1, uint64(n))), has: make(map[string]history)}
			for rounds := 0; !l.done(rounds) && !l.Failed(); rounds++ {
				c.step()
			}
			for id := range c.has {
				c.get(id)
			}
			l.mu.Lock()
			defer l.mu.Unlock()
			maps.Copy(l.stored, c.has)
		})
	}
	group.Wait()
	stop()
	transport.CloseIdleConnections()
	breaking.CloseIdleConnections()
	for _, r := range l.servers {
		r.stop()
		if err := <-r.ended; err != nil {
			l.Errorf("Serve = %v", err)
		}
	}
}
