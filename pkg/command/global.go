package command

import (
	"crypto/x509"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/internal/settings"
	"github.com/artifact-cli/artifact/pkg/internal/ui"
	"github.com/artifact-cli/artifact/pkg/internal/usertext"
)

// globalOptions are the flags of every command.
type globalOptions struct {
	api, team            pasted
	json, quiet, verbose bool
	progress, color      ui.When
	caCert               string
	http2, allowHTTP     bool
	retries              uint
	timeout              seconds
	stallTimeout         seconds
	answerTimeout        seconds
	limitRate            byteRate
	limitRequests        requestRate
	oidc                 oidcOptions
	network              networkOptions
}

func (o *globalOptions) register(flags *pflag.FlagSet) {
	flags.Var(&o.api, "api", "base `URL` of the cache (default "+client.DefaultAPI+")")
	flags.Var(&o.team, "team", "team, as `SLUG|team_ID`")
	flags.BoolVar(&o.json, "json", false, "print results as JSON, one object a line")
	flags.BoolVarP(&o.quiet, "quiet", "q", false, "print bare results, and nothing but errors beside them")
	flags.BoolVarP(&o.verbose, "verbose", "v", false, "print a line for each request")
	flags.Var(&o.progress, "progress", "show progress: on a terminal a bar, else a line now and then")
	flags.Var(&o.color, "color", "use colour")
	flags.StringVar(&o.caCert, "ca-cert", "", "trust the certificates in this PEM `FILE` too")
	flags.BoolVar(&o.http2, "http2", false, "begin with HTTP/2, for hosts that limit an HTTP/1.1 body")
	flags.BoolVar(&o.allowHTTP, "allow-http", false, "let plain http leave this machine")
	flags.UintVar(&o.retries, "retries", client.DefaultRetries, "further tries after the first, `N`")
	o.stallTimeout, o.answerTimeout = seconds(client.DefaultStallTimeout), seconds(client.DefaultAnswerTimeout)
	flags.Var(&o.timeout, "timeout", "longest `TIME` for one artifact, all tries together (default none)")
	flags.Var(&o.stallTimeout, "stall-timeout", "longest `TIME` without a byte moved")
	flags.Var(&o.answerTimeout, "answer-timeout", "longest `TIME` from the last byte sent to the answer")
	flags.Var(&o.limitRate, "limit-rate", "most bytes a second, `RATE` such as 10M (default no limit)")
	flags.Var(&o.limitRequests, "limit-requests", "most requests, `RATE` such as 100/m (default no limit)")
	o.oidc.register(flags)
	o.network.register(flags)
	for _, name := range []string{"json", "quiet", "verbose", "progress", "color", "ca-cert", "http2", "allow-http",
		"retries", "timeout", "stall-timeout", "answer-timeout",
		"limit-rate", "limit-requests"} {
		readsEnvironment(flags, name)
	}
}

// seconds is a flag's time: a Go duration, or a plain number of seconds. 0 is
// no limit.
type seconds time.Duration

// String is empty for no limit.
func (s *seconds) String() string {
	if *s == 0 {
		return ""
	}
	return time.Duration(*s).String()
}

// Set reads a time of 0 or more.
func (s *seconds) Set(text string) error {
	duration, err := time.ParseDuration(text)
	if number, numberErr := strconv.ParseFloat(text, 64); numberErr == nil {
		duration, err = time.Duration(number*float64(time.Second)), nil
		// More than fits, less than a nanosecond, which is not no limit, or no number.
		if !(number < math.MaxInt64/float64(time.Second)) || duration == 0 && number != 0 {
			err = strconv.ErrRange
		}
	}
	if err != nil || duration < 0 {
		return fmt.Errorf("%q is neither a number of seconds nor a duration such as 1m30s", text)
	}
	*s = seconds(duration)
	return nil
}

// Type names the value in a help text.
func (s *seconds) Type() string { return "TIME" }

// newClient makes the client that the settings describe, for so many requests at
// a time.
func (a *app) newClient(s settings.Settings, jobs int) (*client.Client, error) {
	roots, err := a.rootCAs(s.API)
	if err != nil {
		return nil, err
	}
	network, err := a.network()
	if err != nil {
		return nil, err
	}
	options := client.Options{
		API:       s.API,
		Token:     s.Token.Reveal(),
		Team:      s.Team,
		UserAgent: userAgent(),
		RootCAs:   roots,
		Preflight: s.Preflight,
		Proxy:     network.proxy,
		Header:    network.header,
		HTTP2:     a.global.http2,
		AllowHTTP: a.global.allowHTTP,
		Retries:   int(min(a.global.retries, 1000)),
		OnRetry:   a.noteRetry,

		Timeout:       time.Duration(a.global.timeout),
		StallTimeout:  time.Duration(a.global.stallTimeout),
		AnswerTimeout: time.Duration(a.global.answerTimeout),

		Jobs:        jobs,
		RequestRate: a.global.limitRequests.perSecond,
		ByteRate:    a.global.limitRate.perSecond,

		ClientCertificate: network.certificate,

		Trace: a.trace(),
	}
	if a.identity != nil {
		options.Tokens = a.identity
	}
	c, err := client.New(options)
	if err != nil {
		return nil, &settings.Error{Origin: s.APIOrigin, Err: err}
	}
	return c, nil
}

// pasted is the value of a flag that people copy from elsewhere, cleaned and
// checked.
type pasted string

// String is the value.
func (p *pasted) String() string { return string(*p) }

// Set checks a value.
func (p *pasted) Set(text string) error {
	value, err := usertext.ParseValue(text)
	*p = pasted(value)
	return err
}

// Type names the value in a help text.
func (p *pasted) Type() string { return "string" }

// rootCAs returns the certificates to trust at the URL target, or nil for the
// system's own. SSL_CERT_FILE is read here because Go ignores one that it cannot
// read, and knows it on Linux only.
func (a *app) rootCAs(target string) (*x509.CertPool, error) {
	files := []struct{ origin, path string }{{"--ca-cert", a.global.caCert}}
	if !strings.HasPrefix(target, "http://") {
		files = append(files, struct{ origin, path string }{"SSL_CERT_FILE", a.env.Getenv("SSL_CERT_FILE")})
	}
	var pool *x509.CertPool
	for _, file := range files {
		if file.path == "" {
			continue
		}
		pem, err := usertext.ReadFile(file.path, maxCertificates)
		if err != nil {
			return nil, &settings.Error{Origin: file.origin, Err: err}
		}
		if pool == nil {
			if pool, err = x509.SystemCertPool(); err != nil {
				return nil, fmt.Errorf("reading the system's certificates: %w", err)
			}
		}
		if !pool.AppendCertsFromPEM(pem) {
			return nil, &settings.Error{Origin: file.origin, Err: fmt.Errorf("%s: %w", file.path, noBlockError(pem, "certificate"))}
		}
	}
	return pool, nil
}
