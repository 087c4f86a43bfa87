package identity

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/artifact-cli/artifact/pkg/internal/origin"
	"github.com/artifact-cli/artifact/pkg/internal/printable"
	"github.com/artifact-cli/artifact/pkg/internal/reply"
	"github.com/artifact-cli/artifact/pkg/internal/transport"
)

// VercelTokenURL is where Vercel exchanges tokens.
const VercelTokenURL = "https://api.vercel.com/login/oauth/token"

// Exchange is an OAuth server that exchanges a job's token for an access token
// (RFC 8693), as Vercel's does.
type Exchange struct {
	// TokenURL is its token endpoint, if known. Tokens are revoked at /revoke
	// below it.
	TokenURL string
	// Issuer announces both endpoints (OpenID Connect Discovery 1.0, section 4).
	// TokenURL, if set, must be the one that it announces.
	Issuer string
	// ClientID, Team and PolicyID are sent unless they are empty.
	ClientID, Team, PolicyID string
}

// exchange is a checked Exchange.
type exchange struct {
	wire     wire
	options  Exchange
	issuer   *url.URL // nil to look nothing up
	tokenURL *url.URL // nil to ask the issuer
	found    atomic.Pointer[endpoints]
}

// endpoints are where tokens are exchanged and revoked. Each may be nil.
type endpoints struct{ token, revocation *url.URL }

func newExchange(o Exchange, wire wire) (*exchange, error) {
	e := &exchange{wire: wire, options: o}
	var err error
	if e.tokenURL, err = optionalEndpoint("the token URL", o.TokenURL); err == nil {
		e.issuer, err = optionalEndpoint("the issuer", o.Issuer)
	}
	return e, err
}

// optionalEndpoint returns nil for an empty address.
func optionalEndpoint(name, raw string) (*url.URL, error) {
	if raw == "" {
		return nil, nil
	}
	u, err := endpoint(raw)
	if err != nil {
		return nil, &Error{Doing: "exchanging the job's identity token", Kind: Misconfigured, Err: fmt.Errorf("%s: %w", name, err)}
	}
	return u, nil
}

// locate finds the endpoints, once.
func (e *exchange) locate(ctx context.Context) (*endpoints, error) {
	if at := e.found.Load(); at != nil {
		return at, nil
	}
	if e.issuer == nil {
		e.found.Store(&endpoints{e.tokenURL, e.tokenURL.JoinPath("revoke")})
		return e.found.Load(), nil
	}
	at, err := e.discover(ctx)
	if err == nil {
		e.found.Store(at)
	}
	return at, err
}

// discover looks up the endpoints. The issuer must name itself and an endpoint at
// its own origin, or a forged answer could collect tokens.
func (e *exchange) discover(ctx context.Context) (*endpoints, error) {
	doing := "looking up the issuer " + transport.Redact(e.issuer)
	var answer struct {
		Issuer     string `json:"issuer"`
		Token      string `json:"token_endpoint"`
		Revocation string `json:"revocation_endpoint"`
	}
	target := e.issuer.JoinPath(".well-known", "openid-configuration")
	if err := e.wire.ask(ctx, question{doing: doing, target: target}, &answer); err != nil {
		return nil, err
	}
	untrusted := func(format string, args ...any) error {
		return &Error{Doing: doing, Kind: Untrusted, Err: fmt.Errorf(format, args...)}
	}
	show := func(text string) string { return printable.Line(text, reply.MaxLine) }
	if strings.TrimRight(answer.Issuer, "/") != strings.TrimRight(e.options.Issuer, "/") {
		return nil, untrusted("it calls itself %q", show(answer.Issuer))
	}
	at := new(endpoints)
	var err error
	if at.token, err = endpoint(answer.Token); err != nil {
		return nil, untrusted("its token endpoint: %w", err)
	}
	switch wanted := e.tokenURL; {
	case wanted != nil && wanted.String() != at.token.String():
		return nil, untrusted("its token endpoint is %s, not %s", show(transport.Redact(at.token)), transport.Redact(wanted))
	case wanted == nil && !origin.Same(at.token, e.issuer):
		return nil, untrusted("its token endpoint has another origin: %s", show(transport.Redact(at.token)))
	}
	if revocation, err := endpoint(answer.Revocation); err == nil && origin.Same(revocation, at.token) {
		at.revocation = revocation
	}
	return at, nil
}

// maxLifetime keeps times in range.
const maxLifetime = 366 * 24 * time.Hour

// trade exchanges a job's token for an access token, whose lifetime is 0 if unknown.
func (e *exchange) trade(ctx context.Context, token string) (access string, lifetime time.Duration, err error) {
	at, err := e.locate(ctx)
	if err != nil {
		return "", 0, err
	}
	form := url.Values{
		"grant_type":           {"urn:ietf:params:oauth:grant-type:token-exchange"},
		"subject_token_type":   {"urn:ietf:params:oauth:token-type:id_token"},
		"requested_token_type": {"urn:ietf:params:oauth:token-type:access_token"},
		"subject_token":        {token},
	}
	for name, value := range map[string]string{
		"client_id": e.options.ClientID, "team_id_or_slug": e.options.Team, "policy_id": e.options.PolicyID,
	} {
		if value != "" {
			form.Set(name, value)
		}
	}
	doing := "exchanging the job's identity token at " + transport.Redact(at.token)
	var answer struct {
		Token     string   `json:"access_token"`
		Type      string   `json:"token_type"`
		ExpiresIn *float64 `json:"expires_in"`
	}
	if err := e.wire.ask(ctx, question{doing: doing, target: at.token, form: form, secrets: []string{token}}, &answer); err != nil {
		return "", 0, err
	}
	err = checkBearer(answer.Token)
	switch {
	case err != nil:
	case answer.Type != "" && !strings.EqualFold(answer.Type, "Bearer"):
		err = errors.New("the token is not a bearer token")
	case answer.ExpiresIn == nil:
	case !(*answer.ExpiresIn > 0):
		err = errors.New("the token has already expired")
	default:
		lifetime = max(1, time.Duration(min(*answer.ExpiresIn, maxLifetime.Seconds())*float64(time.Second)))
	}
	if err != nil {
		return "", 0, &Error{Doing: doing, Kind: Untrusted, Err: err}
	}
	return answer.Token, lifetime, nil
}

// revoke revokes an access token (RFC 7009), if the server has a route for that.
func (e *exchange) revoke(ctx context.Context, token string) error {
	at := e.found.Load()
	if at == nil || at.revocation == nil {
		return nil
	}
	form := url.Values{"token": {token}, "token_type_hint": {"access_token"}}
	if e.options.ClientID != "" {
		form.Set("client_id", e.options.ClientID)
	}
	if failed, _ := e.wire.try(ctx, question{
		doing: "revoking the access token at " + transport.Redact(at.revocation), target: at.revocation,
		form: form, secrets: []string{token},
	}, nil); failed != nil {
		return failed
	}
	return nil
}
