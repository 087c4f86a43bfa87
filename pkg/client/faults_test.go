package client_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/internal/server"
	"github.com/artifact-cli/artifact/pkg/internal/store"
)

// fault is one row of the table: a network between our client and our server
// that fails in one way.
type fault struct {
	name   string
	method string
	size   int // of the artifact
	mishap mishap
	wants  expectation
	holds  holding
	change func(*client.Options)
	secure bool // over TLS
}

// expectation is what the client must say when every connection fails like
// that. What may pass is tried again, and succeeds if only the first
// connection fails.
type expectation struct {
	passes bool
	status int   // of the last answer; 0 for none
	err    error // that is wrapped; nil for any
	text   string
}

// stored is the expectation that the first try succeeds.
var stored = expectation{status: http.StatusAccepted, passes: false}

// broken is a failure of the network that may pass, with what is said of it.
func broken(err error) expectation { return expectation{passes: true, err: err} }

// holding is what the server has afterwards.
type holding string

const (
	nothing holding = "nothing"
	whole   holding = "the whole artifact"
	either  holding = "the whole artifact or nothing" // where a race decides
)

// furtherTries is how many there are in the table.
const furtherTries = 1

// limit ends what stands still. It is not measured, only waited for.
const limit = 300 * time.Millisecond

func impatientOptions(o *client.Options) { o.StallTimeout, o.AnswerTimeout = limit, 2*limit }

// TestFaults puts each fault between client and server, once on the first
// connection only and once on all of them.
func TestFaults(t *testing.T) {
	t.Parallel()
	rows := append(append(append(faultsOut(), faultsInBetween()...), faultsBack()...), faultsOfTLS()...)
	if len(rows) < 40 {
		t.Fatalf("%d faults", len(rows))
	}
	for _, row := range rows {
		t.Run(row.method+" "+row.name, func(t *testing.T) {
			t.Parallel()
			t.Run("at first", func(t *testing.T) { t.Parallel(); row.run(t, false) })
			t.Run("always", func(t *testing.T) { t.Parallel(); row.run(t, true) })
		})
	}
}

func (f fault) run(t *testing.T, always bool) {
	cache := startFaultyCache(t, f.secure)
	count := int64(1)
	if f.secure {
		count = 2 // one for each version of HTTP
	}
	if always {
		count = 1 << 40
	}
	network, address := startNetwork(t, cache.address, f.mishap, count)
	c := newClient(t, cache.scheme+"://"+address, func(o *client.Options) {
		o.Retries, o.RootCAs = furtherTries, cache.roots
		if f.change != nil {
			f.change(o)
		}
	})
	client.SkipPausesForTest(c)
	content := noise(f.size)
	metadata := artifact.Metadata{CI: "X", Duration: new(time.Second)}
	got, err := c.Put(t.Context(), client.Upload{ID: "abc", Source: artifact.FromBytes(content), Metadata: metadata})

	attempts, want := f.check(t, got, err, always)
	if attempts != want {
		t.Errorf("%d tries, want %d", attempts, want)
	}
	network.stop()
	held := cache.holds(t, content)
	switch {
	case err == nil && held != whole:
		t.Errorf("it says that it stored the artifact, and the server holds %s", held)
	case always && f.holds != either && held != f.holds:
		t.Errorf("the server holds %s, want %s", held, f.holds)
	}
}

// check compares the result with the row. It returns the tries that there were
// and that there should be.
func (f fault) check(t *testing.T, got *client.Stored, err error, always bool) (attempts, want int) {
	t.Helper()
	succeeds := f.wants == stored || f.wants.passes && !always
	var failed *client.Error
	switch {
	case err == nil && !succeeds:
		t.Errorf("success, want %+v", f.wants)
		return 0, 0
	case err != nil && !errors.As(err, &failed):
		t.Fatalf("error %v, want a *client.Error", err)
	case err != nil && succeeds:
		t.Errorf("error %v (%+v), want success", err, failed)
		return 0, 0
	}
	if f.wants.passes {
		want = 2
		if always {
			want = 1 + furtherTries
		}
	} else {
		want = 1
	}
	if err == nil {
		return got.Attempts, want
	}
	if failed.Status != f.wants.status || f.wants.err != nil && !errors.Is(err, f.wants.err) {
		t.Errorf("status %d, error %v; want %+v", failed.Status, err, f.wants)
	}
	if f.wants.text != "" && !bytes.Contains([]byte(err.Error()), []byte(f.wants.text)) {
		t.Errorf("error %q, want %q in it", err, f.wants.text)
	}
	return failed.Attempts, want
}

// cache is our server and its store.
type cache struct {
	scheme, address string
	roots           *x509.CertPool
	store           *store.Dir
	stop            func()
}

func startFaultyCache(t *testing.T, secure bool) *cache {
	t.Helper()
	dir, err := store.Open(t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cache{scheme: "http", address: listener.Addr().String(), store: dir}
	if secure {
		c.scheme = "https"
		var certificate tls.Certificate
		certificate, c.roots = testCertificate(t)
		listener = tls.NewListener(listener, &tls.Config{
			NextProtos: []string{"http/1.1"}, Certificates: []tls.Certificate{certificate},
		})
	}
	web, err := server.New(dir, server.Options{
		Token: token, Hosts: []string{"127.0.0.1"}, Limits: server.Limits{Window: 10 * time.Second},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- web.Serve(ctx, listener) }()
	c.stop = func() {
		cancel()
		if err, ok := <-ended; ok && err != nil {
			t.Error(err)
		}
		close(ended)
	}
	t.Cleanup(func() { dir.Close() })
	return c
}

func testCertificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	return server.TLS.Certificates[0], roots
}

// holds stops the server, which lets it end what it has begun, and looks into
// its store.
func (c *cache) holds(t *testing.T, content []byte) holding {
	t.Helper()
	c.stop()
	blob, err := c.store.Get(t.Context(), store.Key{ID: "abc"})
	if errors.Is(err, store.ErrNotFound) {
		return nothing
	}
	if err != nil {
		t.Fatal(err)
	}
	defer blob.Body.Close()
	body, err := io.ReadAll(blob.Body)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(body, content) || blob.Metadata.CI != "X" || blob.Metadata.Duration == nil {
		return holding(fmt.Sprintf("%d wrong bytes, %+v", len(body), blob.Metadata))
	}
	return whole
}

// noise is content of which no part is like another.
func noise(size int) []byte {
	content := make([]byte, size)
	rand.NewChaCha8([32]byte{}).Read(content)
	return content
}
