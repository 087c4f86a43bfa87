// Package client is a client of the Remote Cache API: it uploads, downloads and
// looks up artifacts in Vercel's cache and compatible servers.
//
// It never reports an upload that the server may not have stored, sends the
// credential to its own origin only, and refuses values over the API's limits
// before it sends anything. Of the environment it reads only the proxy's variables.
// Start at [New] and [Client.Put].
package client

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/api"
	"github.com/artifact-cli/artifact/pkg/internal/redact"
	"github.com/artifact-cli/artifact/pkg/internal/retry"
	"github.com/artifact-cli/artifact/pkg/internal/transport"
)

// DefaultAPI is the base URL of Vercel's cache.
const DefaultAPI = api.DefaultBaseURL

// Options configure a [Client].
type Options struct {
	// API is the base URL, by default [DefaultAPI]. It may have a path.
	API string
	// Token is the bearer token; without one no Authorization is sent.
	Token string
	// Tokens, if not nil, provides the token instead, once for each try.
	Tokens TokenSource
	// Team is the owner of the artifacts.
	Team artifact.Team
	// Header has further headers for a gate before the cache. They go to the
	// API's origin only; see [CheckHeader] for what they may be.
	Header http.Header
	// UserAgent names the program to the server.
	UserAgent string
	// RootCAs, if not nil, are trusted instead of the system's.
	RootCAs *x509.CertPool
	// ClientCertificate, if not nil, is sent only to the API's origin.
	ClientCertificate *tls.Certificate
	// Proxy is the URL of an http, https or socks5 proxy for all hosts except
	// those in NO_PROXY. If it is empty, the environment variables of curl are
	// used.
	Proxy string
	// HTTP2 prefers HTTP/2, for hosts that limit HTTP/1.1 bodies.
	HTTP2 bool
	// AllowHTTP allows plain HTTP to other machines.
	AllowHTTP bool
	// Preflight sends an OPTIONS request before each upload and download, as
	// turbo's setting does.
	Preflight bool
	// Retries is the number of retries of a request, usually [DefaultRetries].
	Retries int
	// OnRetry, if not nil, is called before the pause of each retry, from any
	// goroutine.
	OnRetry func(Retry)
	// StallTimeout ends an attempt if no byte of a body moves for this long.
	// AnswerTimeout limits the time from the end of the request to the answer's
	// headers, and the time to read an answer that is not an artifact. Time in
	// which the process is suspended does not count; 0 means no limit.
	StallTimeout, AnswerTimeout time.Duration
	// Timeout limits a whole call, including retries; 0 means no limit.
	Timeout time.Duration
	// Jobs limits concurrent requests, and so connections; 0 means no limit. A
	// server that reports too many requests gets fewer for a while.
	Jobs int
	// RequestRate limits requests per second, and ByteRate bytes per second in
	// each direction, for all calls together. 0 means no limit.
	RequestRate float64
	ByteRate    int64
	// Trace, if not nil, is called for every request that was sent, from any
	// goroutine.
	Trace func(Exchange)
}

// Exchange is a request and its outcome.
type Exchange struct {
	Method    string
	URL       string        // of the query only the team
	Protocol  string        // of the answer, such as "HTTP/1.1"
	Status    int           // of the answer; 0 without one
	RequestID string        // the server's; may be empty
	Err       error         // why there was no answer
	Elapsed   time.Duration // until the answer's headers
}

// ErrProxyAddress reports an invalid proxy in the environment.
var ErrProxyAddress = transport.ErrProxyAddress

// Recommended values of [Options.StallTimeout] and [Options.AnswerTimeout].
const (
	DefaultStallTimeout  = 2 * time.Minute
	DefaultAnswerTimeout = 10 * time.Minute

	continueTimeout = time.Second
)

// Client is safe for concurrent use.
type Client struct {
	base      *url.URL
	basePath  string // its path, percent-encoded and without a slash at its end
	inQuery   string // the team
	tokens    TokenSource
	preflight bool // before requests for artifacts
	certified bool // there is a client certificate
	// redactor hides the values of [Options.Header], the proxy's login, and every
	// token that was sent.
	redactor *redact.Redactor
	proxy    string // for the API, without its login
	way      http.RoundTripper
	timeout  time.Duration
	retries  retry.Loop
	onRetry  func(Retry)
	pace     *pace
	// Set when the server does not support HEAD or the query.
	noHead, noQuery atomic.Bool
	// sizes records whether HEAD and the query report the same sizes as GET.
	sizes struct {
		sync.Mutex
		right, wrong bool
	}
	// answerTimeout also limits the time to read the body of an answer.
	answerTimeout time.Duration
}

// ErrInvalidAPI is wrapped by the errors of [New] about a base URL.
var ErrInvalidAPI = api.ErrInvalidBaseURL

// ErrInvalidProxy is wrapped by the errors of [New] about a proxy.
var ErrInvalidProxy = transport.ErrInvalidProxy

// CheckProxy checks a URL for [Options.Proxy]. The error does not repeat a password.
func CheckProxy(raw string) error {
	_, err := transport.ParseProxy(raw)
	return err
}

// ErrPlainHTTP reports a request that would have been sent to another machine
// unencrypted.
var ErrPlainHTTP = transport.ErrPlainHTTP

// The errors of a server that requires a client certificate. They are not
// retried.
var (
	ErrCertificateRefused = errors.New("the server does not accept the client certificate")
	ErrCertificateWanted  = errors.New("the server requires a client certificate")
)

// The errors of a slow transfer; the first two are retried.
var (
	ErrStalled  = transport.ErrStalled
	ErrNoAnswer = transport.ErrNoAnswer
	ErrTimeout  = transport.ErrTimeout
)

// New returns a client. It sends nothing.
func New(options Options) (*Client, error) {
	base, err := api.ParseBaseURL(options.API)
	if err != nil {
		return nil, err
	}
	base.Path = cmp.Or(base.Path, "/") // so that joined paths begin with a slash
	base = base.JoinPath()             // cleans the path
	if err := checkHeaders(options.Header); err != nil {
		return nil, err
	}
	var proxy *url.URL
	if options.Proxy != "" {
		if proxy, err = transport.ParseProxy(options.Proxy); err != nil {
			return nil, err
		}
	}
	var trace func(transport.Exchange)
	if options.Trace != nil {
		trace = func(e transport.Exchange) { options.Trace(Exchange(e)) }
	}
	way := transport.New(transport.Options{
		Origin:          base,
		Header:          options.Header,
		UserAgent:       options.UserAgent,
		RootCAs:         options.RootCAs,
		Proxy:           proxy,
		HTTP2:           options.HTTP2,
		AllowHTTP:       options.AllowHTTP,
		ContinueTimeout: continueTimeout,
		AnswerTimeout:   options.AnswerTimeout,
		StallTimeout:    options.StallTimeout,
		Connections:     options.Jobs,
		RequestRate:     options.RequestRate,
		ByteRate:        options.ByteRate,
		Trace:           trace,

		ClientCertificate: options.ClientCertificate,
	})
	tokens := options.Tokens
	if tokens == nil {
		tokens = fixedToken(options.Token)
	}
	secrets := slices.Concat(slices.Collect(maps.Values(options.Header))...)
	shown := ""
	if through, err := transport.ProxyOf(base, proxy); err == nil && through != nil { // each request reports the error
		shown = through.Scheme + "://" + through.Host
		if through.User != nil {
			secrets = append(secrets, login(through.User))
		}
	}
	return &Client{
		base: base, basePath: strings.TrimSuffix(base.EscapedPath(), "/"), inQuery: teamQuery(options.Team), tokens: tokens, preflight: options.Preflight,
		certified: options.ClientCertificate != nil, proxy: shown, way: way, timeout: options.Timeout,
		retries: retry.New(options.Retries), onRetry: options.OnRetry, answerTimeout: options.AnswerTimeout,
		pace: newPace(options.Jobs), redactor: redact.New(secrets...),
	}, nil
}

// login returns the credentials for a proxy.
func login(user *url.Userinfo) string {
	password, _ := user.Password()
	return base64.StdEncoding.EncodeToString([]byte(user.Username() + ":" + password))
}

// Proxy returns the proxy for the API, without user name and password, or an empty
// string.
func (c *Client) Proxy() string { return c.proxy }

// url returns the URL of a percent-encoded path of the API, with the team.
func (c *Client) url(path string) *url.URL {
	target := *c.base
	target.RawPath = c.basePath + path
	target.Path, _ = url.PathUnescape(target.RawPath)
	target.RawQuery = c.inQuery
	return &target
}

func teamQuery(team artifact.Team) string {
	query := url.Values{}
	if id := team.QueryID(); id != "" {
		query.Set(api.ParamTeamID, id)
	}
	if team.Slug != "" {
		query.Set(api.ParamSlug, team.Slug)
	}
	return query.Encode()
}

// TokenSource provides tokens that expire while a client is in use. It is safe
// for concurrent use.
type TokenSource interface {
	// Token returns the token to send now; empty sends none. It is called for
	// every attempt, so it should be quick. An error ends the call with
	// [ErrNoToken].
	Token(ctx context.Context) (string, error)
	// Refused is called when the server answered 401 to a token. It reports
	// whether Token may return another token, and so whether to repeat the
	// request.
	Refused(token string) bool
}

// ErrNoToken reports that a [TokenSource] returned no token. Nothing was sent.
var ErrNoToken = errors.New("getting a token")

// fixedToken is a [TokenSource] of one token.
type fixedToken string

func (t fixedToken) Token(context.Context) (string, error) { return string(t), nil }

func (t fixedToken) Refused(string) bool { return false }

// refuses reports whether the API itself refused the token, which is not sent
// elsewhere.
func (e *Error) refuses() bool {
	return e != nil && e.Status == http.StatusUnauthorized && !e.redirected && !errors.Is(e.Err, ErrTokenWithheld)
}
