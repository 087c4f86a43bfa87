package transport

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/artifact-cli/artifact/pkg/internal/must"
)

// answering is a server whose answers the test writes. It records the connection
// of each request.
type answering struct {
	url   string
	roots *x509.CertPool // that its clients trust, if it is one over TLS
	mu    sync.Mutex
	conns []int
}

// serveConns accepts connections and calls handle with each.
func serveConns(t *testing.T, scheme string, handle func(s *answering, conn net.Conn, number int)) *answering {
	t.Helper()
	s := new(answering)
	listener := must.Get(net.Listen("tcp", "127.0.0.1:0"))(t)
	t.Cleanup(func() { listener.Close() })
	s.url = scheme + "://" + listener.Addr().String()
	if scheme == "https" {
		certified := httptest.NewTLSServer(nil)
		certified.Close()
		s.roots = x509.NewCertPool()
		s.roots.AddCert(certified.Certificate())
		listener = tls.NewListener(listener, &tls.Config{Certificates: certified.TLS.Certificates})
	}
	go func() {
		for number := 1; ; number++ {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() { defer conn.Close(); handle(s, conn, number) }()
		}
	}()
	return s
}

// serveAnswers reads each request and calls one function to answer it.
func serveAnswers(t *testing.T, scheme string, answer func(conn net.Conn, number int)) *answering {
	t.Helper()
	return serveConns(t, scheme, func(s *answering, conn net.Conn, number int) {
		reader := bufio.NewReader(conn)
		for {
			req, err := http.ReadRequest(reader)
			if err != nil {
				return
			}
			if _, err := io.Copy(io.Discard, req.Body); err != nil {
				return
			}
			s.mu.Lock()
			s.conns = append(s.conns, number)
			s.mu.Unlock()
			answer(conn, number)
		}
	})
}

// below returns the TCP connection of a server's connection.
func below(conn net.Conn) *net.TCPConn {
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	return conn.(*net.TCPConn)
}

func (s *answering) seen() []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.conns)
}

// way returns a transport to the server.
func (s *answering) way() http.RoundTripper { return New(Options{RootCAs: s.roots}) }

// upload returns a PUT of size bytes.
func upload(way http.RoundTripper, target string, size int) (*http.Response, error) {
	req, _ := http.NewRequest(http.MethodPut, target, bytes.NewReader(make([]byte, size)))
	req.Header["Idempotency-Key"] = nil // as the client does
	return way.RoundTrip(req)
}

const all = math.MaxInt64

// exchange makes an upload and reads some bytes of the answer.
func exchange(way http.RoundTripper, target string, size int, read int64) (string, error) {
	resp, err := upload(way, target, size)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, read))
	return fmt.Sprint(resp.StatusCode, " ", string(text)), err
}

const whole = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

func say(text string) func(net.Conn, int) {
	return func(conn net.Conn, _ int) { io.WriteString(conn, text) }
}

// A connection is reused if nothing is left of the last request.
func TestConnections(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		answer func(net.Conn, int)
		read   int64
		want   string // each time; empty for an error
		conns  []int
	}{
		{"all is read", say(whole), all, "200 hello", []int{1, 1, 1}},
		{"nothing is to be read", say("HTTP/1.1 204 No Content\r\n\r\n"), all, "204 ", []int{1, 1, 1}},
		{"in chunks", say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n"), all, "200 ab", []int{1, 1, 1}},
		{"interim answers", say("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n" + whole), all, "200 hello", []int{1, 1, 1}},
		{"not all is read of what came with the headers", say(whole), 2, "200 he", []int{1, 2, 3}},
		{"not all is read", say("HTTP/1.1 200 OK\r\nContent-Length: 65536\r\n\r\n" + strings.Repeat("x", 65536)), 2, "200 xx", []int{1, 2, 3}},
		{"the server says that it closes", say("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx"), all, "200 x", []int{1, 2, 3}},
		{"an older version", say("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx"), all, "200 x", []int{1, 2, 3}},
		{"more than the answer", say(whole + whole), all, "200 hello", []int{1, 2, 3}},
		{"another protocol", say("HTTP/1.1 101 Switching Protocols\r\n\r\n"), all, "101 ", []int{1, 2, 3}},
		{"closed without a word", func(conn net.Conn, _ int) { io.WriteString(conn, whole); conn.Close() }, all, "200 hello", []int{1, 2, 3}},
		// Only a request on a connection that was idle is repeated.
		{"new connections are tried once", func(conn net.Conn, _ int) { conn.Close() }, all, "", []int{1, 2, 3}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := serveAnswers(t, "http", test.answer)
			way := server.way()
			var got []string
			for range 3 {
				answer, err := exchange(way, server.url, 4, test.read)
				if (err != nil) != (test.want == "") {
					t.Error(err)
				}
				got = append(got, answer)
			}
			if want := slices.Repeat([]string{test.want}, 3); !slices.Equal(got, want) || !slices.Equal(server.seen(), test.conns) {
				t.Errorf("the answers were %q on connections %v, want %q on %v", got, server.seen(), want, test.conns)
			}
		})
	}
}

func TestHeadersAreChecked(t *testing.T) {
	t.Parallel()
	server := serveAnswers(t, "http", say(whole))
	for _, value := range []string{"a\r\nX-Other: b", "a\nb", "a\x00b", "a\x7fb"} {
		req := must.Get(http.NewRequest(http.MethodGet, server.url, nil))(t)
		req.Header.Set("X-Value", value)
		if _, err := server.way().RoundTrip(req); err == nil {
			t.Errorf("%q was sent", value)
		}
	}
	if got := server.seen(); len(got) > 0 {
		t.Errorf("the server saw %d requests", len(got))
	}
}

// TestClosedBodies checks that a closed or broken body does not look complete.
func TestClosedBodies(t *testing.T) {
	t.Parallel()
	for name, begin := range map[string]string{"of a length": "Content-Length: 10", "in chunks": "Transfer-Encoding: chunked"} {
		for _, broken := range []bool{false, true} {
			t.Run(fmt.Sprint(name, ", broken: ", broken), func(t *testing.T) {
				t.Parallel()
				server := serveAnswers(t, "http", func(conn net.Conn, _ int) {
					io.WriteString(conn, "HTTP/1.1 200 OK\r\n"+begin+"\r\n\r\n2\r\nab\r\n")
					if broken {
						conn.Close()
					}
				})
				resp := must.Get(upload(server.way(), server.url, 0))(t)
				must.Get(io.ReadFull(resp.Body, make([]byte, 2)))(t)
				if !broken {
					resp.Body.Close()
				}
				for range 3 {
					if _, err := io.ReadAll(resp.Body); err == nil {
						t.Fatal("it ended")
					}
				}
			})
		}
	}
}

// TestConnectionsAreBounded makes concurrent requests of every size over one
// connection.
func TestConnectionsAreBounded(t *testing.T) {
	t.Parallel()
	server := serveAnswers(t, "http", say(whole))
	way := New(Options{Connections: 1})
	var group sync.WaitGroup
	for _, size := range []int{0, 10, 10, 10, 10, SmallBody, SmallBody + 1, 1 << 20} {
		group.Go(func() {
			if _, err := exchange(way, server.url, size, all); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if got := server.seen(); !slices.Equal(got, slices.Repeat([]int{1}, 8)) {
		t.Errorf("the requests came on connections %v", got)
	}
}

func TestMain(m *testing.M) {
	log.SetOutput(io.Discard) // net/http logs what hostile servers send
	os.Exit(m.Run())
}
