package transport

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/artifact-cli/artifact/pkg/internal/must"
)

// upload makes a PUT, and reports whether its body was delivered.
func upload(way http.RoundTripper, target string, size int) (delivered bool, err error) {
	req, err := http.NewRequest(http.MethodPut, target, bytes.NewReader(make([]byte, size)))
	if err != nil {
		return false, err
	}
	resp, err := way.RoundTrip(req)
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusOK {
		return false, fmt.Errorf("%s: %w", resp.Status, err)
	}
	return Delivered(resp), nil
}

// TestDelivered has servers report success, of which some have not read the body:
// what lies in this machine's buffers was not delivered.
func TestDelivered(t *testing.T) {
	t.Parallel()
	certificates, roots := loopbackCertificate(t)
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
		"1 MiB, of which a little late":   {size: 1 << 20, reads: 1<<20 - 300_000, pause: 100 * time.Millisecond, then: 300_000, want: true},
		"3 MB after many interim answers": {size: 3_000_000, before: consent + "HTTP/1.1 102 Processing\r\n\r\n", reads: 3_000_000, want: true},
	} {
		for _, scheme := range []string{"http", "https"} {
			t.Run(name+", "+scheme, func(t *testing.T) {
				t.Parallel()
				listener := must.Get(net.Listen("tcp", "127.0.0.1:0"))(t)
				if scheme == "https" {
					listener = tls.NewListener(listener, &tls.Config{Certificates: certificates})
				}
				over := make(chan struct{})
				t.Cleanup(func() { close(over); listener.Close() })
				go func() {
					conn, err := listener.Accept()
					if err != nil {
						return
					}
					defer conn.Close()
					readHeader(conn)
					io.WriteString(conn, test.before)
					io.CopyN(io.Discard, conn, test.reads)
					time.Sleep(test.pause)
					io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
					io.CopyN(io.Discard, conn, test.then)
					<-over
				}()
				origin, _ := url.Parse(scheme + "://" + listener.Addr().String())
				way := New(Options{Origin: origin, RootCAs: roots, ContinueTimeout: 100 * time.Millisecond})
				got, err := upload(way, origin.String(), test.size)
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

// TestHonestServers never has their answers doubted.
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
	_, roots := loopbackCertificate(t)
	for _, base := range []string{plain.URL, secure.URL} {
		origin, _ := url.Parse(base)
		for _, rate := range []int64{0, 500 << 20} {
			way := New(Options{Origin: origin, RootCAs: roots, ContinueTimeout: time.Second, Connections: 4, ByteRate: rate})
			for size, times := range map[int]int{10: 400, 4 << 10: 400, smallBody: 200, smallBody + 1: 200, 100_000: 100, 1<<20 + 1: 20, 20_000_000: 2} {
				for _, path := range []string{"/text", "/empty"} {
					t.Run(fmt.Sprint(origin.Scheme, path, ", ", size, " bytes, rate ", rate), func(t *testing.T) {
						t.Parallel()
						var group sync.WaitGroup
						for range 4 {
							group.Go(func() {
								for range (times + 3) / 4 {
									if delivered, err := upload(way, base+path, size); !delivered || err != nil {
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
