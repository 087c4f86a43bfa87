package client_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/artifact-cli/artifact/pkg/client"
)

// A whole body has to be sent before a success can be one. The server here
// answers at once and reads nothing.
func TestPutDoubtsAnEarlySuccess(t *testing.T) {
	t.Parallel()
	for name, consent := range map[string]string{"before the body": "", "in the middle of it": "HTTP/1.1 100 Continue\r\n\r\n"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := serveRaw(t, func(conn net.Conn) {
				readHeader(conn)
				io.WriteString(conn, consent+"HTTP/1.1 202 Accepted\r\nContent-Length: 11\r\n\r\n{\"urls\":[]}")
				time.Sleep(time.Second) // reading would let the client finish
			})
			// More than the buffers of two sockets hold.
			_, err := putZeros(t, newClient(t, api), 64<<20)
			if !errors.Is(err, client.ErrAnsweredEarly) {
				t.Errorf("error %v, want ErrAnsweredEarly", err)
			}
		})
	}
}

// A server that never says 100 is waited for once.
func TestPutAsksForConsent(t *testing.T) {
	t.Parallel()
	var expected []string
	var mu sync.Mutex
	note := func(header string) {
		mu.Lock()
		defer mu.Unlock()
		expected = append(expected, fmt.Sprint(strings.Contains(header, "Expect: 100-continue")))
	}
	const large = 1<<20 + 1
	answerAll := func(conn net.Conn, length int64) {
		io.CopyN(io.Discard, conn, length)
		io.WriteString(conn, "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
	}
	for _, test := range []struct {
		name   string
		handle func(net.Conn)
		sizes  []int
		want   []string
	}{
		{"small bodies do not", func(conn net.Conn) { note(readHeader(conn)); answerAll(conn, 1<<20) },
			[]int{1 << 20}, []string{"false"}},
		{"large bodies do", func(conn net.Conn) {
			note(readHeader(conn))
			io.WriteString(conn, "HTTP/1.1 100 Continue\r\n\r\n")
			answerAll(conn, large)
		}, []int{large, large}, []string{"true", "true"}},
		{"a mute server is asked once", func(conn net.Conn) { note(readHeader(conn)); answerAll(conn, large) },
			[]int{large, large, large}, []string{"true", "false", "false"}},
		{"417", func(conn net.Conn) {
			header := readHeader(conn)
			note(header)
			if strings.Contains(header, "Expect:") {
				io.WriteString(conn, "HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
				return
			}
			answerAll(conn, large)
		}, []int{large, large}, []string{"true", "false", "false"}},
	} {
		expected = nil
		c := newClient(t, serveRaw(t, test.handle))
		for _, size := range test.sizes {
			if _, err := putZeros(t, c, size); err != nil {
				t.Errorf("%s: %v", test.name, err)
			}
		}
		if !slices.Equal(expected, test.want) {
			t.Errorf("%s: Expect was %q, want %q", test.name, expected, test.want)
		}
	}
}

// A refused upload costs no upload.
func TestPutSendsNoBodyThatIsRefused(t *testing.T) {
	t.Parallel()
	var body atomic.Int64
	api := serveRaw(t, func(conn net.Conn) {
		readHeader(conn)
		io.WriteString(conn, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n")
		n, _ := io.Copy(io.Discard, conn)
		body.Add(n)
	})
	_, err := putZeros(t, newClient(t, api), 64<<20)
	var failed *client.Error
	if !errors.As(err, &failed) || failed.Status != 413 || body.Load() != 0 {
		t.Errorf("error %v, and %d bytes sent; want 413 and none", err, body.Load())
	}
}

// TestEarlyRefusals has a server refuse a body of which it has read nothing or
// a little. Where it goes on reading for a while, as nginx and our own server
// do, its answer is what counts, and not that it then hung up.
func TestEarlyRefusals(t *testing.T) {
	t.Parallel()
	const refusal = "HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbig!"
	lingering := func(conn net.Conn) {
		io.WriteString(conn, refusal)
		conn.(*net.TCPConn).CloseWrite()
		io.Copy(io.Discard, conn)
	}
	abrupt := func(conn net.Conn) {
		io.WriteString(conn, refusal)
		io.CopyN(io.Discard, conn, 1<<20) // and a reset follows, where more comes
	}
	for name, test := range map[string]struct {
		size    int
		consent string
		read    int64
		refuse  func(net.Conn)
		certain bool // that the answer arrives
	}{
		"unasked":                                  {1 << 20, "", 0, lingering, true},
		"unasked, after a little":                  {1 << 20, "", 1000, lingering, true},
		"unasked and small":                        {10, "", 0, lingering, true},
		"after consent":                            {32 << 20, "HTTP/1.1 100 Continue\r\n\r\n", 0, lingering, true},
		"after consent and a part":                 {32 << 20, "HTTP/1.1 100 Continue\r\n\r\n", 4 << 20, lingering, true},
		"Expect is ignored":                        {32 << 20, "", 1, lingering, true},
		"Expect is ignored, and it hangs up":       {32 << 20, "", 1, abrupt, false},
		"after consent it hangs up with a reset":   {32 << 20, "HTTP/1.1 100 Continue\r\n\r\n", 1, abrupt, false},
		"unasked, and it hangs up with everything": {1 << 20, "", 0, abrupt, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := serveRaw(t, func(conn net.Conn) {
				readHeader(conn)
				io.WriteString(conn, test.consent)
				io.CopyN(io.Discard, conn, test.read)
				test.refuse(conn)
			})
			for range 4 { // it is a race in net/http
				_, err := putZeros(t, newClient(t, api), test.size)
				var failed *client.Error
				if !errors.As(err, &failed) {
					t.Fatalf("error %v, want a *client.Error", err)
				}
				if failed.Status != 413 && (test.certain || failed.Status != 0) || failed.Status == 413 && failed.Message != "big!" && test.certain {
					t.Fatalf("error %v, want 413", err)
				}
			}
		})
	}
}

func TestPutFollowsRedirects(t *testing.T) {
	t.Parallel()
	other := &recorder{answer: accept}
	elsewhere := httptest.NewServer(other)
	t.Cleanup(elsewhere.Close)
	r, c := serve(t, func(w http.ResponseWriter, req *http.Request) {
		switch req.URL.Path {
		case "/v8/artifacts/abc":
			w.Header().Set("Location", "/next")
			w.WriteHeader(307)
		default:
			w.Header().Set("Location", elsewhere.URL+"/signed?key=1")
			w.WriteHeader(308)
		}
	})
	if _, err := put(t, c, "bytes"); err != nil {
		t.Fatal(err)
	}
	var uris, bodies, credentials []string
	for _, got := range append(r.all(), other.all()...) {
		uris, bodies = append(uris, got.URI), append(bodies, got.Body)
		credentials = append(credentials, got.Header["Authorization"])
	}
	if want := []string{"/v8/artifacts/abc", "/next", "/signed?key=1"}; !slices.Equal(uris, want) {
		t.Errorf("went to %q, want %q", uris, want)
	}
	if want := []string{"bytes", "bytes", "bytes"}; !slices.Equal(bodies, want) {
		t.Errorf("sent %q, want %q", bodies, want)
	}
	if want := []string{"Bearer the-token", "Bearer the-token", ""}; !slices.Equal(credentials, want) {
		t.Errorf("credentials %q, want %q: another port is another origin", credentials, want)
	}
}

func TestPutEndsARedirectLoop(t *testing.T) {
	t.Parallel()
	r, c := serve(t, answering(307, "", "", "Location", "/v8/artifacts/abc"))
	if _, err := put(t, c, "bytes"); !errors.Is(err, client.ErrTooManyRedirects) || len(r.all()) != 6 {
		t.Errorf("error %v after %d requests, want ErrTooManyRedirects after 6", err, len(r.all()))
	}
}

func TestPutNeverGoesFromHTTPSToHTTP(t *testing.T) {
	t.Parallel()
	plain := &recorder{answer: accept}
	insecure := httptest.NewServer(plain)
	t.Cleanup(insecure.Close)
	server, roots := startTLS(t, answering(307, "", "", "Location", insecure.URL), "http/1.1")
	c := newClient(t, server.URL, func(o *client.Options) { o.RootCAs, o.AllowHTTP = roots, true })
	if _, err := put(t, c, "bytes"); !errors.Is(err, client.ErrRedirect) || len(plain.all()) != 0 {
		t.Errorf("error %v, and %d plain requests", err, len(plain.all()))
	}
}
