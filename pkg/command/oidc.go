package command

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/spf13/pflag"

	"github.com/artifact-cli/artifact/pkg/internal/credential"
	"github.com/artifact-cli/artifact/pkg/internal/identity"
	"github.com/artifact-cli/artifact/pkg/internal/settings"
	"github.com/artifact-cli/artifact/pkg/internal/transport"
	"github.com/artifact-cli/artifact/pkg/internal/usertext"
)

// oidcOptions are the flags for the identity of a CI job.
type oidcOptions struct {
	enabled                              bool
	clientID, tokenURL, issuer, policyID string
	audience                             string
}

// oidcFlag is also the origin of the token in status.
const oidcFlag = "--oidc"

func (o *oidcOptions) register(to *pflag.FlagSet) {
	flags := newFlagSet()
	flags.BoolVar(&o.enabled, "oidc", false, "use the CI job's identity instead of a token")
	parsedFlag(flags, &o.audience, "oidc-audience", "NAME", "audience of the job's identity token", usertext.ParseValue)
	parsedFlag(flags, &o.clientID, "oidc-client-id", "ID", "client id for exchanging the job's token", usertext.ParseValue)
	parsedFlag(flags, &o.tokenURL, "oidc-token-url", "URL", "exchange the job's token at this URL (default for Vercel: Vercel's own)", usertext.ParseValue)
	parsedFlag(flags, &o.issuer, "oidc-issuer", "URL", "exchange the job's token at the endpoint that this issuer announces", usertext.ParseValue)
	parsedFlag(flags, &o.policyID, "oidc-policy-id", "ID", "policy id to send in the exchange", usertext.ParseValue)
	readEnvironment(flags, "oidc", "oidc-audience", "oidc-client-id", "oidc-token-url", "oidc-issuer", "oidc-policy-id")
	addNetworkFlags(to, flags)
}

// exchange returns where to exchange the job's token, or nil if the cache accepts
// it directly. Vercel's does not.
func (o oidcOptions) exchange(resolver *settings.Resolver, s settings.Settings) (*identity.Exchange, error) {
	e := &identity.Exchange{
		TokenURL: o.tokenURL, Issuer: o.issuer, ClientID: o.clientID, PolicyID: o.policyID,
		Team: cmp.Or(s.Team.QueryID(), s.Team.Slug),
	}
	if e.TokenURL != "" || e.Issuer != "" {
		return e, nil
	}
	switch isVercel := resolver.Origin() == credential.Vercel; {
	case isVercel && o.clientID == "":
		return nil, unusable("Vercel's cache does not accept a CI's identity token: exchange it with --oidc-client-id or ARTIFACT_OIDC_CLIENT_ID")
	case isVercel:
		e.TokenURL = identity.VercelTokenURL
		return e, nil
	case o.clientID != "" || o.policyID != "":
		return nil, unusable("no URL to exchange the job's identity token at: give --oidc-token-url or --oidc-issuer")
	}
	return nil, nil
}

// authorizeAsJob gets a token for the job's identity.
func (a *app) authorizeAsJob(ctx context.Context, net networkOptions, resolver *settings.Resolver, s *settings.Settings) error {
	if err := resolver.CheckConfirmed(); err != nil {
		return err
	}
	exchange, err := net.oidc.exchange(resolver, *s)
	if err != nil {
		return err
	}
	roots, err := a.rootCAs(net.caCert, "")
	if err != nil {
		return err
	}
	proxy, origin, err := a.proxy(net.proxy)
	if err != nil {
		return &settings.Error{Origin: origin, Err: err}
	}
	job, err := identity.New(identity.Options{
		Getenv: a.env.Getenv, Environ: a.env.Environ, Audience: net.oidc.audience, Exchange: exchange,
		Hide: a.hideFromLog, UserAgent: userAgent(), RootCAs: roots, Proxy: proxy, Trace: trace[transport.Exchange](a),
	})
	if err != nil {
		return err
	}
	a.identity.Store(job)
	token, err := job.Token(ctx)
	if err != nil {
		return err
	}
	s.Token, s.TokenOrigin = credential.NewSecret(token), oidcFlag
	if a.env.Getenv(settings.EnvToken) != "" {
		a.warn(settings.EnvToken + " is not used: --oidc takes precedence")
	}
	return nil
}

// refusedIdentity returns a hint about the identity that the cache must trust.
func (a *app) refusedIdentity() string {
	about := a.identity.Load().About()
	if about.Endpoint != "" {
		return fmt.Sprintf("The cache does not accept the access token from %s: check --api and --team.", about.Endpoint)
	}
	return fmt.Sprintf("The cache does not accept the job's identity. It must trust the issuer %s for the subject %s.\nCheck --oidc-audience too. Some caches need an exchanged token: --oidc-client-id, --oidc-token-url.",
		a.streams.redactor.Line(about.Issuer, maxClaim), a.streams.redactor.Line(about.Subject, maxClaim))
}

// maxClaim limits how many characters of a claim are shown.
const maxClaim = 200

// identityJSON is the job's identity as status prints it with --json. Scripts
// rely on the names.
type identityJSON struct {
	Vendor   string    `json:"vendor"`
	Subject  string    `json:"subject,omitempty"`
	Issuer   string    `json:"issuer,omitempty"`
	Exchange string    `json:"exchange,omitempty"` // where it was exchanged
	Expires  time.Time `json:"expires,omitzero"`
}

// newIdentityJSON returns the job's identity, which there must be.
func (a *app) newIdentityJSON() *identityJSON {
	about := a.identity.Load().About()
	return &identityJSON{
		Vendor: about.Vendor, Subject: a.streams.redactor.Line(about.Subject, maxClaim), Issuer: a.streams.redactor.Line(about.Issuer, maxClaim),
		Exchange: about.Endpoint, Expires: about.Expires.UTC().Truncate(time.Second),
	}
}

// text formats an identity such as "GitHub Actions (repo:acme/web), expires
// 22:04:05 UTC (in 9m0s)".
func (i identityJSON) text(now time.Time) string {
	line := i.Vendor
	if i.Subject != "" {
		line += " (" + i.Subject + ")"
	}
	if i.Exchange != "" {
		line += ", exchanged at " + i.Exchange
	}
	if !i.Expires.IsZero() {
		line += fmt.Sprintf(", expires %s (in %v)", i.Expires.Format("15:04:05 UTC"), i.Expires.Sub(now).Round(time.Second))
	}
	return line
}

// revokeWait limits how long the end of a run waits for the token's
// revocation.
const revokeWait = 10 * time.Second

// endIdentity revokes the access token that the job's identity was exchanged
// for.
func (a *app) endIdentity() {
	if err := a.revokeIdentity(); err != nil {
		a.warn(fmt.Sprintf("the access token was not revoked, and stays valid until it expires: %v", err))
	}
}

func (a *app) revokeIdentity() error {
	job := a.identity.Load()
	if job == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), revokeWait) // even after an interrupt
	defer cancel()
	return job.Revoke(ctx)
}
