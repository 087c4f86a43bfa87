package transport

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/artifact-cli/artifact/pkg/internal/must"
)

// TestRefusedWhileWriting has a server refuse what it reads only the beginning
// of, and reset the connection. Other systems than Linux may forget what has
// arrived before a reset.
func TestRefusedWhileWriting(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]string{
		"413 Content Too Large": "413 big!", "401 Unauthorized": "401 big!", "202 Accepted": "202 big!",
	} {
		t.Run(answer, func(t *testing.T) {
			t.Parallel()
			listener := must.Get(net.Listen("tcp", "127.0.0.1:0"))(t)
			defer listener.Close()
			ready := make(chan struct{})
			go func() {
				for {
					conn, err := listener.Accept()
					if err != nil {
						return
					}
					_ = conn.(*net.TCPConn).SetReadBuffer(1)
					ready <- struct{}{}
					_, _ = conn.Read(make([]byte, 1))
					_, _ = fmt.Fprintf(conn, "HTTP/1.1 %s\r\nContent-Length: 4\r\n\r\nbig!", answer)
					_ = conn.(*net.TCPConn).SetLinger(0)
					_ = conn.Close()
				}
			}()
			way := over(stalls{}, func() net.Conn {
				conn := must.Get(net.Dial("tcp", listener.Addr().String()))(t)
				<-ready
				_ = conn.(*net.TCPConn).SetWriteBuffer(1) // the system's least, so that the body does not fit
				return conn
			})
			for range 20 {
				req, _ := http.NewRequest(http.MethodPut, "http://"+listener.Addr().String(), bytes.NewReader(make([]byte, 64<<10)))
				resp := must.Get(way.RoundTrip(req))(t)
				text, _ := io.ReadAll(resp.Body)
				resp.Body.Close()
				if got := fmt.Sprint(resp.StatusCode, " ", string(text)); got != want || Delivered(resp) {
					t.Fatalf("%q, delivered: %t, want %q", got, Delivered(resp), want)
				}
			}
		})
	}
}

// TestCertificateRefusals tells every time why a server hangs up that wants a
// client's certificate: with TLS 1.3 it says so when the request is on its way.
func TestCertificateRefusals(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.TLS = &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS13}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	origin, _ := url.Parse(server.URL)
	other := server.TLS.Certificates[0] // which it does not trust as a client's
	for name, certificate := range map[string]*tls.Certificate{"none": nil, "another": &other} {
		for _, size := range []int{0, 10, smallBody, smallBody + 1, 1 << 20} {
			t.Run(fmt.Sprint(name, ", ", size, " bytes"), func(t *testing.T) {
				t.Parallel()
				for range 50 {
					way := New(Options{Origin: origin, RootCAs: roots, ClientCertificate: certificate})
					req, _ := http.NewRequest(http.MethodPut, server.URL, bytes.NewReader(make([]byte, size)))
					resp, err := way.RoundTrip(req)
					if err == nil {
						resp.Body.Close()
					}
					if !IsCertificateRefusal(err) {
						t.Fatalf("%v, want a refusal of the certificate", err)
					}
				}
			})
		}
	}
}
