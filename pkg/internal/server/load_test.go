package server_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/bits"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/artifact-cli/artifact/pkg/internal/must"
	"github.com/artifact-cli/artifact/pkg/internal/server"
	"github.com/artifact-cli/artifact/pkg/internal/store"
)

// load is what the clients of TestLoad share.
type load struct {
	*running
	client *http.Client
	// breaker is for aborted uploads. On shared connections, net/http would
	// sometimes return their cancellation for the next request.
	breaker *http.Client
	bounded bool // whether the store may have removed what it had
	largest int64
	done    func(rounds int) bool

	mu     sync.Mutex
	stored map[string]version // by id, the last acknowledged version
}

// loader is one of the clients, with ids of its own.
type loader struct {
	*load
	n      int
	random *rand.Rand
	has    map[string]version
}

// version is an acknowledged artifact.
type version struct {
	seed uint64
	size int64
}

// long asks for a long test.
var long = os.Getenv("ARTIFACT_TEST_LONG") != ""

// TestLoad has 64 clients upload, overwrite, abort, download and query at the
// same time. It is not parallel: it counts goroutines and files.
func TestLoad(t *testing.T) { //nolint:paralleltest // see above
	// The runtime opens the files that it keeps for the network.
	must.Do(t, must.Get(net.Listen("tcp", "127.0.0.1:0"))(t).Close())
	limited := int64(2 << 20)
	if long {
		limited = 200 << 20
	}
	for name, limit := range map[string]int64{"without a limit": 0, "with a limit": limited} {
		t.Run(name, func(t *testing.T) {
			goroutines, files := runtime.NumGoroutine(), openFiles(t)
			dir := t.TempDir()
			runLoad(t, dir, limit)
			left, err := filepath.Glob(filepath.Join(dir, ".tmp", "*"))
			if err != nil || len(left) > 0 {
				t.Errorf("%q was left (%v)", left, err)
			}
			settle(t, "goroutines", goroutines, runtime.NumGoroutine)
			settle(t, "open files", files, func() int { return openFiles(t) })
		})
	}
}

func runLoad(t *testing.T, dir string, limit int64) {
	d := must.Get(store.Open(dir, store.Options{MaxSize: limit}))(t)
	r := start(t, d, server.Options{Limits: server.Limits{Window: 20 * time.Second}})
	transport := &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}
	breaking := transport.Clone()
	l := &load{
		running: r, client: &http.Client{Transport: transport}, breaker: &http.Client{Transport: breaking}, bounded: limit > 0,
		largest: 256 << 10, done: func(rounds int) bool { return rounds >= 12 }, stored: make(map[string]version),
	}
	if long {
		end := time.Now().Add(time.Minute)
		l.largest, l.done = 64<<20, func(int) bool { return time.Now().After(end) }
		if l.bounded {
			l.largest = 8 << 20
		}
	}
	var group sync.WaitGroup
	if long {
		l.pester(&group)
	}
	for n := range 64 {
		group.Go(func() {
			c := &loader{load: l, n: n, random: rand.New(rand.NewPCG(1, uint64(n))), has: make(map[string]version)}
			for rounds := 0; !l.done(rounds) && !t.Failed(); rounds++ {
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
	transport.CloseIdleConnections()
	breaking.CloseIdleConnections()
	r.stop()
	if err := <-r.ended; err != nil {
		t.Errorf("Serve = %v", err)
	}
	must.Do(t, d.Close())
	l.checkStored(dir, limit)
}

func (c *loader) step() {
	id := fmt.Sprintf("client-%d-%d", c.n, c.random.IntN(6))
	switch c.random.IntN(10) {
	case 0:
		c.breakOff(id)
		c.get(id) // as it was
	case 1, 2, 3:
		c.get(id)
	case 4:
		c.query()
	default:
		c.put(id)
	}
}

// size has as many small ones as large ones, empty ones and the largest.
func (c *loader) size() int64 {
	if c.random.IntN(200) == 0 {
		return c.largest
	}
	return c.random.Int64N(int64(1) << c.random.IntN(bits.Len64(uint64(c.largest))))
}

func (c *loader) put(id string) {
	v := version{seed: c.random.Uint64(), size: c.size()}
	request := c.request(http.MethodPut, "/v8/artifacts/"+id+"?slug=load", nil, fmt.Sprintf("x-artifact-sha: %d", v.seed))
	request.Body, request.ContentLength = io.NopCloser(noise(v.seed, v.size)), v.size
	if v.size == 0 {
		request.Body = http.NoBody
	}
	c.exchange(request, func(response *http.Response) error {
		switch {
		case response.StatusCode == http.StatusAccepted:
			c.has[id] = v
		case response.StatusCode != http.StatusInsufficientStorage || !c.bounded:
			return errors.New(response.Status)
		}
		_, err := io.Copy(io.Discard, response.Body)
		return err
	})
}

// exchange makes a request and reads the answer.
func (c *loader) exchange(request *http.Request, read func(*http.Response) error) {
	response, err := c.client.Do(request)
	if err == nil {
		err = errors.Join(read(response), response.Body.Close())
	}
	if err != nil {
		c.Errorf("%s %s: %v", request.Method, request.URL.Path, err)
	}
}

// breakOff ends an upload in its middle.
func (c *loader) breakOff(id string) {
	ctx, cancel := context.WithCancel(c.Context())
	defer cancel()
	size := c.size() + 1
	request := c.request(http.MethodPut, "/v8/artifacts/"+id+"?slug=load", nil).WithContext(ctx)
	half := io.MultiReader(noise(0, size/2), readerFunc(func([]byte) (int, error) {
		cancel()
		return 0, context.Canceled
	}))
	request.Body, request.ContentLength = io.NopCloser(half), size
	if response, err := c.breaker.Do(request); err == nil {
		_ = response.Body.Close()
		if response.StatusCode != http.StatusInsufficientStorage {
			c.Errorf("half a PUT: %s", response.Status)
		}
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func (c *loader) get(id string) {
	v, stored := c.has[id]
	c.exchange(c.request(http.MethodGet, "/v8/artifacts/"+id+"?slug=load", nil), func(response *http.Response) error {
		if response.StatusCode == http.StatusNotFound && (!stored || c.bounded) {
			_, err := io.Copy(io.Discard, response.Body)
			return err
		}
		same, err := equal(response.Body, noise(v.seed, v.size))
		if err == nil && (!same || !stored || response.StatusCode != http.StatusOK || response.Header.Get("x-artifact-sha") != fmt.Sprint(v.seed)) {
			err = fmt.Errorf("%s, same: %t, want %v (stored: %t)", response.Status, same, v, stored)
		}
		return err
	})
}

func (c *loader) query() {
	request := c.request(http.MethodPost, "/v8/artifacts?slug=load", []byte(`{"hashes":["client-0-0","client-1-1","none"]}`))
	c.exchange(request, func(response *http.Response) error {
		text, err := io.ReadAll(response.Body)
		if err == nil && !bytes.HasSuffix(text, []byte(`,"none":null}`+"\n")) {
			err = fmt.Errorf("%s, %s", response.Status, text)
		}
		return err
	})
}
