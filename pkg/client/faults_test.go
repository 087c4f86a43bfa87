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

	"github.com/artifact-cli/artifact/internal/freeport"
	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/command"
	"github.com/artifact-cli/artifact/pkg/internal/must"
	"github.com/artifact-cli/artifact/pkg/internal/server"
	"github.com/artifact-cli/artifact/pkg/internal/store"
)

// fault is a row of the table: one way in which the network between client and
// server fails.
type fault struct {
	name   string
	method string
	size   int    // of the artifact
	mishap mishap // nil if nothing listens
	wants  expectation
	holds  holding
	change func(*client.Options)
	secure bool  // over TLS
	met    int64 // connections of the first attempt, if not 1
}

// expectation is the client's error if every connection fails in this way. A
// transient failure is retried, and succeeds if only the first connection fails.
type expectation struct {
	passes bool
	exit   int    // the program's exit code; 0 for 9, a transient failure
	status int    // of the last answer; 0 for none
	err    error  // is wrapped; nil for any
	text   string // a regular expression, if not just err
}

// stored is the expectation that the first attempt succeeds.
var stored = expectation{}

// broken is a transient failure of the network, with the possible texts: the
// system chooses how a broken connection ends.
func broken(err error) expectation {
	if err != nil {
		return expectation{passes: true, err: err}
	}
	return said(`((dial|read|write) tcp .*: (connection reset by peer|broken pipe)|EOF|the server closed the connection.*)`)
}

// failing is a transient answer.
func failing(status int) expectation { return expectation{passes: true, status: status} }

// said is a transient failure of the network, by its text.
func said(text string) expectation { return expectation{passes: true, text: text} }

// refused is a final answer.
func refused(exit, status int, err error) expectation {
	return expectation{exit: exit, status: status, err: err}
}

// message returns the whole message, as a regular expression.
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

// holding is what the server holds afterwards.
type holding string

const (
	nothing holding = "nothing"
	whole   holding = "the whole artifact"
	either  holding = "the whole artifact or nothing" // a race decides
)

const (
	// furtherTries is the number of retries in the table.
	furtherTries = 1
	// spareTries are retries over a network that works again, for a busy machine on
	// which a limit of time passes there too.
	spareTries = 4
)

// limit is the stall timeout. It is long enough for a busy machine.
const limit = 900 * time.Millisecond

func impatientOptions(o *client.Options) { o.StallTimeout, o.AnswerTimeout = limit, 4*limit }

// TestFaults tries each fault on the first connection only, and on all of them.
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
	address, stop := fmt.Sprint("127.0.0.1:", freeport.Find(t)), func() {} // where no server listens
	if f.mishap != nil {
		var faulty *network
		faulty, address = startNetwork(t, "127.0.0.1:0", cache.address, f.mishap, count)
		stop = faulty.stop
	}
	tries := 1
	c := newClient(t, cache.scheme+"://"+address, func(o *client.Options) {
		if o.Retries, o.RootCAs = furtherTries, cache.roots; !always {
			o.Retries += spareTries
		}
		o.OnRetry = func(r client.Retry) {
			if tries++; f.mishap == nil && !always && tries == 2 {
				startNetwork(t, address, cache.address, through(nil, nil), 0)
			}
			if tries > 1+furtherTries && !isLate(r.Err) {
				t.Errorf("over a network that works again: %v", r.Err)
			}
		}
		if f.change != nil {
			f.change(o)
		}
	})
	err := calls[f.method].make(t, c, content)
	f.check(t, err, tries, always)
	stop()
	held := cache.holds(t, content)
	wants := whole // downloads change nothing
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

// check compares the outcome with the row.
func (f fault) check(t *testing.T, err error, tries int, always bool) {
	t.Helper()
	wantTries, spare := 1, 0
	if f.wants.passes {
		wantTries += furtherTries
		if !always {
			spare = spareTries
		}
	}
	if tries < wantTries || tries > wantTries+spare {
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
		Tokens: must.Get(server.NewTokens([]string{token}, nil))(t), Addr: listener.Addr(),
	}))(t)
	web := &http.Server{ErrorLog: log.New(io.Discard, "", 0), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Host = c.address // the client asks for the proxy's
		answers.ServeHTTP(w, r)
	})}
	go web.Serve(listener)
	c.stop = func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := web.Shutdown(ctx); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(func() { dir.Close() })
	return c
}

// holds stops the server, which finishes its requests, and inspects its store.
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

// noise is content without repetition.
func noise(size int) []byte {
	content := make([]byte, size)
	rand.NewChaCha8([32]byte{}).Read(content)
	return content
}
