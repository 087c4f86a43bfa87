// Package identity lets a CI job show what it is, in the place of a secret that
// it would have to keep. It gets the job's own identity token, a JWT that the
// CI's vendor signed, and gives it to the cache as it is, or what an OAuth server
// gives for it (RFC 8693).
//
// It refuses to send a token anywhere but to the one place that it is for, to
// follow redirects with it, to speak plain http beyond this machine, and to use
// a token whose times do not fit this machine's clock. No signature is checked:
// a token is judged by whoever takes it. Start at [New] and [Identity.Token].
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

// Options say how to come by a token.
type Options struct {
	// Getenv and Environ give the environment, as package os does.
	Getenv  func(name string) string
	Environ func() []string
	// Audience is whom the job's token is for. Where it is empty, that is left
	// to the vendor.
	Audience string
	// Exchange, if not nil, tells where the job's token is exchanged. Otherwise
	// it is what the cache gets.
	Exchange *Exchange
	// Hide is told each secret before anything else is done with it.
	Hide func(secret string)
	// UserAgent, RootCAs, Proxy and Trace are as those of a client of the cache.
	// A certificate and further headers are for the cache alone.
	UserAgent string
	RootCAs   *x509.CertPool
	Proxy     string
	Trace     func(transport.Exchange)
}

// way makes the way to one server. It follows no redirect, and plain http leaves
// this machine on no account.
func (o Options) way(origin *url.URL) http.RoundTripper {
	options := transport.Options{Origin: origin, UserAgent: o.UserAgent, RootCAs: o.RootCAs, Trace: o.Trace}
	if o.Proxy != "" {
		options.Proxy, _ = transport.ParseProxy(o.Proxy) // New has looked at it
	}
	return transport.New(options)
}

// Identity gives tokens for one cache, got anew some time before they end. Its
// methods may be called from any goroutine.
type Identity struct {
	job      job
	exchange *exchange // nil where the job's token is sent as it is
	audience string
	hide     func(secret string)
	now      func() time.Time

	current atomic.Pointer[grant]
	turn    chan struct{} // holds a value while somebody gets a grant
	granted []*grant      // all that were exchanged; under turn
}

// grant is a token that the cache takes.
type grant struct {
	token   string
	claims  claims // of the job's token
	since   time.Time
	ends    time.Time // zero where nobody told
	renewal time.Time // when to get the next one; zero for not before a refusal
	// refused says that the cache did not take it; replacement that this was
	// so for the one before it.
	refused     atomic.Bool
	replacement bool
}

const (
	// earliness is how long before its end a token is got anew, and at most a
	// quarter of its lifetime.
	earliness = time.Minute
	// secondChance is how long after a token in the place of a refused one
	// another refusal is a reason to get the next.
	secondChance = 30 * time.Second
	// laterTry is when to try again to get a token, while the one before it
	// is good still.
	laterTry = 10 * time.Second
)

// New finds out which job this is, and asks nobody. The error is an [*Error],
// unless it is about the proxy.
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

// Token is the one to send to the cache now. The error is an [*Error], or that
// of ctx.
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

// isFresh tells whether nothing speaks for another token.
func (g *grant) isFresh(now time.Time) bool {
	return g != nil && !g.refused.Load() && (g.renewal.IsZero() || now.Before(g.renewal))
}

// isGood tells whether the cache may take the token.
func (g *grant) isGood(now time.Time) bool {
	return g != nil && !g.refused.Load() && (g.ends.IsZero() || now.Before(g.ends))
}

// Refused says that the cache did not take a token. It tells whether Token may
// give another one: not where the job has only one, and not where the token was
// got for the same reason a moment ago.
func (i *Identity) Refused(token string) bool {
	g := i.current.Load()
	switch {
	case g == nil:
		return false
	case g.token != token:
		return true // somebody else came first
	case i.exchange == nil && !i.job.mints, g.replacement && i.now().Sub(g.since) < secondChance:
		return false
	}
	g.refused.Store(true)
	return true
}

// get gets the job's token and what is given for it.
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
	given, err := i.exchange.trade(ctx, token)
	if err != nil {
		return nil, err
	}
	i.hide(given.token)
	g := &grant{token: given.token, claims: c, since: now}
	if given.lifetime > 0 {
		g.ends = now.Add(given.lifetime)
	}
	g.plan(true)
	ended := func(g *grant) bool { return !g.ends.IsZero() && !now.Before(g.ends) }
	i.granted = append(slices.DeleteFunc(i.granted, ended), g)
	return g, nil
}

// plan sets when to get the next one, if there can be another.
func (g *grant) plan(canChange bool) {
	if !g.ends.IsZero() && canChange {
		g.renewal = g.ends.Add(-min(earliness, g.ends.Sub(g.since)/4))
	}
}

// Revoke ends the tokens that were exchanged and would be good still. It
// returns the first error, an [*Error], and nothing can be got afterwards.
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
		if !g.ends.IsZero() && !i.now().Before(g.ends) {
			continue
		}
		if err := i.exchange.revoke(ctx, g.token); first == nil {
			first = err
		}
	}
	return first
}

// About is what may be shown of an identity. Nothing of it was checked, nor to be
// printable.
type About struct {
	// Vendor names the CI, as "GitHub Actions".
	Vendor string
	// Subject and Issuer are who the job is, and who says so.
	Subject, Issuer string
	// Endpoint is where the job's token was exchanged; empty where it is sent
	// as it is.
	Endpoint string
	// Expires is when the cache's token ends; zero where nobody told.
	Expires time.Time
}

// About tells what is known; without a token that is the vendor.
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
