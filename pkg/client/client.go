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
	// ClientCertificate, if not nil, is shown to the API's origin only.
	ClientCertificate *tls.Certificate
	// Proxy is the URL of an http, https or socks5 proxy for all hosts but NO_PROXY's.
	// If it is empty, curl's variables are read.
	Proxy string
	// HTTP2 begins with HTTP/2 instead of HTTP/1.1, for hosts that limit the body of
	// the latter.
	HTTP2 bool
	// AllowHTTP lets plain HTTP leave this machine.
	AllowHTTP bool
	// Preflight asks for the place of each upload and download (OPTIONS), as turbo's
	// setting does.
	Preflight bool
	// Retries is how often a request is tried again, usually [DefaultRetries].
	Retries int
	// OnRetry, if not nil, is called before the pause of each further try, from any
	// goroutine.
	OnRetry func(Retry)
	// StallTimeout ends a try in which no byte of a body moves for so long,
	// AnswerTimeout one whose whole request was sent and not answered; an
	// answer that is no artifact may take as long again from its headers to
	// its end. Time in which the process is suspended does not count; 0 sets
	// no limit.
	StallTimeout, AnswerTimeout time.Duration
	// Timeout bounds a whole call, all tries together; 0 sets no limit.
	Timeout time.Duration
	// Jobs is the most requests under way, and so of connections; 0 sets no
	// limit. A server that says it has too many gets fewer for a while.
	Jobs int
	// RequestRate bounds the requests a second, ByteRate the bytes a second that
	// go each way, all calls together. 0 sets no limit.
	RequestRate float64
	ByteRate    int64
	// Trace, if not nil, is called for every request that went to the network, from any
	// goroutine.
	Trace func(Exchange)
}

// Exchange is a request and its outcome.
type Exchange = transport.Exchange

// ProxyError is the reason of an [Error] if a proxy refused to connect to the server.
type ProxyError = transport.ProxyError

// ErrProxyAddress reports an invalid proxy in the environment.
var ErrProxyAddress = transport.ErrProxyAddress

// The usual values of [Options.StallTimeout] and [Options.AnswerTimeout].
const (
	DefaultStallTimeout  = 2 * time.Minute
	DefaultAnswerTimeout = 10 * time.Minute

	continueTimeout = time.Second
)

// Client is safe for use by several goroutines at once.
type Client struct {
	base      *url.URL
	basePath  string // its path, percent-encoded and without a slash at its end
	inQuery   string // the team
	tokens    TokenSource
	preflight bool // before requests for artifacts
	certified bool // there is a client certificate
	// redactor knows the values of [Options.Header], what a proxy is shown, and
	// every token that was sent.
	redactor *redact.Redactor
	proxy    string // for the API, without its login
	way      http.RoundTripper
	timeout  time.Duration
	retries  retry.Loop
	onRetry  func(Retry)
	pace     *pace
	// What the server does not support.
	noHead, noQuery atomic.Bool
	// sizes says whether HEAD and the query give GET's sizes, once that is known.
	sizes struct {
		sync.Mutex
		right, wrong bool
	}
	// answerTimeout is also how long the body of an answer may take.
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

// ErrPlainHTTP reports a request that would have left this machine unencrypted.
var ErrPlainHTTP = transport.ErrPlainHTTP

// The errors of a server that wants a client certificate. Neither is tried again.
var (
	ErrCertificateRefused = errors.New("the server does not accept the client certificate")
	ErrCertificateWanted  = errors.New("the server wants a client certificate")
)

// The errors of a slow transfer; the first two are tried again.
var (
	ErrStalled  = transport.ErrStalled
	ErrNoAnswer = transport.ErrNoAnswer
	ErrTimeout  = transport.ErrTimeout
)

// New returns a client, and sends nothing.
func New(options Options) (*Client, error) {
	base, err := api.ParseBaseURL(options.API)
	if err != nil {
		return nil, err
	}
	base.Path = cmp.Or(base.Path, "/") // all that is joined to it begins with a slash then
	base = base.JoinPath()             // which makes it clean
	if err := checkHeaders(options.Header); err != nil {
		return nil, err
	}
	var proxy *url.URL
	if options.Proxy != "" {
		if proxy, err = transport.ParseProxy(options.Proxy); err != nil {
			return nil, err
		}
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
		Trace:           options.Trace,

		ClientCertificate: options.ClientCertificate,
	})
	tokens := options.Tokens
	if tokens == nil {
		tokens = fixedToken(options.Token)
	}
	secrets := slices.Concat(slices.Collect(maps.Values(options.Header))...)
	shown := ""
	if through, err := transport.ProxyOf(base, proxy); err == nil && through != nil { // an error comes with each request
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

// login returns what is sent to log in to a proxy.
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

// TokenSource provides tokens that end while a client is in use. Its methods may
// be called from any goroutine.
type TokenSource interface {
	// Token returns the token to send now; empty sends none. It is called for every
	// try, so it should be quick. An error ends the call with [ErrNoToken].
	Token(ctx context.Context) (string, error)
	// Refused is called when the server answered 401 to a token. It reports whether
	// Token may return another: then the request is made once more.
	Refused(token string) bool
}

// ErrNoToken reports that a [TokenSource] returned no token. Nothing was sent.
var ErrNoToken = errors.New("getting a token")

// fixedToken never changes.
type fixedToken string

func (t fixedToken) Token(context.Context) (string, error) { return string(t), nil }

func (t fixedToken) Refused(string) bool { return false }

// refuses reports whether the API itself refused the token: another place was not
// sent it.
func (e *Error) refuses() bool {
	return e != nil && e.Status == http.StatusUnauthorized && !e.redirected && !errors.Is(e.Err, ErrTokenWithheld)
}
