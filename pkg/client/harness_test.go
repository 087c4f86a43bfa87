package client_test

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"maps"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/internal/must"
)

const token = "the-token"

// recorder is a server that records requests.
type recorder struct {
	mu       sync.Mutex
	requests []received
	answer   http.HandlerFunc
}

// received is a request as it arrived.
type received struct {
	Method, URI, Proto, Body string
	Header                   map[string]string
	from                     string // its address
}

func (r *recorder) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	got := receive(req)
	req.Body = io.NopCloser(strings.NewReader(got.Body)) // for the answer
	r.mu.Lock()
	r.requests = append(r.requests, got)
	r.mu.Unlock()
	r.answer(w, req)
}

// receive reads a request to its end.
func receive(req *http.Request) received {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		body = []byte("incomplete: " + err.Error())
	}
	header := map[string]string{}
	for name, values := range req.Header {
		header[name] = strings.Join(values, "; ")
	}
	return received{req.Method, req.RequestURI, req.Proto, string(body), header, req.RemoteAddr}
}

func (r *recorder) all() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.requests)
}

// line returns a request in one line, without the headers in hidden.
func (r received) line(hidden ...string) string {
	text := r.Method + " " + r.URI
	if r.Body != "" {
		text += fmt.Sprintf(" %q", r.Body)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		if !slices.Contains(hidden, name) {
			text += " " + name + ": " + r.Header[name]
		}
	}
	return text
}

// checkSent compares all requests to a server.
func checkSent(t *testing.T, r *recorder, want ...string) {
	t.Helper()
	var sent []string
	for _, one := range r.all() {
		sent = append(sent, one.Proto+" "+one.line())
	}
	if !slices.Equal(sent, want) {
		t.Errorf("sent %q\nwant %q", sent, want)
	}
}

// accept stores an artifact.
var accept = answering(http.StatusAccepted, "", `{"urls":["https://cache/a"]}`)

func answering(status int, contentType, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// serve starts a recorder and returns a client of it.
func serve(t *testing.T, answer http.HandlerFunc, change ...func(*client.Options)) (*recorder, *client.Client) {
	t.Helper()
	r := &recorder{answer: answer}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	return r, newClient(t, server.URL, change...)
}

// newClient returns a client that does not pause before retries.
func newClient(t *testing.T, api string, change ...func(*client.Options)) *client.Client {
	t.Helper()
	options := client.Options{API: api, Token: token, UserAgent: "test/1"}
	for _, c := range change {
		c(&options)
	}
	c := must.Get(client.New(options))(t)
	client.SkipPausesForTest(c)
	return c
}

func put(t *testing.T, c *client.Client, content string) (*client.Stored, error) {
	t.Helper()
	return c.Put(t.Context(), client.Upload{ID: "abc", Source: artifact.FromBytes([]byte(content))})
}

// checkError compares an error with want, in which common values may be omitted.
// It does not compare the URL.
func checkError(t *testing.T, err error, want client.Error) {
	t.Helper()
	var got *client.Error
	if !errors.As(err, &got) {
		t.Fatalf("error %v, want a *client.Error", err)
	}
	shown := client.Error{
		Doing: got.Doing, ID: got.ID, Name: got.Name, Method: got.Method, Attempts: got.Attempts, Status: got.Status, Code: got.Code,
		Message: got.Message, RequestID: got.RequestID, By: got.By, Location: got.Location, RetryAfter: got.RetryAfter, Err: want.Err,
	}
	want.Doing, want.ID, want.Method = cmp.Or(want.Doing, "uploading"), "abc", cmp.Or(want.Method, http.MethodPut)
	want.Attempts = max(1, want.Attempts)
	if shown != want || !errors.Is(got.Err, want.Err) {
		t.Errorf("error %+v, %v\nwant  %+v", shown, got.Err, want)
	}
}

// startTLS starts a server that offers some protocols, and returns a client that
// trusts it and prefers HTTP/2 if that is the only one.
func startTLS(t *testing.T, handler http.Handler, protocols ...string) (api string, trust func(*client.Options)) {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetHTTP1(slices.Contains(protocols, "http/1.1"))
	server.Config.Protocols.SetHTTP2(slices.Contains(protocols, "h2"))
	server.TLS = &tls.Config{NextProtos: protocols}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL, func(o *client.Options) {
		o.RootCAs, o.HTTP2 = x509.NewCertPool(), protocols[0] == "h2" && len(protocols) == 1
		o.RootCAs.AddCert(server.Certificate())
	}
}

func putZeros(t *testing.T, c *client.Client, size int) (*client.Stored, error) {
	t.Helper()
	return c.Put(t.Context(), client.Upload{ID: "abc", Source: artifact.FromBytes(make([]byte, size))})
}

// readHeader reads a request up to its body.
func readHeader(conn net.Conn) string {
	var header strings.Builder
	one := make([]byte, 1)
	for !strings.HasSuffix(header.String(), "\r\n\r\n") {
		if _, err := conn.Read(one); err != nil {
			break
		}
		header.Write(one)
	}
	return header.String()
}

// serveRaw accepts connections and calls handle with each.
func serveRaw(t *testing.T, handle func(net.Conn)) (api string) {
	t.Helper()
	_, address := startNetwork(t, "127.0.0.1:0", "", alone(handle), math.MaxInt64)
	return "http://" + address
}

// TestMain runs more tests in parallel than there are processors, unless
// -parallel is set: they mostly wait.
func TestMain(m *testing.M) {
	flag.Parse()
	log.SetOutput(io.Discard) // net/http logs what hostile servers send
	if parallel := flag.Lookup("test.parallel"); parallel.Value.String() == parallel.DefValue {
		_ = parallel.Value.Set(fmt.Sprint(4 * runtime.GOMAXPROCS(0)))
	}
	os.Exit(m.Run())
}
