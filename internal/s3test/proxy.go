package s3test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"

	"github.com/Shopify/toxiproxy/v2/stream"
	"github.com/Shopify/toxiproxy/v2/toxics"

	"github.com/artifact-cli/artifact/internal/freeport"
)

// Proxy is a network in front of a server, which may fail.
type Proxy struct {
	address, server string

	mu       sync.Mutex
	listener net.Listener // nil while it is down
	out      toxics.Toxic // what happens to requests
	back     toxics.Toxic // and to answers
	conns    map[*net.TCPConn]bool
}

// Through starts a proxy in front of s, and returns s as it is seen through it.
func (s *Server) Through(t testing.TB) (*Proxy, *Server) {
	t.Helper()
	endpoint, err := url.Parse(s.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{address: fmt.Sprint("127.0.0.1:", freeport.Find(t)), server: endpoint.Host, conns: map[*net.TCPConn]bool{}}
	p.Up(t)
	t.Cleanup(p.Down)
	seen := *s
	seen.Endpoint = "http://" + p.address
	return p, &seen
}

// Behind returns s as it is seen through a handler, which gets each request and may
// pass it on to next.
func (s *Server) Behind(t testing.TB, handler func(next http.Handler) http.Handler) *Server {
	t.Helper()
	endpoint, err := url.Parse(s.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(handler(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(endpoint)
		r.Out.Host = r.In.Host // as signed
	}}))
	t.Cleanup(web.Close)
	seen := *s
	seen.Endpoint = web.URL
	return &seen
}

// WithoutConditions returns s as it is seen through a proxy that removes
// If-None-Match, which is not signed.
func (s *Server) WithoutConditions(t testing.TB) *Server {
	t.Helper()
	return s.Behind(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.Header.Del("If-None-Match")
			next.ServeHTTP(w, r)
		})
	})
}

// Fail ends all connections. Later ones have toxics for what is sent and what comes
// back; nil changes nothing.
func (p *Proxy) Fail(out, back toxics.Toxic) {
	p.mu.Lock()
	p.out, p.back = out, back
	p.mu.Unlock()
	p.Cut()
}

// Cut ends all connections.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn := range p.conns {
		_ = conn.SetLinger(0)
		_ = conn.Close()
	}
	clear(p.conns)
}

// Down ends all connections and refuses others.
func (p *Proxy) Down() {
	p.mu.Lock()
	if p.listener != nil {
		_ = p.listener.Close()
		p.listener = nil
	}
	p.mu.Unlock()
	p.Cut()
}

// Up accepts connections.
func (p *Proxy) Up(t testing.TB) {
	t.Helper()
	listener, err := net.Listen("tcp", p.address)
	if err != nil {
		t.Fatal(err)
	}
	p.mu.Lock()
	p.listener = listener
	p.mu.Unlock()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go p.connect(conn.(*net.TCPConn))
		}
	}()
}

func (p *Proxy) connect(client *net.TCPConn) {
	conn, err := net.Dial("tcp", p.server)
	if err != nil {
		_ = client.Close()
		return
	}
	server := conn.(*net.TCPConn)
	p.mu.Lock()
	out, back, down := p.out, p.back, p.listener == nil
	p.conns[client], p.conns[server] = true, true
	p.mu.Unlock()
	if down { // meanwhile
		p.Cut()
	}
	var flows sync.WaitGroup
	flows.Go(func() { flow(server, client, out) })
	flows.Go(func() { flow(client, server, back) })
	flows.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, client)
	delete(p.conns, server)
}

// flow is one direction, built like toxiproxy's.
func flow(to, from *net.TCPConn, toxic toxics.Toxic) {
	if toxic == nil {
		toxic = new(toxics.NoopToxic)
	}
	in, out := make(chan *stream.StreamChunk), make(chan *stream.StreamChunk)
	stub := toxics.NewToxicStub(in, out)
	if stateful, ok := toxic.(toxics.StatefulToxic); ok {
		stub.State = stateful.NewState()
	}
	go func() {
		defer close(in)
		_, _ = io.Copy(stream.NewChanWriter(in), from)
	}()
	go func() {
		toxic.Pipe(stub)
		stub.Close()
		for range in { // so that the reader above can end
		}
	}()
	_, _ = io.Copy(to, stream.NewChanReader(out))
	_ = to.Close()
	for range out { // and the toxic
	}
}
