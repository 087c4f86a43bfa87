package client_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
)

const token = "the-token"

// recorder remembers what a server was sent, and answers as a test says.
type recorder struct {
	mu       sync.Mutex
	requests []received
	answer   http.HandlerFunc
}

// received is a request as it arrived; two are comparable as a whole.
type received struct {
	Method, URI, Proto, Body string
	Length                   int64
	Header                   map[string]string
}

func (r *recorder) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		body = []byte("incomplete: " + err.Error())
	}
	header := map[string]string{}
	for name, values := range req.Header {
		header[name] = strings.Join(values, "; ")
	}
	r.mu.Lock()
	r.requests = append(r.requests, received{req.Method, req.RequestURI, req.Proto, string(body), req.ContentLength, header})
	r.mu.Unlock()
	r.answer(w, req)
}

func (r *recorder) all() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.requests)
}

func accept(w http.ResponseWriter, _ *http.Request) {
	w.WriteHeader(http.StatusAccepted)
	io.WriteString(w, `{"urls":["https://cache/a"]}`)
}

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

// serve starts a recorder and makes a client of it.
func serve(t *testing.T, answer http.HandlerFunc, change ...func(*client.Options)) (*recorder, *client.Client) {
	t.Helper()
	r := &recorder{answer: answer}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	return r, newClient(t, server.URL, change...)
}

func newClient(t *testing.T, api string, change ...func(*client.Options)) *client.Client {
	t.Helper()
	options := client.Options{API: api, Token: token, UserAgent: "test/1"}
	for _, c := range change {
		c(&options)
	}
	c, err := client.New(options)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func put(t *testing.T, c *client.Client, content string) (*client.Stored, error) {
	t.Helper()
	return c.Put(t.Context(), client.Upload{ID: "abc", Source: artifact.FromBytes([]byte(content))})
}

func TestPutSendsEverything(t *testing.T) {
	t.Parallel()
	r, c := serve(t, accept, func(o *client.Options) {
		o.API += "/base/path/"
		o.Team = artifact.Team{ID: "team_1", Slug: "a&b"}
	})
	metadata := artifact.Metadata{
		CI: "GITHUB_ACTIONS", Interactive: new(true), SHA: "5ca1ab1e", DirtyHash: "d1", Tag: "dGFn",
		Duration: new(12500 * time.Millisecond),
	}
	stored, err := c.Put(t.Context(), client.Upload{
		ID: "key:100%+?#é", Source: artifact.FromBytes([]byte("bytes")), Metadata: metadata,
	})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(stored.URLs, []string{"https://cache/a"}) || stored.Metadata != metadata {
		t.Errorf("stored %+v", stored)
	}
	want := received{
		Method: "PUT", URI: "/base/path/v8/artifacts/key:100%25%2B%3F%23%C3%A9?slug=a%26b&teamId=team_1",
		Proto: "HTTP/1.1", Body: "bytes", Length: 5, Header: map[string]string{
			"Authorization": "Bearer the-token", "Content-Type": "application/octet-stream",
			"Content-Length": "5", "User-Agent": "test/1", "X-Artifact-Duration": "12500",
			"X-Artifact-Client-Ci": "GITHUB_ACTIONS", "X-Artifact-Client-Interactive": "1",
			"X-Artifact-Tag": "dGFn", "X-Artifact-Sha": "5ca1ab1e", "X-Artifact-Dirty-Hash": "d1",
		},
	}
	if got := r.all(); len(got) != 1 || fmt.Sprint(got[0]) != fmt.Sprint(want) {
		t.Errorf("sent %+v\nwant %+v", got, want)
	}
}

func TestPutLeavesOutWhatIsNotThere(t *testing.T) {
	t.Parallel()
	r, c := serve(t, accept, func(o *client.Options) { o.Token, o.Team = "", artifact.Team{ID: "not-an-id"} })
	if _, err := put(t, c, ""); err != nil {
		t.Fatal(err)
	}
	want := received{Method: "PUT", URI: "/v8/artifacts/abc", Proto: "HTTP/1.1", Header: map[string]string{
		"Content-Type": "application/octet-stream", "Content-Length": "0", "User-Agent": "test/1",
	}}
	if got := r.all(); len(got) != 1 || fmt.Sprint(got[0]) != fmt.Sprint(want) {
		t.Errorf("sent %+v\nwant %+v", got, want)
	}
}

func TestPutRefusesInvalidMetadata(t *testing.T) {
	t.Parallel()
	r, c := serve(t, accept)
	long := strings.Repeat("x", 601)
	for name, metadata := range map[string]artifact.Metadata{
		"ci":         {CI: long[:51]},
		"sha":        {SHA: long[:201]},
		"dirty hash": {DirtyHash: long[:201]},
		"tag":        {Tag: strings.Repeat("A", 604)},
		"base64":     {Tag: "no base64!"},
		"printable":  {CI: "a\nb"},
		"spaces":     {SHA: " a"},
		"duration":   {Duration: new(-time.Second)},
	} {
		_, err := c.Put(t.Context(), client.Upload{ID: "abc", Source: artifact.FromBytes(nil), Metadata: metadata})
		if !errors.Is(err, client.ErrInvalidMetadata) {
			t.Errorf("%s: %v, want ErrInvalidMetadata", name, err)
		}
	}
	if got := r.all(); len(got) != 0 {
		t.Errorf("sent %v", got)
	}
	stored, err := c.Put(t.Context(), client.Upload{ID: "abc", Source: artifact.FromBytes(nil),
		Describe: func(context.Context) artifact.Metadata { return artifact.Metadata{SHA: long} }})
	if err != nil || stored.Metadata != (artifact.Metadata{}) || r.all()[0].Header["X-Artifact-Sha"] != "" {
		t.Errorf("described late: %+v, %v, sent %v; want nothing of it", stored, err, r.all())
	}
}

// Metadata may still be unknown when the connection is made, over either
// protocol.
func TestPutDescribesWhileItDials(t *testing.T) {
	t.Parallel()
	for _, http2 := range []bool{false, true} {
		r := &recorder{answer: accept}
		connected := make(chan struct{})
		server, roots := startTLS(t, r, "h2", "http/1.1")
		c := newClient(t, server.URL, func(o *client.Options) { o.RootCAs, o.HTTP2 = roots, http2 })
		described := func(context.Context) artifact.Metadata {
			close(connected)
			return artifact.Metadata{SHA: "late"}
		}
		if _, err := c.Put(t.Context(), client.Upload{ID: "abc", Source: artifact.FromBytes(nil), Describe: described}); err != nil {
			t.Fatal(err)
		}
		<-connected
		got := r.all()
		wantProto := map[bool]string{false: "HTTP/1.1", true: "HTTP/2.0"}[http2]
		if len(got) != 1 || got[0].Header["X-Artifact-Sha"] != "late" || got[0].Proto != wantProto {
			t.Errorf("http2 %v: sent %+v", http2, got)
		}
	}
}

func startTLS(t *testing.T, handler http.Handler, protocols ...string) (*httptest.Server, *x509.CertPool) {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetHTTP1(slices.Contains(protocols, "http/1.1"))
	server.Config.Protocols.SetHTTP2(slices.Contains(protocols, "h2"))
	server.TLS = &tls.Config{NextProtos: protocols}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	return server, roots
}

func TestPutFindsTheProtocol(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		offered []string
		http2   bool
		want    string
	}{
		"both":                 {[]string{"h2", "http/1.1"}, false, "HTTP/1.1"},
		"both, --http2":        {[]string{"h2", "http/1.1"}, true, "HTTP/2.0"},
		"only HTTP/1":          {[]string{"http/1.1"}, false, "HTTP/1.1"},
		"only HTTP/1, --http2": {[]string{"http/1.1"}, true, "HTTP/1.1"},
		"only HTTP/2":          {[]string{"h2"}, false, "HTTP/2.0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &recorder{answer: accept}
			server, roots := startTLS(t, r, test.offered...)
			var tries atomic.Int32
			c := newClient(t, server.URL, func(o *client.Options) {
				o.RootCAs, o.HTTP2 = roots, test.http2
				o.Trace = func(client.Exchange) { tries.Add(1) }
			})
			for range 3 {
				if _, err := put(t, c, "bytes"); err != nil {
					t.Fatal(err)
				}
			}
			for _, got := range r.all() {
				if got.Proto != test.want || got.Body != "bytes" {
					t.Errorf("sent %+v, want %s", got, test.want)
				}
			}
			failed := int32(0)
			if (test.want == "HTTP/2.0") != test.http2 {
				failed = 1 // what worked is kept
			}
			if tries.Load() != 3+failed {
				t.Errorf("%d tries, want %d", tries.Load(), 3+failed)
			}
		})
	}
}

// A server that closes the connection at the first byte under HTTP/1.1 gets
// one try over HTTP/2; the first error counts where that fails too.
func TestPutReportsTheFirstProtocolsError(t *testing.T) {
	t.Parallel()
	server, roots := startTLS(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		panic(http.ErrAbortHandler)
	}), "h2", "http/1.1")
	var mu sync.Mutex
	var protocols []string
	c := newClient(t, server.URL, func(o *client.Options) {
		o.RootCAs = roots
		o.Trace = func(e client.Exchange) {
			mu.Lock()
			defer mu.Unlock()
			protocols = append(protocols, fmt.Sprint(e.Err))
		}
	})
	_, err := put(t, c, "bytes")
	if !errors.Is(err, io.EOF) || len(protocols) != 2 {
		t.Errorf("error %v after %q, want EOF after two tries", err, protocols)
	}
}

func TestPutChecksCertificates(t *testing.T) {
	t.Parallel()
	r := &recorder{answer: accept}
	server, _ := startTLS(t, r, "h2", "http/1.1")
	var tries atomic.Int32
	c := newClient(t, server.URL, func(o *client.Options) {
		o.RootCAs = x509.NewCertPool()
		o.Trace = func(client.Exchange) { tries.Add(1) }
	})
	_, err := put(t, c, "bytes")
	var unknown x509.UnknownAuthorityError
	if !errors.As(err, &unknown) || len(r.all()) != 0 || tries.Load() != 1 {
		t.Errorf("error %v after %d tries", err, tries.Load())
	}
}

func TestPutAnswers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		urls   []string
		want   *client.Error // nil for success; ID, Method and URL are the same in all
	}{
		"202 urls":       {answering(202, "application/json", `{"urls":["a","b"]}`), []string{"a", "b"}, nil},
		"200 null":       {answering(200, "application/json", `{"urls":null}`), nil, nil},
		"201 nothing":    {answering(201, "", ""), nil, nil},
		"204":            {answering(204, "", ""), nil, nil},
		"200 ok":         {answering(200, "application/json", `{"ok":true}`), nil, nil},
		"200 text":       {answering(200, "text/plain", `stored`), nil, nil},
		"200 other urls": {answering(200, "application/json", `{"urls":"a"}`), nil, nil},
		"206":            {answering(206, "", ""), nil, &client.Error{Status: 206, Err: client.ErrNotRemoteCache}},
		"html by type": {answering(200, "Text/HTML; charset=utf-8", `Welcome`), nil,
			&client.Error{Status: 200, Err: client.ErrNotRemoteCache}},
		"html by body": {answering(200, "", " \n<!doctype html><title>My &amp; Site</title>"), nil,
			&client.Error{Status: 200, Message: "My & Site", Err: client.ErrNotRemoteCache}},
		"nested": {answering(403, "application/json", `{"error":{"code":"remote_caching_disabled","message":"Off."}}`, "X-Vercel-Id", "iad1::x"), nil,
			&client.Error{Status: 403, Code: "remote_caching_disabled", Message: "Off.", RequestID: "iad1::x"}},
		"flat": {answering(402, "application/json", `{"code":"payment","message":"Pay."}`), nil,
			&client.Error{Status: 402, Code: "payment", Message: "Pay."}},
		"fastify": {answering(412, "application/json", `{"statusCode":412,"error":"Precondition Failed","message":"Storage"}`), nil,
			&client.Error{Status: 412, Message: "Storage"}},
		"message": {answering(401, "application/json", `{"message":"Who?"}`), nil, &client.Error{Status: 401, Message: "Who?"}},
		"error":   {answering(400, "application/json", `{"error":"Bad"}`), nil, &client.Error{Status: 400, Message: "Bad"}},
		"page": {answering(413, "text/html", "<html><head><title>413 Request Entity Too Large</title>"), nil,
			&client.Error{Status: 413}},
		"text": {answering(502, "text/plain", "upstream\n  is\x1b[31m gone\x00"), nil,
			&client.Error{Status: 502, Message: "upstream is?[31m gone?"}},
		"long":        {answering(500, "text/plain", strings.Repeat("é", 400)), nil, &client.Error{Status: 500, Message: strings.Repeat("é", 297) + "..."}},
		"endless":     {answering(500, "text/plain", strings.Repeat(" ", 1<<20)), nil, &client.Error{Status: 500}},
		"broken json": {answering(500, "application/json", `{"error":`), nil, &client.Error{Status: 500}},
		"deep json":   {answering(500, "application/json", strings.Repeat("[", 60<<10)), nil, &client.Error{Status: 500, Message: strings.Repeat("[", 297) + "..."}},
		"echo": {answering(401, "text/plain", strings.Repeat("x", 295)+" "+token), nil,
			&client.Error{Status: 401, Message: strings.Repeat("x", 295) + " ***"}},
		"nothing": {answering(410, "", ""), nil, &client.Error{Status: 410}},
		"number":  {answering(429, "application/json", `{"code":17,"message":"Slow"}`), nil, &client.Error{Status: 429, Code: "17", Message: "Slow"}},
		"304":     {answering(304, "", ""), nil, &client.Error{Status: 304, Err: client.ErrRedirect}},
		"301": {answering(301, "", "", "Location", "https://other:8443/x?secret"), nil,
			&client.Error{Status: 301, Location: "https://other:8443", Err: client.ErrRedirect}},
		"302":         {answering(302, "", "", "Location", "//other"), nil, &client.Error{Status: 302, Location: "http://other", Err: client.ErrRedirect}},
		"303":         {answering(303, "", "", "Location", "/x"), nil, &client.Error{Status: 303, Err: client.ErrRedirect}},
		"307 nowhere": {answering(307, "", ""), nil, &client.Error{Status: 307, Err: client.ErrRedirect}},
		"307 to a file": {answering(307, "", "", "Location", "file:///etc/passwd"), nil,
			&client.Error{Status: 307, Err: client.ErrRedirect}},
		"308 with a password": {answering(308, "", "", "Location", "http://u:p@other/"), nil,
			&client.Error{Status: 308, Location: "http://other", Err: client.ErrRedirect}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, c := serve(t, test.answer)
			stored, err := put(t, c, "bytes")
			if n := len(r.all()); n != 1 {
				t.Errorf("%d requests, want 1", n)
			}
			if test.want == nil {
				if err != nil || !slices.Equal(stored.URLs, test.urls) {
					t.Errorf("stored %+v, %v; want urls %q", stored, err, test.urls)
				}
				return
			}
			var got *client.Error
			if !errors.As(err, &got) {
				t.Fatalf("error %v, want a *client.Error", err)
			}
			if !errors.Is(err, test.want.Err) && test.want.Err != nil {
				t.Errorf("error %v, want one that wraps %v", err, test.want.Err)
			}
			shown := client.Error{Status: got.Status, Code: got.Code, Message: got.Message, RequestID: got.RequestID, Location: got.Location, Err: test.want.Err}
			if test.want.Location == "" && test.want.Status == 303 {
				shown.Location = "" // this server's own port
			}
			if shown != *test.want {
				t.Errorf("error %+v\nwant  %+v", shown, *test.want)
			}
			if got.Err != nil && test.want.Err == nil {
				t.Errorf("reason %v, want the status alone", got.Err)
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

func TestPlainHTTPStaysOnThisMachine(t *testing.T) {
	t.Parallel()
	// 192.0.2.0/24 is for documentation (RFC 5737); nothing is dialled.
	c := newClient(t, "http://192.0.2.1:9")
	if _, err := put(t, c, "bytes"); !errors.Is(err, client.ErrPlainHTTP) {
		t.Errorf("error %v, want ErrPlainHTTP", err)
	}
}

func TestNewRefusesWhatIsNoBaseURL(t *testing.T) {
	t.Parallel()
	for _, api := range []string{
		"cache.example", "ftp://cache", "https://", "https://user:secret@cache", "https://user@cache", "user:secret@cache",
		"https:user:secret@cache", "https://user:secret/x@cache", "https://user:sec ret@cache", "https://cache/?q",
		"https://cache/#f", "https://cache:port", "https://cache/%zz", "https:///v8", "://", "https://ca che", "/path",
	} {
		_, err := client.New(client.Options{API: api})
		if !errors.Is(err, client.ErrInvalidAPI) || strings.Contains(err.Error(), "secret") {
			t.Errorf("New(%q) = %v, want ErrInvalidAPI", api, err)
		}
	}
}

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

// serveRaw accepts connections and lets one function have each.
func serveRaw(t *testing.T, handle func(net.Conn)) (api string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() { defer conn.Close(); handle(conn) }()
		}
	}()
	return "http://" + listener.Addr().String()
}

// What changes while it is sent never arrives whole.
func TestPutBreaksOffWhenTheInputChanged(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int{"empty": 0, "small": 10, "large": 3 << 20} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "input")
			if err := os.WriteFile(path, make([]byte, size), 0o600); err != nil {
				t.Fatal(err)
			}
			source, err := artifact.OpenFile(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			defer source.Close()
			if err := os.Chmod(path, 0o640); err != nil {
				t.Fatal(err)
			}
			r, c := serve(t, accept)
			_, err = c.Put(t.Context(), client.Upload{ID: "abc", Source: source})
			if !errors.Is(err, artifact.ErrChanged) {
				t.Errorf("error %v, want ErrChanged", err)
			}
			for _, got := range r.all() {
				if !strings.HasPrefix(got.Body, "incomplete: ") {
					t.Errorf("the server got a whole body of %d bytes", len(got.Body))
				}
			}
		})
	}
}

func TestPutStopsWithItsContext(t *testing.T) {
	t.Parallel()
	stop := errors.New("stopped")
	ctx, cancel := context.WithCancelCause(t.Context())
	api := serveRaw(t, func(conn net.Conn) { cancel(stop); io.Copy(io.Discard, conn) })
	_, err := newClient(t, api).Put(ctx, client.Upload{ID: "abc", Source: artifact.FromBytes(make([]byte, 10<<20))})
	if !errors.Is(err, stop) {
		t.Errorf("error %v, want the context's cause", err)
	}
}

func TestErrorsShowNoSecrets(t *testing.T) {
	t.Parallel()
	api := serveRaw(t, func(net.Conn) {})
	var traced client.Exchange
	c := newClient(t, api, func(o *client.Options) { o.Trace = func(e client.Exchange) { traced = e } })
	_, err := put(t, c, "bytes")
	var failed *client.Error
	if !errors.As(err, &failed) || failed.URL != api+"/v8/artifacts/abc" || strings.Contains(fmt.Sprintf("%+v %+v", failed, traced), token) {
		t.Errorf("error %+v, traced %+v", failed, traced)
	}
	target, _ := url.Parse("https://u:p@h/x?teamId=t&slug=s&X-Amz-Signature=secret#frag")
	if got, want := client.RedactForTest(target), "https://h/x?X-Amz-Signature=***&slug=s&teamId=t"; got != want {
		t.Errorf("redacted %s, want %s", got, want)
	}
}
