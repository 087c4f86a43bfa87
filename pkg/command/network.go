package command

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/pflag"

	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/internal/settings"
	"github.com/artifact-cli/artifact/pkg/internal/usertext"
)

// networkOptions are the flags for networks that ask for more than a token.
type networkOptions struct {
	preflight             choice
	proxy                 pasted
	clientCert, clientKey string
	headerFile            string
}

// The variables that hold what argument lists are no place for.
const (
	envProxy   = "ARTIFACT_PROXY"
	envHeaders = settings.EnvHeaders
)

func (o *networkOptions) register(flags *pflag.FlagSet) {
	flags.Var(&o.proxy, "proxy", "`URL` of a proxy: http, https or socks5 (default: "+envProxy+", or as for curl)")
	flags.StringVar(&o.clientCert, "client-cert", "", "show the certificate in this PEM `FILE` to the cache")
	flags.StringVar(&o.clientKey, "client-key", "", "`FILE` with its key, for you alone to read (default: the certificate's)")
	flags.StringVar(&o.headerFile, "header-file", "", "send the Name: value lines of this `FILE` too, for you alone to read (default: "+envHeaders+")")
	flags.VarPF(&o.preflight, "preflight", "", "ask the cache before each transfer where it is to go").NoOptDefVal = "true"
	for _, name := range []string{"client-cert", "client-key", "header-file", "preflight"} {
		readsEnvironment(flags, name)
	}
}

// network is what networkOptions come to. An origin is empty where there is
// nothing of its kind.
type network struct {
	proxy, proxyOrigin string
	certificate        *tls.Certificate
	certificateOrigin  string
	header             http.Header
	headerOrigin       string
}

// network reads the files, and checks everything before anything is sent. The
// error is of type [*settings.Error].
func (a *app) network() (n network, err error) {
	o := a.global.network
	if n.proxy, n.proxyOrigin, err = a.proxy(string(o.proxy)); err != nil {
		return n, &settings.Error{Origin: n.proxyOrigin, Err: err}
	}
	if o.clientKey != "" && o.clientCert == "" {
		return n, &settings.Error{Origin: "--client-key", Err: errNoCertificate}
	}
	if o.clientCert != "" {
		n.certificateOrigin = "--client-cert"
		if n.certificate, err = a.clientCertificate(o.clientCert, o.clientKey); err != nil {
			return n, err
		}
	}
	n.header, n.headerOrigin, err = a.headers(o.headerFile)
	return n, err
}

var errProxyPassword = errors.New("a password in an argument can be read by everybody on this machine: set " + envProxy)

// proxy is the URL of the proxy that was given, and where.
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

// passwordOf is the password in the URL of a proxy, which may have no scheme,
// and be malformed.
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
		return plain // the filter knows its escaped forms too
	}
	return password
}
