package transport

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/artifact-cli/artifact/pkg/internal/must"
)

// delivers reports whether the body of an upload was delivered.
func delivers(way http.RoundTripper, target string, size int) (bool, error) {
	resp, err := upload(way, target, size)
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusOK {
		return false, fmt.Errorf("%s: %w", resp.Status, err)
	}
	return Delivered(resp), nil
}

// TestDelivered tries servers that report success, some without reading the body,
// which then lies in this machine's buffers.
func TestDelivered(t *testing.T) {
	t.Parallel()
	const consent = "HTTP/1.1 100 Continue\r\n\r\n"
	for name, test := range map[string]struct {
		size   int
		before string
		reads  int64
		pause  time.Duration // before the answer
		then   int64         // read after the answer
		want   bool
	}{
		"none of 3 MB":                    {size: 3_000_000, before: consent},
		"none of 3 MB, later":             {size: 3_000_000, before: consent, pause: 300 * time.Millisecond},
		"none of 3 MB, without consent":   {size: 3_000_000},
		"half of 6 MB":                    {size: 6_000_000, before: consent, reads: 3_000_000},
		"half of 6 MB, later":             {size: 6_000_000, before: consent, reads: 3_000_000, pause: 300 * time.Millisecond},
		"all of 3 MB":                     {size: 3_000_000, before: consent, reads: 3_000_000, want: true},
		"all of 10 B":                     {size: 10, reads: 10, want: true},
		"4 pieces, the last of them late": {size: 4 * pieceSize, reads: 3*pieceSize + 1, then: pieceSize - 1, want: true},
		"3 MB after many interim answers": {size: 3_000_000, before: consent + "HTTP/1.1 102 Processing\r\n\r\n", reads: 3_000_000, want: true},
	} {
		for _, scheme := range []string{"http", "https"} {
			t.Run(name+", "+scheme, func(t *testing.T) {
				t.Parallel()
				over := make(chan struct{})
				t.Cleanup(func() { close(over) })
				server := serveConns(t, scheme, func(_ *answering, conn net.Conn, _ int) {
					_ = below(conn).SetReadBuffer(pieceSize) // or the system may take all of it
					readHeader(conn)
					io.WriteString(conn, test.before)
					io.CopyN(io.Discard, conn, test.reads)
					time.Sleep(test.pause)
					io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
					io.CopyN(io.Discard, conn, test.then)
					<-over
				})
				way := New(Options{RootCAs: server.roots, ContinueTimeout: 100 * time.Millisecond})
				got, err := delivers(way, server.url, test.size)
				if got != test.want || err != nil {
					t.Errorf("%t, %v, want %t", got, err, test.want)
				}
			})
		}
	}
}

// readHeader reads a request's header, byte by byte.
func readHeader(conn net.Conn) {
	var header []byte
	for one := make([]byte, 1); !bytes.HasSuffix(header, []byte("\r\n\r\n")); header = append(header, one...) {
		if _, err := conn.Read(one); err != nil {
			return
		}
	}
}

// TestHonestServers checks that answers of honest servers are not doubted.
func TestHonestServers(t *testing.T) {
	t.Parallel()
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		if r.URL.Path == "/text" {
			io.WriteString(w, "{}")
		}
	})
	plain, secure := httptest.NewServer(handler), httptest.NewTLSServer(handler)
	t.Cleanup(plain.Close)
	t.Cleanup(secure.Close)
	roots := x509.NewCertPool()
	roots.AddCert(secure.Certificate())
	for scheme, base := range map[string]string{"http": plain.URL, "https": secure.URL} {
		for _, rate := range []int64{0, 500 << 20} {
			way := New(Options{RootCAs: roots, ContinueTimeout: time.Second, Connections: 4, ByteRate: rate})
			for size, times := range map[int]int{10: 400, 4 << 10: 400, SmallBody: 200, SmallBody + 1: 200, 100_000: 100, 1<<20 + 1: 20, 20_000_000: 2} {
				for _, path := range []string{"/text", "/empty"} {
					t.Run(fmt.Sprint(scheme, path, ", ", size, " bytes, rate ", rate), func(t *testing.T) {
						t.Parallel()
						var group sync.WaitGroup
						for range 4 {
							group.Go(func() {
								for range (times + 3) / 4 {
									if delivered, err := delivers(way, base+path, size); !delivered || err != nil {
										t.Errorf("delivered: %t, %v", delivered, err)
										return
									}
								}
							})
						}
						group.Wait()
					})
				}
			}
		}
	}
}

// suspended is a connection that is asked for its state when the process is stopped.
type suspended struct {
	net.Conn
	stop func()
}

func (s suspended) SyscallConn() (syscall.RawConn, error) {
	s.stop()
	return nil, errors.ErrUnsupported
}

// TestDeliveredAfterSuspension has the process stopped while it waits for the last byte
// to be written. That time does not count.
func TestDeliveredAfterSuspension(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(*testing.T) {
		f := new(flight)
		f.handed.Store(true)
		stop := sync.OnceFunc(func() {
			time.AfterFunc(2*deliveryTimeout+1, func() { f.written.Store(true) })
			time.Sleep(2 * deliveryTimeout)
		})
		if f.heard(&conn{Conn: suspended{stop: stop}}); !f.arrived.Load() {
			t.Error("a whole body did not arrive")
		}
	})
}

// TestRefusedWhileWriting has a server refuse a body after its beginning, and
// reset the connection. Systems other than Linux may drop data that arrived
// before a reset.
func TestRefusedWhileWriting(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{"413 Content Too Large", "401 Unauthorized", "202 Accepted"} {
		t.Run(answer, func(t *testing.T) {
			t.Parallel()
			ready := make(chan struct{})
			server := serveConns(t, "http", func(_ *answering, conn net.Conn, _ int) {
				_ = conn.(*net.TCPConn).SetReadBuffer(1)
				ready <- struct{}{}
				_, _ = conn.Read(make([]byte, 1))
				_, _ = fmt.Fprintf(conn, "HTTP/1.1 %s\r\nContent-Length: 4\r\n\r\nbig!", answer)
				_ = conn.(*net.TCPConn).SetLinger(0)
			})
			way := over(stalls{}, func() net.Conn {
				conn := must.Get(net.Dial("tcp", strings.TrimPrefix(server.url, "http://")))(t)
				<-ready
				_ = conn.(*net.TCPConn).SetWriteBuffer(1) // the system's least, so that the body does not fit
				return conn
			})
			for range 20 {
				resp := must.Get(upload(way, server.url, 64<<10))(t)
				text, _ := io.ReadAll(resp.Body)
				resp.Body.Close()
				if got := fmt.Sprint(resp.StatusCode, " ", string(text)); got != answer[:3]+" big!" || Delivered(resp) {
					t.Fatalf("%q, delivered: %t", got, Delivered(resp))
				}
			}
		})
	}
}

// TestCertificateRefusals reports why a server that requires a client certificate
// closes the connection. With TLS 1.3 its alert comes during the request.
func TestCertificateRefusals(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.TLS = &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS13}
	server.StartTLS()
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	origin := must.Get(url.Parse(server.URL))(t)
	other := server.TLS.Certificates[0] // which it does not trust as a client's
	for name, certificate := range map[string]*tls.Certificate{"none": nil, "another": &other} {
		for _, size := range []int{0, 10, SmallBody, SmallBody + 1, 1 << 20} {
			t.Run(fmt.Sprint(name, ", ", size, " bytes"), func(t *testing.T) {
				t.Parallel()
				for range 50 {
					way := New(Options{Origin: origin, RootCAs: roots, ClientCertificate: certificate})
					if _, err := upload(way, server.URL, size); !IsCertificateRefusal(err) {
						t.Fatalf("%v, want a refusal of the certificate", err)
					}
				}
			})
		}
	}
}
