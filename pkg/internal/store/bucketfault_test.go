package store_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2/toxics"

	"github.com/artifact-cli/artifact/internal/s3test"
	"github.com/artifact-cli/artifact/pkg/internal/must"
	"github.com/artifact-cli/artifact/pkg/internal/store"
	"github.com/artifact-cli/artifact/pkg/internal/store/storetest"
)

// answerTime is how long any call may take while the storage fails: LongestWait,
// and more on a machine that is busy.
const answerTime = store.LongestWait + 20*time.Second

// calls are what a store is asked for while its storage fails.
var calls = map[string]func(*testing.T, store.Store) error{
	"stat":          func(t *testing.T, s store.Store) error { _, err := s.Stat(t.Context(), key("old")); return err },
	"get":           func(t *testing.T, s store.Store) error { return readAll(t, s, "old") },
	"get of none":   func(t *testing.T, s store.Store) error { return readAll(t, s, "none") },
	"empty":         putCall("empty", 0, 0),
	"small":         putCall("small", 10, 10),
	"medium":        putCall("medium", 1<<20, 1<<20),
	"large":         putCall("large", 9<<20, 9<<20),
	"small unknown": putCall("small-unknown", store.UnknownSize, 10),
	"large unknown": putCall("large-unknown", store.UnknownSize, 9<<20),
}

func putCall(id string, size int64, length int) func(*testing.T, store.Store) error {
	return func(t *testing.T, s store.Store) error {
		return s.Put(t.Context(), key(id), size, storetest.Full(), bytes.NewReader(storetest.Bytes(1, length)))
	}
}

func readAll(t *testing.T, s store.Store, id string) error {
	blob, err := s.Get(t.Context(), key(id))
	if err != nil {
		return err
	}
	n, err := io.Copy(io.Discard, blob.Body)
	if n != blob.Size && err == nil {
		t.Errorf("%d of %d bytes were read, without an error", n, blob.Size)
	}
	return errors.Join(err, blob.Body.Close())
}

// callAll makes all calls at once and returns their errors by name. Every call must
// end in time.
func callAll(t *testing.T, s store.Store) map[string]error {
	t.Helper()
	errs := make(map[string]error)
	var mu sync.Mutex
	var group sync.WaitGroup
	for name, call := range calls {
		group.Go(func() {
			began := time.Now()
			err := call(t, s)
			if took := time.Since(began); took > answerTime {
				t.Errorf("%s took %v", name, took)
			}
			mu.Lock()
			defer mu.Unlock()
			errs[name] = err
		})
	}
	group.Wait()
	return errs
}

// TestFailingNetwork checks that every call to storage that cannot be reached fails
// soon with ErrUnavailable, that nothing torn becomes visible, and that the next
// call succeeds once the network does.
func TestFailingNetwork(t *testing.T) {
	t.Parallel()
	server := s3test.Start(t)
	for name, fail := range map[string]func(*s3test.Proxy){
		"down":             func(p *s3test.Proxy) { p.Down() },
		"black hole":       func(p *s3test.Proxy) { p.Fail(&toxics.TimeoutToxic{}, nil) },
		"no answers":       func(p *s3test.Proxy) { p.Fail(nil, &toxics.TimeoutToxic{}) },
		"closes at once":   func(p *s3test.Proxy) { p.Fail(nil, &toxics.LimitDataToxic{}) },
		"reset":            func(p *s3test.Proxy) { p.Fail(&toxics.ResetToxic{}, nil) },
		"cut in a request": func(p *s3test.Proxy) { p.Fail(&toxics.LimitDataToxic{Bytes: 300}, nil) },
		"cut in an answer": func(p *s3test.Proxy) { p.Fail(nil, &toxics.LimitDataToxic{Bytes: 15}) },
		"slow headers":     func(p *s3test.Proxy) { p.Fail(nil, &toxics.SlicerToxic{AverageSize: 1, Delay: 100_000}) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			proxy, seen := server.Through(t)
			b, direct := openBucket(t, seen, store.BucketOptions{}), openBucket(t, server, store.BucketOptions{})
			put(t, b, "old", "body")
			fail(proxy)
			for call, err := range callAll(t, b) {
				if !errors.Is(err, store.ErrUnavailable) {
					t.Errorf("%s: %v, want ErrUnavailable", call, err)
				}
			}
			expectWhole(t, direct)
			proxy.Fail(nil, nil)
			if name == "down" {
				proxy.Up(t)
			}
			expectRecovery(t, b)
		})
	}
}

// expectWhole fails if an artifact of calls is there, but not whole.
func expectWhole(t *testing.T, s store.Store) {
	t.Helper()
	for _, id := range []string{"empty", "small", "medium", "large", "small-unknown", "large-unknown"} {
		if err := readAll(t, s, id); err != nil && !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: %v", id, err)
		}
	}
	expectContents(t, s, map[string]string{"old": "body"})
}

// expectRecovery fails unless all calls succeed again.
func expectRecovery(t *testing.T, s store.Store) {
	t.Helper()
	for call, err := range callAll(t, s) {
		for try := 1; try < 5 && errors.Is(err, store.ErrStalled); try++ { // on a busy machine
			err = calls[call](t, s)
		}
		if call == "get of none" && errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			t.Errorf("afterwards, %s: %v", call, err)
		}
	}
	expectContents(t, s, map[string]string{"old": "body"})
}

// TestFailingServer is TestFailingNetwork for a server that answers, but not as it
// should.
func TestFailingServer(t *testing.T) {
	t.Parallel()
	server := s3test.Start(t)
	const slowDown = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>`
	const noBucket = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>NoSuchBucket</Code><Message>The specified bucket does not exist</Message></Error>`
	const denied = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>`
	for name, answer := range map[string]http.HandlerFunc{
		"500":           answering(500, "", ""),
		"SlowDown":      answering(503, "application/xml", slowDown),
		"NoSuchBucket":  answering(404, "application/xml", noBucket),
		"AccessDenied":  answering(403, "application/xml", denied),
		"a web page":    answering(404, "text/html", "<html>not found</html>"),
		"a redirect":    answering(302, "text/html", "<html>sign in</html>"),
		"another's 200": answering(200, "text/html", "<html>welcome</html>"),
		"endless": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(500)
			for r.Context().Err() == nil && r.Method != http.MethodHead {
				_, _ = w.Write(make([]byte, 1<<16))
				time.Sleep(10 * time.Millisecond)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fails, seen := failingServer(t, server, answer)
			b, direct := openBucket(t, seen, store.BucketOptions{}), openBucket(t, server, store.BucketOptions{})
			put(t, b, "old", "body")
			fails.Store(true)
			for call, err := range callAll(t, b) {
				if !errors.Is(err, store.ErrUnavailable) {
					t.Errorf("%s: %v, want ErrUnavailable", call, err)
				}
			}
			expectWhole(t, direct)
			fails.Store(false)
			expectRecovery(t, b)
		})
	}
}

// TestSlowNetwork uploads more than the network takes in the time that a call waits
// for progress.
func TestSlowNetwork(t *testing.T) {
	t.Parallel()
	proxy, seen := s3test.Start(t).Through(t)
	b := must.Get(changeBucket(t, seen, seen.URL("cache"), store.BucketOptions{}, bufferingLittle))(t)
	proxy.Fail(&toxics.BandwidthToxic{Rate: 2 << 10}, nil) // KB/s: a part takes 4 s
	for name, size := range map[string]int64{"known": 10 << 20, "a part": store.UnknownSize, "parts": store.UnknownSize} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := storetest.Bytes(1, 10<<20)
			if name == "a part" {
				body = body[:8<<20-1]
			}
			if err := b.Put(t.Context(), key(strings.ReplaceAll(name, " ", "-")), size, storetest.Full(), bytes.NewReader(body)); err != nil {
				t.Error(err)
			}
		})
	}
}

// bufferingLittle makes the system take little at a time of what is sent. Over
// loopback it takes megabytes at once, and then a slow network seems to be silent.
func bufferingLittle(transport http.RoundTripper) http.RoundTripper {
	dial := transport.(*http.Transport).DialContext
	transport.(*http.Transport).DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err == nil {
			err = conn.(*net.TCPConn).SetWriteBuffer(64 << 10)
		}
		return conn, err
	}
	return transport
}

func answering(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// failingServer starts a server that passes requests on, unless it fails.
func failingServer(t *testing.T, server *s3test.Server, answer http.HandlerFunc) (fails *atomic.Bool, seen *s3test.Server) {
	t.Helper()
	fails = new(atomic.Bool)
	return fails, server.Behind(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if fails.Load() {
				answer(w, r)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
}
