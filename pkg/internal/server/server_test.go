package server_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/must"
	"github.com/artifact-cli/artifact/pkg/internal/server"
	"github.com/artifact-cli/artifact/pkg/internal/store"
)

// A server's tokens: one that may write, and one that may only read.
const (
	token     = "secret-token"
	readToken = "another-token"
)

func tokens(t testing.TB) *server.Tokens {
	return must.Get(server.NewTokens([]string{token}, []string{readToken}))(t)
}

// running is a running server.
type running struct {
	testing.TB
	addr   string
	secure bool // it speaks TLS
	stop   context.CancelFunc
	ended  chan error // the result of Serve
	mu     sync.Mutex
	logged []server.Access
}

// start serves s until the test ends, over TLS in TestOverTLS. The default address
// is the listener's.
func start(t testing.TB, s store.Store, options server.Options) *running {
	t.Helper()
	listener := must.Get(net.Listen("tcp", "127.0.0.1:0"))(t)
	r := &running{TB: t, addr: listener.Addr().String(), ended: make(chan error, 1)}
	if r.secure = strings.HasPrefix(t.Name(), "TestOverTLS"); r.secure && options.Certificate == nil {
		options.Certificate = func() *tls.Certificate { return &certified.TLS.Certificates[0] }
	}
	if options.Addr == nil {
		options.Addr = listener.Addr()
	}
	if options.Tokens == nil {
		options.Tokens = tokens(t)
	}
	options.Log = func(a server.Access) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.logged = append(r.logged, a)
	}
	web := must.Get(server.New(s, options))(t)
	ctx, cancel := context.WithCancel(context.Background())
	r.stop = cancel
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.ended <- web.Serve(ctx, listener)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return r
}

// log waits for n entries, since an entry may follow its answer.
func (r *running) log(n int) []server.Access {
	r.Helper()
	late := time.After(time.Minute)
	for {
		r.mu.Lock()
		entries := slices.Clone(r.logged)
		r.mu.Unlock()
		if len(entries) >= n {
			return entries
		}
		select {
		case <-late:
			r.Fatalf("%d requests were logged, want %d", len(entries), n)
		case <-time.After(time.Millisecond):
		}
	}
}

func directory(t testing.TB, options store.Options) *store.Dir {
	t.Helper()
	d := must.Get(store.Open(t.TempDir(), options))(t)
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// answer is the answer to a request.
type answer struct {
	Status int
	Header http.Header
	Body   string
}

// certified has the certificate of servers over TLS.
var certified = func() *httptest.Server {
	web := httptest.NewTLSServer(nil)
	web.Close()
	return web
}()

// trusting is how clients check that certificate.
func trusting() *tls.Config {
	roots := x509.NewCertPool()
	roots.AddCert(certified.Certificate())
	return &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
}

// client uses a connection for each request and does not follow redirects.
var client = &http.Client{
	Transport:     &http.Transport{DisableKeepAlives: true, DisableCompression: true, TLSClientConfig: trusting()},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func (r *running) url(path string) string {
	if r.secure {
		return "https://" + r.addr + path
	}
	return "http://" + r.addr + path
}

// request returns a request with our token. headers are "name: value" lines that
// replace headers.
func (r *running) request(method, path string, body []byte, headers ...string) *http.Request {
	r.Helper()
	var reader io.Reader
	if body != nil {
		reader = bytes.NewReader(body)
	}
	request := must.Get(http.NewRequestWithContext(r.Context(), method, r.url(path), reader))(r)
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/octet-stream")
	for _, line := range headers {
		name, value, found := strings.Cut(line, ": ")
		if !found {
			continue
		}
		if strings.EqualFold(name, "Host") {
			request.Host = value
			continue
		}
		if strings.HasPrefix(strings.ToLower(name), "x-artifact-") {
			request.Header.Add(name, value)
			continue
		}
		request.Header.Set(name, value)
	}
	return request
}

func (r *running) do(method, path string, body []byte, headers ...string) answer {
	r.Helper()
	return r.answer(client.Do(r.request(method, path, body, headers...)))
}

// answer reads a whole response.
func (r *running) answer(response *http.Response, err error) answer {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
	text, err := io.ReadAll(response.Body)
	must.Do(r, errors.Join(err, response.Body.Close()))
	response.Header.Del("Date")
	response.Header.Del("Connection")
	return answer{Status: response.StatusCode, Header: response.Header, Body: string(text)}
}

// expectFailure fails unless got is an error of the API.
func (r *running) expectFailure(what string, got answer, status int, code, message string) {
	r.Helper()
	members := `"code":"` + code + `","message":"` + message + `"`
	want := `{"error":{` + members + `},` + members + `}`
	if got.Status != status || got.Body != want || got.Header.Get("Content-Type") != "application/json" {
		r.Errorf("%s: %d %s %s, want %d %s", what, got.Status, got.Header.Get("Content-Type"), got.Body, status, want)
	}
}

// raw sends text on a connection of its own.
func (r *running) raw(text string) net.Conn {
	r.Helper()
	conn := must.Get(net.Dial("tcp", r.addr))(r)
	if r.secure {
		config := trusting()
		config.ServerName = "127.0.0.1"
		conn = tls.Client(conn, config)
	}
	r.Cleanup(func() { _ = conn.Close() })
	if _, err := io.WriteString(conn, text); err != nil {
		r.Fatal(err)
	}
	return conn
}

// head returns the head of a request with our token, without the empty line.
func (r *running) head(method, path string) string {
	return method + " " + path + " HTTP/1.1\r\nHost: " + r.addr + "\r\nAuthorization: Bearer " + token +
		"\r\nContent-Type: application/octet-stream\r\n"
}

// rest reads until the server closes the connection.
func rest(t *testing.T, conn net.Conn) string {
	t.Helper()
	text, err := io.ReadAll(conn)
	if err != nil {
		t.Errorf("reading the answer %q: %v", text, err)
	}
	return string(text)
}

var errDisk = errors.New("/private/path: input/output error")

// fake is a store with the given functions. Without them its disk fails.
type fake struct {
	put  func(key store.Key, size int64, metadata artifact.Metadata, body io.Reader) error
	get  func(key store.Key) (*store.Blob, error)
	stat func(key store.Key) (store.Entry, error)
}

// Put implements store.Store.
func (f fake) Put(_ context.Context, key store.Key, size int64, metadata artifact.Metadata, body io.Reader) error {
	if f.put == nil {
		return errDisk
	}
	return f.put(key, size, metadata, body)
}

// Get implements store.Store.
func (f fake) Get(_ context.Context, key store.Key) (*store.Blob, error) {
	if f.get == nil {
		return nil, errDisk
	}
	return f.get(key)
}

// Stat implements store.Store.
func (f fake) Stat(_ context.Context, key store.Key) (store.Entry, error) {
	if f.stat == nil {
		return store.Entry{}, errDisk
	}
	return f.stat(key)
}
