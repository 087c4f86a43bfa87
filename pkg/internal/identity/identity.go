// Package identity authenticates a CI job without a stored secret. It gets the
// job's identity token, a JWT signed by the CI's vendor, and optionally exchanges
// it at an OAuth server (RFC 8693).
//
// It never sends a token to any other server, follows redirects with one, uses
// plain http to another machine, or uses a token that is not valid now by this
// machine's clock. It does not check signatures. Start at [New] and
// [Identity.Token].
package identity

import (
	"context"
	"crypto/x509"
	"net/http"
	"net/url"
	"slices"
	"sync/atomic"
	"time"

	"github.com/artifact-cli/artifact/pkg/internal/retry"
	"github.com/artifact-cli/artifact/pkg/internal/transport"
)

// Options configure [New].
type Options struct {
	// Getenv and Environ are as in package os.
	Getenv   func(name string) string
	Environ  func() []string
	Audience string              // what the job's token is for; empty leaves it to the vendor
	Exchange *Exchange           // exchanges the job's token; if nil, it is sent to the cache as is
	Hide     func(secret string) // called with each secret before it is used
	// UserAgent, RootCAs, Proxy and Trace are as in a client's options.
	UserAgent string
	RootCAs   *x509.CertPool
	Proxy     string
	Trace     func(transport.Exchange)
}

// transport returns the transport to one server. It does not follow redirects, or
// use plain http to other machines.
func (o Options) transport(origin *url.URL) http.RoundTripper {
	options := transport.Options{Origin: origin, UserAgent: o.UserAgent, RootCAs: o.RootCAs, Trace: o.Trace}
	if o.Proxy != "" {
		options.Proxy, _ = transport.ParseProxy(o.Proxy) // New has checked it
	}
	return transport.New(options)
}

// Identity provides tokens for one cache, and renews them before they expire. It
// is safe for concurrent use.
type Identity struct {
	job      job
	exchange *exchange // nil to send the job's token as is
	audience string
	hide     func(secret string)
	now      func() time.Time

	current atomic.Pointer[grant]
	turn    chan struct{} // a semaphore for getting a grant
	granted []*grant      // all exchanged tokens; guarded by turn
}

// grant is a token for the cache.
type grant struct {
	token   string
	claims  claims // of the job's token
	since   time.Time
	ends    time.Time // zero if unknown
	renewal time.Time // when to get the next one; zero for after a refusal
	// refused is set once the cache refused the token, replacement if it replaced
	// a refused one.
	refused     atomic.Bool
	replacement bool
}

const (
	// renewBefore is how long before its expiry a token is renewed, but at most a
	// quarter of its lifetime.
	renewBefore = time.Minute
	// minReplacementAge is how old a replacement must be, when it is refused, to
	// be replaced again.
	minReplacementAge = 30 * time.Second
	// renewalPause is the pause after a failed renewal, while the old token is
	// still valid.
	renewalPause = 10 * time.Second
)

// New recognizes the CI job, without a request. The error is an [*Error], unless
// it is about the proxy.
func New(o Options) (*Identity, error) {
	if o.Proxy != "" {
		if _, err := transport.ParseProxy(o.Proxy); err != nil {
			return nil, err
		}
	}
	return newIdentity(o, wire{transport: o.transport, retries: retry.New(maxRetries)})
}

func newIdentity(o Options, wire wire) (*Identity, error) {
	i := &Identity{audience: o.Audience, hide: o.Hide, now: time.Now, turn: make(chan struct{}, 1)}
	var err error
	if i.job, err = findJob(o, wire); err != nil {
		return nil, err
	}
	if o.Exchange != nil {
		i.exchange, err = newExchange(*o.Exchange, wire)
	}
	return i, err
}

// Token returns a valid token for the cache. The error is an [*Error] or ctx's.
func (i *Identity) Token(ctx context.Context) (string, error) {
	if g := i.current.Load(); g.isFresh(i.now()) {
		return g.token, nil
	}
	select {
	case i.turn <- struct{}{}:
		defer func() { <-i.turn }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	last, now := i.current.Load(), i.now()
	if last.isFresh(now) {
		return last.token, nil
	}
	next, err := i.get(ctx)
	if err != nil {
		if last != nil && !last.refused.Load() && !last.hasEnded(now) && ctx.Err() == nil {
			late := &grant{token: last.token, claims: last.claims, since: last.since, ends: last.ends, renewal: now.Add(renewalPause)}
			i.current.Store(late)
			return late.token, nil
		}
		return "", err
	}
	next.replacement = last != nil && last.refused.Load()
	i.current.Store(next)
	return next.token, nil
}

// isFresh reports whether the token need not be renewed yet.
func (g *grant) isFresh(now time.Time) bool {
	return g != nil && !g.refused.Load() && (g.renewal.IsZero() || now.Before(g.renewal))
}

func (g *grant) hasEnded(now time.Time) bool { return !g.ends.IsZero() && !now.Before(g.ends) }

// Refused records that the cache refused a token. It reports whether Token may
// return another one: not if the job has only one, or if this one recently
// replaced a refused one.
func (i *Identity) Refused(token string) bool {
	g := i.current.Load()
	switch {
	case g == nil:
		return false
	case g.token != token:
		return true // already replaced
	case i.exchange == nil && !i.job.mints, g.replacement && i.now().Sub(g.since) < minReplacementAge:
		return false
	}
	g.refused.Store(true)
	return true
}

// get gets the job's token, and exchanges it if configured.
func (i *Identity) get(ctx context.Context) (*grant, error) {
	token, err := i.job.token(ctx)
	if err != nil {
		return nil, i.job.explain(err)
	}
	i.hide(token)
	now := i.now()
	c, err := parseClaims(token)
	if err == nil {
		err = c.check(now, i.audience)
	}
	if err != nil {
		return nil, i.job.explain(err)
	}
	if i.exchange == nil {
		g := &grant{token: token, claims: c, since: now, ends: c.Expires.Time}
		if lifetime := c.Expires.Sub(c.Issued.Time); i.job.mints && !c.Issued.IsZero() && lifetime > 0 {
			g.ends = now.Add(lifetime) // independent of the server's clock
		}
		g.plan(i.job.mints)
		return g, nil
	}
	access, lifetime, err := i.exchange.trade(ctx, token)
	if err != nil {
		return nil, err
	}
	i.hide(access)
	g := &grant{token: access, claims: c, since: now}
	if lifetime > 0 {
		g.ends = now.Add(lifetime)
	}
	g.plan(true)
	i.granted = append(slices.DeleteFunc(i.granted, func(g *grant) bool { return g.hasEnded(now) }), g)
	return g, nil
}

// plan sets when to renew the token, if possible.
func (g *grant) plan(canChange bool) {
	if !g.ends.IsZero() && canChange {
		g.renewal = g.ends.Add(-min(renewBefore, g.ends.Sub(g.since)/4))
	}
}

// Revoke revokes the exchanged tokens that have not expired, and returns the
// first error, an [*Error] or ctx's. No method may be called afterwards.
func (i *Identity) Revoke(ctx context.Context) error {
	if i.exchange == nil {
		return nil
	}
	select {
	case i.turn <- struct{}{}: // never released
	case <-ctx.Done():
		return ctx.Err()
	}
	var first error
	for _, g := range i.granted {
		if g.hasEnded(i.now()) {
			continue
		}
		if err := i.exchange.revoke(ctx, g.token); first == nil {
			first = err
		}
	}
	return first
}

// About describes an identity. Its values are unchecked, and may be unprintable.
type About struct {
	Vendor          string    // the CI, as "GitHub Actions"
	Subject, Issuer string    // claims of the job's token
	Endpoint        string    // where it was exchanged; empty if it was not
	Expires         time.Time // of the cache's token; zero if unknown
}

// About describes the identity. Before the first token, only the vendor is known.
func (i *Identity) About() About {
	about := About{Vendor: i.job.vendor}
	if g := i.current.Load(); g != nil {
		about.Subject, about.Issuer, about.Expires = g.claims.Subject, g.claims.Issuer, g.ends
		if i.exchange != nil {
			about.Endpoint = transport.Redact(i.exchange.found.Load().token)
		}
	}
	return about
}
