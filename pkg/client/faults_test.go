package client_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/command"
	"github.com/artifact-cli/artifact/pkg/internal/must"
	"github.com/artifact-cli/artifact/pkg/internal/server"
	"github.com/artifact-cli/artifact/pkg/internal/store"
)

// fault is one row of the table: a network between our client and our server
// that fails in one way.
type fault struct {
	name   string
	method string
	size   int    // of the artifact
	mishap mishap // nil where nobody listens
	wants  expectation
	holds  holding
	change func(*client.Options)
	secure bool  // over TLS
	met    int64 // connections of the first try, where it is not 1
}

// expectation is what the client must say when every connection fails like
// that. What may pass is tried again, and succeeds if only the first
// connection fails.
type expectation struct {
	passes bool
	exit   int    // the program's; 0 for 9, as of what may pass
	status int    // of the last answer; 0 for none
	err    error  // that is wrapped; nil for any
	text   string // what is said, as a regular expression, where it is more than err
}

// stored is the expectation that the first try succeeds.
var stored = expectation{}

// broken is a failure of the network that may pass, with what is said of it:
// how a connection ends that breaks is the system's choice.
func broken(err error) expectation {
	if err != nil {
		return expectation{passes: true, err: err}
	}
	return said(`.*(EOF|connection reset by peer|broken pipe|the server closed the connection.*)`)
}

// failing is an answer that may pass.
func failing(status int) expectation { return expectation{passes: true, status: status} }

// said is a failure of the network that may pass, by its words.
func said(text string) expectation { return expectation{passes: true, text: text} }

// refused is an answer that is final.
func refused(exit, status int, err error) expectation {
	return expectation{exit: exit, status: status, err: err}
}

// message is all that is said, as a regular expression.
func (e expectation) message(doing string) *regexp.Regexp {
	reason := e.text
	switch {
	case e.err == io.ErrUnexpectedEOF:
		reason = "reading the server's answer: it ended too early"
	case reason == "" && e.err != nil:
		reason = "(reading the server's answer: )?" + regexp.QuoteMeta(e.err.Error())
	}
	if e.status != 0 {
		answered := strings.TrimSpace(fmt.Sprintf("the server answered %d %s", e.status, http.StatusText(e.status)))
		if reason != "" {
			answered += ": "
		}
		reason = answered + reason
	}
	return regexp.MustCompile("^" + doing + ": " + reason + "$")
}

// holding is what the server has afterwards.
type holding string

const (
	nothing holding = "nothing"
	whole   holding = "the whole artifact"
	either  holding = "the whole artifact or nothing" // where a race decides
)

// furtherTries is how many there are in the table.
const furtherTries = 1

// limit ends what stands still. It is not measured, only waited for, and long
// enough for what only waits its turn on a busy machine.
const limit = 900 * time.Millisecond

func impatientOptions(o *client.Options) { o.StallTimeout, o.AnswerTimeout = limit, 4*limit }

// TestFaults puts each fault between client and server, once on the first
// connection only and once on all of them.
func TestFaults(t *testing.T) {
	t.Parallel()
	rows := slices.Concat(faultsOfAll(http.MethodPut), faultsOut(), faultsInBetween(), faultsBack(), faultsOfTLS(), faultsOfGet(), faultsOfQuestions())
	if len(rows) < 100 {
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
	content := noise(f.size)
	if f.method != http.MethodPut {
		metadata := artifact.Metadata{CI: "X", Duration: new(time.Second)}
		must.Do(t, cache.store.Put(t.Context(), store.Key{ID: "abc"}, int64(len(content)), metadata, bytes.NewReader(content)))
	}
	count := max(f.met, 1)
	if always {
		count = 1 << 40
	}
	network, address := startNetwork(t, "127.0.0.1:0", cache.address, f.mishap, count)
	if f.mishap == nil {
		network.close()
	}
	tries := 1
	c := newClient(t, cache.scheme+"://"+address, func(o *client.Options) {
		o.Retries, o.RootCAs = furtherTries, cache.roots
		o.OnRetry = func(client.Retry) {
			if tries++; f.mishap == nil && !always {
				startNetwork(t, address, cache.address, through(nil, nil), 0)
			}
		}
		if f.change != nil {
			f.change(o)
		}
	})
	err := calls[f.method].make(t, c, content)
	f.check(t, err, tries, always)
	network.stop()
	held := cache.holds(t, content)
	wants := whole // what is only read stays
	if f.method == http.MethodPut {
		wants = f.holds
	}
	switch {
	case err == nil && held != whole:
		t.Errorf("it says that all is well, and the server holds %s", held)
	case always && wants != either && held != wants:
		t.Errorf("the server holds %s, want %s", held, wants)
	}
}

// check compares what came out with the row.
func (f fault) check(t *testing.T, err error, tries int, always bool) {
	t.Helper()
	wantTries := 1
	if f.wants.passes {
		wantTries += furtherTries
	}
	if tries != wantTries {
		t.Errorf("%d tries, want %d", tries, wantTries)
	}
	if f.wants == stored || f.wants.passes && !always {
		if err != nil {
			t.Errorf("error %v, want success", err)
		}
		return
	}
	var failed *client.Error
	if !errors.As(err, &failed) {
		t.Fatalf("error %v, want a *client.Error", err)
	}
	if failed.Status != f.wants.status || f.wants.err != nil && !errors.Is(err, f.wants.err) || failed.Attempts != tries {
		t.Errorf("status %d, %d tries, error %v; want %+v", failed.Status, failed.Attempts, err, f.wants)
	}
	if code, want := command.ExitCode(err), cmp.Or(f.wants.exit, 9); code != want {
		t.Errorf("exit %d, want %d", code, want)
	}
	if want := f.wants.message(calls[f.method].doing); !want.MatchString(err.Error()) {
		t.Errorf("message %q, want %q", err, want)
	}
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
	dir := must.Get(store.Open(t.TempDir(), store.Options{}))(t)
	listener := must.Get(net.Listen("tcp", "127.0.0.1:0"))(t)
	c := &cache{scheme: "http", address: listener.Addr().String(), store: dir}
	if secure {
		c.scheme = "https"
		certified := httptest.NewTLSServer(nil)
		certified.Close()
		c.roots = x509.NewCertPool()
		c.roots.AddCert(certified.Certificate())
		listener = tls.NewListener(listener, &tls.Config{NextProtos: []string{"http/1.1"}, Certificates: certified.TLS.Certificates})
	}
	answers := must.Get(server.New(dir, server.Options{
		Token: token, Addr: listener.Addr(), Limits: server.Limits{Window: 10 * time.Second},
	}))(t)
	web := &http.Server{ErrorLog: log.New(io.Discard, "", 0), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Host = c.address // the client asks for the proxy's
		answers.ServeHTTP(w, r)
	})}
	go web.Serve(listener)
	c.stop = func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := web.Shutdown(ctx); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(func() { dir.Close() })
	return c
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
	body := must.Get(io.ReadAll(blob.Body))(t)
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
