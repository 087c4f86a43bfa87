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

// joiningListener gives connections over TLS that can send several records at
// once.
type joiningListener struct {
	net.Listener
	config *tls.Config
}

func (l joiningListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return tls.Server(&joiningConn{Conn: conn}, l.config), nil
}

// loopbackCertificate is one for servers on this machine, and who trusts it.
func loopbackCertificate(t *testing.T) (certificates []tls.Certificate, roots *x509.CertPool) {
	t.Helper()
	server := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	roots = x509.NewCertPool()
	roots.AddCert(server.Certificate())
	return server.TLS.Certificates, roots
}

// TestRecordsBehindAnAnswer has a second answer arrive with the first one, in a
// record of its own that TLS keeps.
func TestRecordsBehindAnAnswer(t *testing.T) {
	t.Parallel()
	certificates, roots := loopbackCertificate(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{Certificates: certificates}
	server := serveAnswersOn(t, joiningListener{listener, config}, "https", func(conn net.Conn, _ int) {
		below := conn.(*tls.Conn).NetConn().(*joiningConn)
		below.join()
		io.WriteString(conn, whole)
		io.WriteString(conn, "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
		below.release()
	})
	origin, _ := url.Parse(server.url)
	way := New(Options{Origin: origin, RootCAs: roots})
	for range 3 {
		if got, err := exchange(way, server.url, -1); got != "200 hello" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
	}
	if got, want := server.seen(), []int{1, 2, 3}; !slices.Equal(got, want) {
		t.Errorf("the requests came on connections %v, want %v", got, want)
	}
}
