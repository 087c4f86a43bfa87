package command

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/internal/settings"
	"github.com/artifact-cli/artifact/pkg/internal/usertext"
)

// networkOptions are the flags of every command that talks to a cache.
type networkOptions struct {
	caCert, clientCert, clientKey string
	proxy, headerFile             string
	preflight                     *bool
	retries                       uint64
	client                        client.Options // passed on unchanged
	oidc                          oidcOptions
}

// networkAnnotation marks a flag that only the topic network lists.
const networkAnnotation = "artifact_network"

// The variables for values that argument lists must not contain.
const (
	envProxy   = "ARTIFACT_PROXY"
	envHeaders = settings.EnvHeaders
)

// register adds the flags to those of a command.
func (o *networkOptions) register(to *pflag.FlagSet) {
	o.registerConnection(to)
	o.oidc.register(to)
}

// registerConnection adds all but the flags of a CI job's identity.
func (o *networkOptions) registerConnection(to *pflag.FlagSet) {
	flags := newFlagSet()
	fileFlag(flags, &o.caCert, "ca-cert", "FILE", "also trust the certificates in this PEM file")
	fileFlag(flags, &o.clientCert, "client-cert", "FILE", "client certificate in PEM format")
	fileFlag(flags, &o.clientKey, "client-key", "FILE", "private key in PEM format; must not be readable by others (default: in --client-cert)")
	parsedFlag(flags, &o.proxy, "proxy", "URL", "http, https or socks5 proxy (default: "+envProxy+", or as for curl)", usertext.ParseValue)
	fileFlag(flags, &o.headerFile, "header-file", "FILE", "send the headers in this file, one Name: value per line; must not be readable by others (default: "+envHeaders+")")
	flags.BoolFunc("preflight", "ask the cache before each transfer where to send it", func(text string) error {
		on, err := strconv.ParseBool(text)
		o.preflight = &on
		return err
	})
	flags.BoolVar(&o.client.AllowHTTP, "allow-http", false, "allow plain http to other machines")
	flags.BoolVar(&o.client.HTTP2, "http2", false, "start with HTTP/2, for hosts that limit HTTP/1.1 uploads")
	o.retries = client.DefaultRetries
	parsedFlag(flags, &o.retries, "retries", "N", fmt.Sprintf("retries after a failed attempt (default %d)", o.retries), parseCount)
	o.client.StallTimeout, o.client.AnswerTimeout = client.DefaultStallTimeout, client.DefaultAnswerTimeout
	parsedFlag(flags, &o.client.Timeout, "timeout", "TIME", "give up on an artifact after this long, retries included (default none)", parseSeconds)
	parsedFlag(flags, &o.client.StallTimeout, "stall-timeout", "TIME", "give up after this long without progress (default 2m)", parseSeconds)
	parsedFlag(flags, &o.client.AnswerTimeout, "answer-timeout", "TIME", "give up if no answer comes this long after the last byte (default 10m)", parseSeconds)
	parsedFlag(flags, &o.client.ByteRate, "limit-rate", "RATE", "maximum bytes per second, such as 10M (default: no limit)", parseByteRate)
	parsedFlag(flags, &o.client.RequestRate, "limit-requests", "RATE", "maximum requests per second, minute or hour, such as 100/m (default: no limit)", parseRequestRate)
	readEnvironment(flags, "ca-cert", "client-cert", "client-key", "header-file", "preflight", "allow-http", "http2",
		"retries", "timeout", "stall-timeout", "answer-timeout", "limit-rate", "limit-requests")
	addNetworkFlags(to, flags)
}

// addNetworkFlags adds flags to those of a command, marked as network flags.
func addNetworkFlags(to, flags *pflag.FlagSet) {
	flags.VisitAll(func(flag *pflag.Flag) {
		if err := flags.SetAnnotation(flag.Name, networkAnnotation, nil); err != nil {
			panic(err) // there is no such flag
		}
	})
	to.AddFlagSet(flags)
}

// network is the parsed networkOptions. An origin is empty if its value is.
type network struct {
	proxy, proxyOrigin string
	certificate        *tls.Certificate
	certificateOrigin  string
	header             http.Header
	headerOrigin       string
}

// network reads the files in the options, and checks all values. The error is of
// type [*settings.Error].
func (a *app) network(o networkOptions) (n network, err error) {
	if n.proxy, n.proxyOrigin, err = a.proxy(o.proxy); err != nil {
		return n, &settings.Error{Origin: n.proxyOrigin, Err: err}
	}
	if o.clientKey != "" && o.clientCert == "" {
		return n, &settings.Error{Origin: "--client-key", Err: errNoCertificate}
	}
	if o.clientCert != "" {
		n.certificateOrigin = "--client-cert"
		flags := keyPairFlags{"--client-cert", "--client-key"}
		if n.certificate, err = flags.read(o.clientCert, o.clientKey); err != nil {
			return n, err
		}
	}
	n.header, n.headerOrigin, err = a.headers(o.headerFile)
	return n, err
}

var errProxyPassword = errors.New("a password in an argument: every user of this machine can read it, so set " + envProxy)

// proxy returns the URL of the proxy, and its origin.
func (a *app) proxy(flag string) (raw, origin string, err error) {
	if flag == "" {
		raw, err = usertext.ParseValue(a.env.Getenv(envProxy))
		if raw == "" && err == nil {
			return "", "", nil
		}
		if err == nil {
			err = client.CheckProxy(raw)
		}
		return raw, envProxy, err
	}
	if password := passwordOf(flag); password != "" {
		a.hide(password)
		return "", "--proxy", errProxyPassword
	}
	return flag, "--proxy", client.CheckProxy(flag)
}

// rootCAs returns the certificates to trust for the URL target, or nil for the
// system's. It reads SSL_CERT_FILE because Go ignores errors in it, and supports
// it only on Linux.
func (a *app) rootCAs(caCert, target string) (*x509.CertPool, error) {
	files := [][2]string{{"--ca-cert", caCert}}
	if !strings.HasPrefix(target, "http://") {
		files = append(files, [2]string{"SSL_CERT_FILE", a.env.Getenv("SSL_CERT_FILE")})
	}
	var pool *x509.CertPool
	for _, file := range files {
		origin, path := file[0], file[1]
		if path == "" {
			continue
		}
		pem, err := usertext.ReadFile(path, maxCertificates)
		if err != nil {
			return nil, &settings.Error{Origin: origin, Err: err}
		}
		if pool == nil {
			if pool, err = x509.SystemCertPool(); err != nil {
				return nil, fmt.Errorf("reading the system's certificates: %w", err)
			}
		}
		if !pool.AppendCertsFromPEM(pem) {
			return nil, &settings.Error{Origin: origin, Err: fmt.Errorf("%s: %w", path, noBlockError(pem, "certificate"))}
		}
	}
	return pool, nil
}

// passwordOf returns the password in the URL of a proxy, which may lack a
// scheme or be malformed.
func passwordOf(proxy string) string {
	at := strings.LastIndexByte(proxy, '@')
	if at < 0 {
		return ""
	}
	userinfo := proxy[:at]
	if _, rest, ok := strings.Cut(userinfo, "://"); ok {
		userinfo = rest
	}
	_, password, _ := strings.Cut(userinfo, ":")
	if plain, err := url.PathUnescape(password); err == nil {
		return plain // the filter also finds its escaped forms
	}
	return password
}
