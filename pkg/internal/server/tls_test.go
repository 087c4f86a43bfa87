package server_test

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/artifact-cli/artifact/pkg/internal/must"
	"github.com/artifact-cli/artifact/pkg/internal/server"
	"github.com/artifact-cli/artifact/pkg/internal/store"
)

// dial opens a connection without TLS.
func (r *running) dial() *net.TCPConn {
	r.Helper()
	conn := must.Get(net.Dial("tcp", r.addr))(r)
	r.Cleanup(func() { _ = conn.Close() })
	return conn.(*net.TCPConn)
}

// TestOverTLSHandshakes tries clients that would hold a connection in a handshake.
// If the test ends, none does.
func TestOverTLSHandshakes(t *testing.T) {
	t.Parallel()
	r := start(t, directory(t, store.Options{}), server.Options{Limits: impatient})
	// The header of a ClientHello of 512 bytes, which never comes.
	const hello = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
	for name, sent := range map[string]string{"nothing": "", "half a record": hello, "a record's type": hello[:1]} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := r.dial()
			must.Get(io.WriteString(conn, sent))(t)
			done := make(chan struct{})
			defer close(done)
			if sent == hello {
				go trickle(conn, done)
			}
			if got, _ := io.ReadAll(conn); len(got) > 7 { // an alert
				t.Errorf("%q", got)
			}
		})
	}
}

// TestOverTLSOnly refuses what is not TLS 1.2 or 1.3 with HTTP/1.1.
func TestOverTLSOnly(t *testing.T) {
	t.Parallel()
	r := start(t, directory(t, store.Options{}), server.Options{})
	conn := r.dial()
	must.Get(io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"))(t)
	if got, _ := io.ReadAll(conn); !strings.HasPrefix(string(got), "HTTP/1.0 400 ") {
		t.Errorf("plain http was answered with %q", got)
	}
	for name, test := range map[string]struct {
		change   func(*tls.Config)
		protocol string
	}{
		"the default":        {func(*tls.Config) {}, ""},
		"TLS 1.2":            {func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }, ""},
		"HTTP/2 or HTTP/1.1": {func(c *tls.Config) { c.NextProtos = []string{"h2", "http/1.1"} }, "http/1.1"},
		"TLS 1.1":            {func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 }, "refused"},
		"only HTTP/2":        {func(c *tls.Config) { c.NextProtos = []string{"h2"} }, "refused"},
	} {
		config := trusting()
		test.change(config)
		conn, err := tls.Dial("tcp", r.addr, config)
		got := "refused"
		if err == nil {
			got = conn.ConnectionState().NegotiatedProtocol
			_ = conn.Close()
		}
		if got != test.protocol {
			t.Errorf("%s: %q, %v; want %q", name, got, err, test.protocol)
		}
	}
}

// TestOverTLSTruncated answers a client that closes its half of the connection
// without an alert, and does not take a body that ends so for a whole one.
func TestOverTLSTruncated(t *testing.T) {
	t.Parallel()
	r := start(t, directory(t, store.Options{}), server.Options{})
	for request, want := range map[string]string{
		r.head("GET", "/v8/artifacts/status") + "\r\n":                                   "HTTP/1.1 200 ",
		r.head("PUT", "/v8/artifacts/a") + "Content-Length: 9\r\n\r\nhalf":               "HTTP/1.1 400 ",
		r.head("PUT", "/v8/artifacts/b") + "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf": "HTTP/1.1 400 ",
	} {
		tcp := r.dial()
		config := trusting()
		config.ServerName = "127.0.0.1"
		conn := tls.Client(tcp, config)
		must.Get(io.WriteString(conn, request))(t)
		must.Do(t, tcp.CloseWrite())
		if got, _ := io.ReadAll(conn); !strings.HasPrefix(string(got), want) {
			t.Errorf("%q was answered with %q, want %s", request, got, want)
		}
	}
}

// TestOverTLSCertificate changes the certificate: connections that are open go on,
// and new ones get the new one.
func TestOverTLSCertificate(t *testing.T) {
	t.Parallel()
	var current atomic.Pointer[tls.Certificate]
	current.Store(&certified.TLS.Certificates[0])
	r := start(t, directory(t, store.Options{}), server.Options{Certificate: current.Load})
	keeping := &http.Client{Transport: &http.Transport{TLSClientConfig: trusting(), MaxIdleConnsPerHost: 1}}
	defer keeping.CloseIdleConnections()
	get := func(with *http.Client) int {
		response, err := with.Do(r.request(http.MethodGet, "/v8/artifacts/status", nil))
		if err != nil {
			return 0
		}
		return r.answer(response, nil).Status
	}
	before := get(keeping)
	other := *current.Load()
	other.Certificate = [][]byte{other.Certificate[0][:100]} // which no client can parse
	current.Store(&other)
	if open, fresh := get(keeping), get(client); before != 200 || open != 200 || fresh != 0 {
		t.Errorf("before %d, on the open connection %d, on a new one %d", before, open, fresh)
	}
}
