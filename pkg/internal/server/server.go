// Package server answers the Remote Cache API, version 8, from a
// [store.Store]: upload, download, existence, the batch query, status, events
// and turbo's preflight.
//
// Before it reads a body, it rejects requests without a token, with another Host,
// or outside the limits in package api. It cuts off slow clients. Start at [New]
// and [Server.Serve].
package server

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/artifact-cli/artifact/pkg/internal/fault"
	"github.com/artifact-cli/artifact/pkg/internal/store"
)

// Options configure a [Server].
type Options struct {
	Tokens *Tokens // what clients must send one of, as "Authorization: Bearer TOKEN"
	// Addr is the address of the server, usually its listener's.
	Addr net.Addr
	// Hosts are names of the server, as for [ParseHost]. A request's Host must be one
	// of them, a literal address, or localhost if Addr is loopback or unspecified. The
	// port does not matter, since a container's may be published as another.
	Hosts []string
	// Certificate, if not nil, returns the certificate for a new connection. All must
	// be TLS then.
	Certificate func() *tls.Certificate
	Version     string // of this program, for the metrics
	// Log, if not nil, is called when a request has ended, concurrently.
	Log func(Access)
	// Warn, if not nil, is called when connections cannot be accepted, which the
	// server tries again. It is called again only after a success.
	Warn   func(error)
	Limits Limits // zero members have defaults
}

// Limits are how long the server waits.
type Limits struct {
	Header time.Duration // to receive a request's headers; default 10 s
	Idle   time.Duration // for another request on a connection; default 2 minutes
	// Window is how long the server waits for as many bytes as a client at
	// 1 KiB/s would send or take in that time; a slower one is cut off.
	// Default 1 minute.
	Window time.Duration
	// Linger is how long the rest of a refused body is read and discarded, so
	// that the client can read the answer. Default 2 s.
	Linger time.Duration
	Grace  time.Duration // for requests in flight when it stops; default 10 s
}

// minRate is the slowest transfer allowed, in bytes per second.
const minRate = 1024

func (l Limits) withDefaults() Limits {
	return Limits{
		Header: cmp.Or(l.Header, 10*time.Second),
		Idle:   cmp.Or(l.Idle, 2*time.Minute),
		Window: cmp.Or(l.Window, time.Minute),
		Linger: cmp.Or(l.Linger, 2*time.Second),
		Grace:  cmp.Or(l.Grace, 10*time.Second),
	}
}

// Server is an [http.Handler] for the API. Run it with [Server.Serve], which also
// limits the size of headers and the time for headers and between requests.
type Server struct {
	store    store.Store
	tokens   *Tokens
	hosts    map[string]bool
	loopback bool                    // only this machine can reach the server
	cert     func() *tls.Certificate // nil without TLS
	log      func(Access)
	warn     func(error)
	limits   Limits
	version  string
	started  time.Time
	counters counters
	inFlight sync.RWMutex // held for reading by every request
}

// New returns a server for s. It fails if options have no tokens, no address with
// a port, or a name that [ParseHost] rejects.
func New(s store.Store, options Options) (*Server, error) {
	switch {
	case options.Tokens == nil || options.Tokens.permissions.Load() == nil:
		return nil, ErrNoToken
	case options.Addr == nil:
		return nil, errors.New("a server needs an address")
	}
	addr, err := netip.ParseAddrPort(options.Addr.String())
	if err != nil {
		return nil, fmt.Errorf("the server's address: %w", err)
	}
	own := addr.Addr().Unmap().WithZone("")
	hosts := map[string]bool{"localhost": own.IsLoopback() || own.IsUnspecified()}
	for _, host := range options.Hosts {
		name, err := ParseHost(host)
		if err != nil {
			return nil, fmt.Errorf("the server's name %q: %w", host, err)
		}
		hosts[name] = true
	}
	server := &Server{
		store: s, tokens: options.Tokens, hosts: hosts, loopback: own.IsLoopback(), cert: options.Certificate,
		log: options.Log, warn: options.Warn, limits: options.Limits.withDefaults(), version: options.Version, started: time.Now(),
	}
	server.counters.ended = make(map[outcome]int64)
	if server.log == nil {
		server.log = func(Access) {}
	}
	if server.warn == nil {
		server.warn = func(error) {}
	}
	return server, nil
}

// ServeHTTP implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.inFlight.RLock()
	defer s.inFlight.RUnlock()
	s.counters.begin()
	x := newExchange(w, r, s.limits)
	defer func() { s.end(x) }()
	// net/http would hide a panic.
	if err := fault.Catch(func() error { return s.answer(x) }); err != nil {
		x.fail(err)
	}
}

// end counts and logs a request.
func (s *Server) end(x *exchange) {
	access := x.access()
	s.counters.end(access, x.segment != "")
	s.log(access)
}

// answer checks the request and then routes it.
func (s *Server) answer(x *exchange) error {
	if x.r.URL.EscapedPath() == healthPath {
		return x.health()
	}
	if err := s.checkHost(x.r.Host); err != nil {
		return err
	}
	x.permission = s.tokens.permission(x.r)
	isOpen := x.r.URL.EscapedPath() == metricsPath && s.isLocal(x.r)
	if x.permission == none && !isOpen {
		x.w.Header().Set("WWW-Authenticate", "Bearer")
		return refuse(http.StatusUnauthorized, "unauthorized", "The request has no valid token.")
	}
	return s.route(x)
}

// healthPath is for programs that check whether the server runs. They often know
// neither its name nor a token.
const healthPath = "/healthz"

func (x *exchange) health() error {
	if x.r.Method != http.MethodGet && x.r.Method != http.MethodHead {
		return x.notAllowed("GET, HEAD")
	}
	x.routine = true
	header := x.w.Header()
	header.Set("Content-Type", "text/plain; charset=utf-8")
	header.Set("Content-Length", "2")
	x.begin(http.StatusOK)
	if x.r.Method == http.MethodHead {
		return nil
	}
	_, err := x.Write([]byte("ok"))
	return err
}
