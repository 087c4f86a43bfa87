// Package identity authenticates a CI job without a stored secret. It gets the
// job's identity token, a JWT signed by the CI's vendor, and gives the cache that
// token or the one that an OAuth server exchanges it for (RFC 8693).
//
// It refuses to send a token to any other place, to follow redirects with it, to
// speak plain http beyond this machine, and to use a token whose times do not fit
// this machine's clock. Signatures are left to those who accept the token. Start
// at [New] and [Identity.Token].
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

// Options say how to get a token.
type Options struct {
	// Getenv and Environ are as in package os.
	Getenv  func(name string) string
	Environ func() []string
	// Audience is what the job's token is for; empty leaves it to the vendor.
	Audience string
	// Exchange says where the job's token is exchanged; nil sends it as it is.
	Exchange *Exchange
	// Hide is called with each secret before it is used.
	Hide func(secret string)
	// UserAgent, RootCAs, Proxy and Trace are as in a client's options.
	UserAgent string
	RootCAs   *x509.CertPool
	Proxy     string
	Trace     func(transport.Exchange)
}

// way returns the transport to one server. It follows no redirect, and plain http
// never leaves this machine.
func (o Options) way(origin *url.URL) http.RoundTripper {
	options := transport.Options{Origin: origin, UserAgent: o.UserAgent, RootCAs: o.RootCAs, Trace: o.Trace}
	if o.Proxy != "" {
		options.Proxy, _ = transport.ParseProxy(o.Proxy) // New has looked at it
	}
	return transport.New(options)
}

// Identity provides tokens for one cache, and renews them before they end. Its
// methods may be called from any goroutine.
type Identity struct {
	job      job
	exchange *exchange // nil to send the job's token as it is
	audience string
	hide     func(secret string)
	now      func() time.Time

	current atomic.Pointer[grant]
	turn    chan struct{} // holds a value while a grant is being got
	granted []*grant      // all exchanged ones; guarded by turn
}

// grant is a token for the cache.
type grant struct {
	token   string
	claims  claims // of the job's token
	since   time.Time
	ends    time.Time // zero if unknown
	renewal time.Time // when to get the next one; zero for after a refusal
	// refused is set once the cache refused it; replacement if it refused the one
	// before.
	refused     atomic.Bool
	replacement bool
}

const (
	// earliness is how long before its end a token is renewed, but at most a
	// quarter of its lifetime.
	earliness = time.Minute
	// secondChance is how old a replacement must be for its refusal to be a reason
	// to get another.
	secondChance = 30 * time.Second
	// laterTry is the pause after a failed renewal, while the old token is still
	// good.
	laterTry = 10 * time.Second
)

// New finds out which job this is, without asking a server. The error is an
// [*Error], unless it is about the proxy.
func New(o Options) (*Identity, error) {
	if o.Proxy != "" {
		if _, err := transport.ParseProxy(o.Proxy); err != nil {
			return nil, err
		}
	}
	return newIdentity(o, wire{way: o.way, retries: retry.New(furtherTries)})
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

// Token returns the token to send to the cache now. The error is an [*Error], or
// ctx's.
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
		if last.isGood(now) && ctx.Err() == nil {
			late := &grant{token: last.token, claims: last.claims, since: last.since, ends: last.ends, renewal: now.Add(laterTry)}
			i.current.Store(late)
			return late.token, nil
		}
		return "", err
	}
	next.replacement = last != nil && last.refused.Load()
	i.current.Store(next)
	return next.token, nil
}

// isFresh reports whether there is no reason to get another token.
func (g *grant) isFresh(now time.Time) bool {
	return g != nil && !g.refused.Load() && (g.renewal.IsZero() || now.Before(g.renewal))
}

// isGood reports whether the cache may accept the token.
func (g *grant) isGood(now time.Time) bool {
	return g != nil && !g.refused.Load() && !g.hasEnded(now)
}

func (g *grant) hasEnded(now time.Time) bool { return !g.ends.IsZero() && !now.Before(g.ends) }

// Refused records that the cache refused a token. It reports whether Token may
// return another: not if the job has only one, nor if this one replaced a refused
// one a moment ago.
func (i *Identity) Refused(token string) bool {
	g := i.current.Load()
	switch {
	case g == nil:
		return false
	case g.token != token:
		return true // it was replaced already
	case i.exchange == nil && !i.job.mints, g.replacement && i.now().Sub(g.since) < secondChance:
		return false
	}
	g.refused.Store(true)
	return true
}

// get gets the job's token, and exchanges it if that is wanted.
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
		g := &grant{token: token, claims: c, since: now, ends: c.expires}
		if lifetime := c.expires.Sub(c.issued); i.job.mints && !c.issued.IsZero() && lifetime > 0 {
			g.ends = now.Add(lifetime) // whatever the clocks say
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

// plan sets when to get the next one, if there can be another.
func (g *grant) plan(canChange bool) {
	if !g.ends.IsZero() && canChange {
		g.renewal = g.ends.Add(-min(earliness, g.ends.Sub(g.since)/4))
	}
}

// Revoke revokes the exchanged tokens that have not ended, and returns the first
// error, an [*Error] or ctx's. Afterwards there are no more tokens.
func (i *Identity) Revoke(ctx context.Context) error {
	if i.exchange == nil {
		return nil
	}
	select {
	case i.turn <- struct{}{}: // and never given back
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
	Endpoint        string    // where it was exchanged; empty if it is sent as it is
	Expires         time.Time // of the cache's token; zero if unknown
}

// About returns what is known: before the first token that is the vendor.
func (i *Identity) About() About {
	about := About{Vendor: i.job.vendor}
	if g := i.current.Load(); g != nil {
		about.Subject, about.Issuer, about.Expires = g.claims.subject, g.claims.issuer, g.ends
		if i.exchange != nil {
			about.Endpoint = i.exchange.shown()
		}
	}
	return about
}
