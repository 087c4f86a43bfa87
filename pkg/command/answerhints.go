package command

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/internal/api"
	"github.com/artifact-cli/artifact/pkg/internal/credential"
	"github.com/artifact-cli/artifact/pkg/internal/transport"
)

// answerHint returns the next step after a failed request. Who answered matters
// more than the status.
func answerHint(e *client.Error) string {
	switch {
	case e.Location != "" && (errors.Is(e, client.ErrRedirect) || e.By == client.ByAnother):
		return "Use this --api: " + shellQuote(e.Location)
	case errors.Is(e, client.ErrRetryAfter):
		return "The server asks to wait " + waitText(e.RetryAfter) + ": run it again after that, or ask its operator."
	case e.IsCacheClosed() && closedHints[e.Code] != "":
		return closedHints[e.Code]
	case e.Status == 0:
		return networkHint(e.Err)
	case e.By == client.ByStorage && expired.MatchString(e.Code+" "+e.Message):
		return "The artifact's URL from the cache has expired: run this again.\n" +
			"If that does not help, check the clocks of this machine and of the cache."
	case e.By == client.ByCache && (e.Status == http.StatusBadRequest || e.Status == http.StatusUnprocessableEntity):
		return badRequestHint(e)
	}
	for _, advice := range answerAdvices {
		if advice.fits(e) {
			return advice.next
		}
	}
	switch {
	case errors.Is(e, client.ErrNotRemoteCache):
		base, _, _ := strings.Cut(e.URL, api.ArtifactsPath)
		return "Check the base URL (--api, ARTIFACT_API): this was sent to " + base
	case e.Status >= 500:
		return "The server failed: try again later."
	}
	return ""
}

// networkHint returns the next step after a request without an answer.
func networkHint(err error) string {
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var proxy *net.OpError
	var refused *transport.ProxyError
	switch {
	case errors.As(err, &refused) && refused.Status == http.StatusProxyAuthRequired:
		return proxyLoginAdvice
	case errors.As(err, &refused):
		return "The proxy does not connect to the server: check --api, ask the proxy's operator, or add the host to NO_PROXY."
	case is[*net.DNSError](err):
		return "Check the host name in --api, and the network."
	case is[x509.UnknownAuthorityError](err):
		return "If this is your own server's certificate, trust its authority with --ca-cert FILE."
	case errors.As(err, &host) && len(host.Certificate.DNSNames)+len(host.Certificate.IPAddresses) == 0:
		return "Ask the server's operator for a certificate with the host as a Subject Alternative Name:\nopenssl req -x509 -addext subjectAltName=DNS:HOST ..."
	case errors.As(err, &host):
		return "The certificate belongs to another host: check the host name in --api."
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "Check this machine's clock; if it is right, ask the server's operator to renew the certificate."
	case is[*tls.CertificateVerificationError](err):
		return "The server's certificate is not valid: ask its operator to fix it."
	case is[tls.RecordHeaderError](err):
		return "The server there does not speak TLS: check the port and the https:// in --api."
	case errors.As(err, &proxy) && (proxy.Op == "proxyconnect" || proxy.Op == "socks connect"):
		return "Check the proxy (--proxy, ARTIFACT_PROXY, HTTPS_PROXY, ALL_PROXY), or add the host to NO_PROXY."
	case errors.Is(err, syscall.ECONNREFUSED):
		return "Nothing listens there: check --api."
	}
	return "Check --api and the network, then run it again."
}

// waitText formats the time that a server asks to wait, which may be years.
func waitText(wait time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case wait < 2*time.Hour:
		return wait.Round(time.Second).String()
	case wait < 2*day:
		return fmt.Sprintf("%.0f hours", wait.Hours())
	case wait < 1000*day:
		return fmt.Sprintf("%d days", wait/day)
	}
	return "more than 2 years"
}

// expired matches the errors of S3, Google Cloud Storage and Azure for an expired
// signed URL.
var expired = regexp.MustCompile(`(?i)expired|not valid in the specified time frame`)

// badRequestHint guesses which value of a request the server rejected.
func badRequestHint(e *client.Error) string {
	next := "The server refused a value in the request, or the artifact's size."
	if strings.Trim(string(e.ID), "0123456789abcdefABCDEF") != "" {
		next = "Some servers accept only hexadecimal ids: leave --hash out, or give a digest of the key."
	}
	if !isVercel(e.URL) && !namesTeam(e.URL) {
		next += "\nSome servers need a team: set --team."
	}
	return next
}

func isVercel(text string) bool {
	place, err := url.Parse(text)
	if err != nil {
		return false
	}
	at, err := credential.OriginOf(place)
	return err == nil && at == credential.Vercel
}

func namesTeam(text string) bool {
	place, err := url.Parse(text)
	return err == nil && (place.Query().Has(api.ParamTeamID) || place.Query().Has(api.ParamSlug))
}

// answerAdvice is the next step after some answers. An empty field matches
// all.
type answerAdvice struct {
	by       client.Responder // except ByCache, which is the default
	statuses []int
	code     string // prefix of the server's code
	vercel   bool   // one of Vercel's origins
	next     string
}

func (a answerAdvice) fits(e *client.Error) bool {
	return (a.by == client.ByCache || a.by == e.By) && (a.statuses == nil || slices.Contains(a.statuses, e.Status)) &&
		strings.HasPrefix(e.Code, a.code) && (!a.vercel || isVercel(e.URL))
}

var refusals = []int{http.StatusUnauthorized, http.StatusForbidden}

const spendAdvice = "The token may not do this: check --team.\n" +
	"Or Remote Caching is disabled, over its limit or paused: ask an owner to check the billing settings."

const proxyLoginAdvice = "The proxy needs a user name and a password: set ARTIFACT_PROXY, or HTTPS_PROXY or HTTP_PROXY,\n" +
	"to http://USER:PASSWORD@HOST:PORT. List hosts that need no proxy in NO_PROXY."

// answerAdvices are based on Vercel's reference and on answers seen
// elsewhere. The first match counts.
var answerAdvices = []answerAdvice{
	{by: client.ByChallenge, next: "Bot protection in front of the cache expects a browser. Ask its operator to exempt /v8/artifacts,\n" +
		"or to name a header that passes: --header-file FILE"},
	{by: client.BySignIn, next: "The cache is behind a sign-in page: send the headers it expects from programs with --header-file FILE."},
	{by: client.ByGate, next: "A gate in front of the cache expects its own password in place of the token.\n" +
		"Ask its operator to exempt /v8/artifacts, or to name another header: --header-file FILE"},
	{statuses: []int{http.StatusProxyAuthRequired}, next: proxyLoginAdvice},
	{by: client.ByProxy, next: "A proxy on the way answered, not the cache: ask its operator, or add the host to NO_PROXY."},
	{by: client.ByStorage, statuses: []int{400, 401, 403, 404}, next: "The object storage behind the cache refused this, not the cache itself.\n" +
		"Ask the cache's operator to check the storage's credentials and permissions."},
	{by: client.ByPage, statuses: refusals, next: "A web page answered, not the cache: the cache is behind a gate or a firewall.\n" +
		"Ask its operator, or send the headers it expects from programs with --header-file FILE."},
	{by: client.ByAnother, statuses: refusals, next: "The cache redirected to another origin, which does not get the token: ask the cache's operator."},

	{code: api.CodeCachePrefix, statuses: refusals, next: spendAdvice},
	{vercel: true, statuses: []int{http.StatusPaymentRequired}, next: "The account is blocked or a payment is missing.\nAsk its owner to update the payment method in the billing settings."},
	{vercel: true, statuses: []int{http.StatusForbidden}, next: spendAdvice},
	{vercel: true, statuses: []int{http.StatusTooManyRequests}, next: "Try again later, or use --limit-requests: a free team on Vercel has about 100 requests a minute."},

	{statuses: []int{http.StatusUnauthorized}, next: "The token is not valid here. Check that it belongs to this --api.\n" +
		"Run artifact status to see where it comes from, or artifact login to replace a stored one."},
	{statuses: []int{http.StatusPaymentRequired}, next: "The cache requires a payment: ask its operator."},
	{statuses: []int{http.StatusForbidden}, next: "The token may not do this: check --team, or ask the cache's operator for access."},
	{statuses: []int{http.StatusNotFound, http.StatusMethodNotAllowed}, next: "There is no Remote Cache under this base URL: check --api, with its path if it has one."},
	{statuses: []int{http.StatusGone}, next: "The server no longer has this version of the API: install a newer release of artifact."},
	{statuses: []int{http.StatusRequestEntityTooLarge}, next: "It exceeds a limit of the server or a proxy. Common limits: nginx 1 MiB (client_max_body_size),\n" +
		"AWS Lambda 6 MB, Cloud Run 32 MiB over HTTP/1.1 (none with --http2),\nturborepo-remote-cache 100 MiB (BODY_LIMIT)."},
	{statuses: []int{http.StatusTooManyRequests}, next: "The server limits requests: try again later, or use --limit-requests."},
}

// closedHints has the next step for each code of Vercel's reference.
var closedHints = map[string]string{
	"remote_caching_disabled":   "Ask an owner of the team to enable it in the billing settings.",
	"remote_caching_over_limit": "Ask an owner of the team to raise the limit in the billing settings.",
	"remote_caching_paused":     "The spend cap is reached: ask an owner of the team to raise it in the settings.",
}
