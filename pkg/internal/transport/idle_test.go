package transport

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"testing"
)

// loopbackCertificate is one for servers on this machine, and who trusts it.
func loopbackCertificate(t *testing.T) (certificates []tls.Certificate, roots *x509.CertPool) {
	t.Helper()
	server := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	roots = x509.NewCertPool()
	roots.AddCert(server.Certificate())
	return server.TLS.Certificates, roots
}

// TestIdleConnectionsAreQuiet has a server say something, or hang up, on a
// connection that is idle: once the client has seen that, none of it is the answer
// to the next request, which comes on another connection and is made once.
func TestIdleConnectionsAreQuiet(t *testing.T) {
	t.Parallel()
	certificates, roots := loopbackCertificate(t)
	below := func(conn net.Conn) net.Conn {
		if secure, ok := conn.(*tls.Conn); ok {
			return secure.NetConn()
		}
		return conn
	}
	say := func(text string) func(net.Conn) {
		return func(conn net.Conn) { io.WriteString(conn, text) }
	}
	const refusal = "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\n\r\nno"
	type outcome struct {
		answer string
		conns  int // the one of the second request
	}
	for name, test := range map[string]struct {
		unasked func(net.Conn) // on the first connection
		answer  string         // to the second request
		want    outcome
	}{
		"nothing":           {say(""), whole, outcome{"200 hello", 1}},
		"a second answer":   {say("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"), refusal, outcome{"500 no", 2}},
		"an interim answer": {say("HTTP/1.1 100 Continue\r\n\r\n"), whole, outcome{"200 hello", 2}},
		"a byte":            {say("\n"), whole, outcome{"200 hello", 2}},
		"408, and it closes": {func(conn net.Conn) {
			say("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n")(conn)
			below(conn).(*net.TCPConn).CloseWrite()
		}, whole, outcome{"200 hello", 2}},
		"it closes":   {func(conn net.Conn) { conn.Close() }, whole, outcome{"200 hello", 2}},
		"it hangs up": {func(conn net.Conn) { below(conn).Close() }, whole, outcome{"200 hello", 2}},
		"it resets":   {func(conn net.Conn) { below(conn).(*net.TCPConn).SetLinger(0); below(conn).Close() }, whole, outcome{"200 hello", 2}},
	} {
		for _, scheme := range []string{"http", "https"} {
			t.Run(name+", "+scheme, func(t *testing.T) {
				t.Parallel()
				listener, err := net.Listen("tcp", "127.0.0.1:0")
				if err != nil {
					t.Fatal(err)
				}
				if scheme == "https" {
					listener = tls.NewListener(listener, &tls.Config{Certificates: certificates})
				}
				idle, said := make(chan struct{}), make(chan struct{})
				requests := 0 // which come one after the other
				server := serveAnswersOn(t, listener, scheme, func(conn net.Conn, number int) {
					if requests++; requests > 1 {
						io.WriteString(conn, test.answer)
						return
					}
					io.WriteString(conn, whole)
					<-idle
					test.unasked(conn)
					if test.want.conns > 1 {
						_, _ = below(conn).Read(make([]byte, 1)) // until the client has closed it
					}
					close(said)
				})
				origin, _ := url.Parse(server.url)
				way := New(Options{Origin: origin, RootCAs: roots, ByteRate: 1 << 20})
				if got, err := exchange(way, server.url, -1); got != "200 hello" || err != nil {
					t.Fatal(got, err)
				}
				close(idle)
				<-said
				got, err := exchange(way, server.url, -1)
				if err != nil {
					t.Fatal(err)
				}
				if want := []int{1, test.want.conns}; got != test.want.answer || !slices.Equal(server.seen(), want) {
					t.Errorf("%q on connections %v, want %q on %v", got, server.seen(), test.want.answer, want)
				}
			})
		}
	}
}
