package server_test

import (
	"io"
	"math/rand/v2"
	"time"

	"github.com/Shopify/toxiproxy/v2/toxics"

	"github.com/artifact-cli/artifact/internal/s3test"
	"github.com/artifact-cli/artifact/pkg/internal/must"
	"github.com/artifact-cli/artifact/pkg/internal/store"
)

// shelf is where the servers of TestLoad store artifacts.
type shelf struct {
	root    string // the directory with all files
	servers int
	limit   int64 // 0 means none
	// For a long test: its time, and its largest artifact.
	soak    time.Duration
	largest int64
	open    func() closer
	disturb func() (stop func()) // makes the storage fail now and then
}

type closer interface {
	store.Store
	io.Closer
}

func undisturbed() func() { return func() {} }

func dirShelf(l *load, limit int64) *shelf {
	s := &shelf{root: l.TempDir(), servers: 1, limit: limit, soak: time.Minute, largest: 64 << 20, disturb: undisturbed}
	if limit > 0 {
		l.bounded, s.soak, s.largest = true, time.Minute/2, 8<<20
	}
	s.open = func() closer { return must.Get(store.Open(s.root, store.Options{MaxSize: limit}))(l) }
	return s
}

func bucketShelf(l *load, server *s3test.Server) *shelf {
	l.distant = true
	setKeys(l.T, server)
	address := must.Get(store.ParseBucket(server.URL("prefix")))(l)
	return &shelf{
		root: server.Dir, servers: 1, soak: time.Minute, largest: 20 << 20, disturb: undisturbed,
		open: func() closer {
			return must.Get(store.OpenBucket(l.Context(), address, store.BucketOptions{}))(l)
		},
	}
}

// shared returns a shelf of two servers.
func (s *shelf) shared() *shelf {
	s.servers, s.soak = 2, time.Minute/2
	return s
}

// faultyShelf returns a bucket behind a network that is cut, slow or silent half of
// the time.
func faultyShelf(l *load) *shelf {
	l.faulty = true
	proxy, seen := s3test.Start(l).Through(l)
	pause := func() { time.Sleep(rand.N(500 * time.Millisecond)) }
	failing := func(out, back toxics.Toxic) func() {
		return func() {
			proxy.Fail(out, back)
			pause()
			proxy.Fail(nil, nil)
		}
	}
	faults := []func(){
		proxy.Cut,
		func() {
			proxy.Down()
			pause()
			proxy.Up(l)
		},
		failing(&toxics.LatencyToxic{Latency: 100, Jitter: 100}, nil),
		failing(nil, &toxics.LatencyToxic{Latency: 100, Jitter: 100}),
		failing(&toxics.LimitDataToxic{Bytes: 100_000}, nil),
		failing(nil, &toxics.LimitDataToxic{Bytes: 100_000}),
		failing(nil, &toxics.TimeoutToxic{}),
	}
	s := bucketShelf(l, seen)
	s.soak, s.largest = time.Minute/2, 12<<20
	s.disturb = func() (stop func()) {
		stopping, stopped := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(stopped)
			for {
				select {
				case <-stopping:
					return
				default:
				}
				faults[rand.IntN(len(faults))]()
				pause()
			}
		}()
		return func() {
			close(stopping)
			<-stopped
		}
	}
	return s
}
