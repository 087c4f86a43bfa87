package client_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/internal/must"
)

func TestPutFindsTheProtocol(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		offered []string
		http2   bool
		want    string
		tries   int32 // what worked is kept
	}{
		"both":                 {[]string{"h2", "http/1.1"}, false, "HTTP/1.1", 3},
		"both, --http2":        {[]string{"h2", "http/1.1"}, true, "HTTP/2.0", 3},
		"only HTTP/1":          {[]string{"http/1.1"}, false, "HTTP/1.1", 3},
		"only HTTP/1, --http2": {[]string{"http/1.1"}, true, "HTTP/1.1", 4},
		"only HTTP/2":          {[]string{"h2"}, false, "HTTP/2.0", 4},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &recorder{answer: accept}
			api, trust := startTLS(t, r, test.offered...)
			var tries atomic.Int32
			c := newClient(t, api, trust, func(o *client.Options) {
				o.HTTP2, o.Trace = test.http2, func(client.Exchange) { tries.Add(1) }
			})
			var got []string
			for range 3 {
				must.Get(put(t, c, "bytes"))(t)
			}
			for _, one := range r.all() {
				got = append(got, one.Proto+" "+one.Body)
			}
			if want := slices.Repeat([]string{test.want + " bytes"}, 3); !slices.Equal(got, want) || tries.Load() != test.tries {
				t.Errorf("sent %q in %d tries, want %q in %d", got, tries.Load(), want, test.tries)
			}
		})
	}
}

// certificateFor returns a self-signed certificate.
func certificateFor(t *testing.T, names ...string) *tls.Config {
	t.Helper()
	key := must.Get(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "127.0.0.1"}, DNSNames: names,
		NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<33, 0),
	}
	der := must.Get(x509.CreateCertificate(rand.Reader, template, template, key.Public(), key))(t)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}

// TestNoTLSConnection compares the errors without a TLS connection. They are not
// retried. A server that closes the connection is tried once with each protocol;
// the first error counts.
func TestNoTLSConnection(t *testing.T) {
	t.Parallel()
	old := certificateFor(t)
	old.MinVersion, old.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	for name, test := range map[string]struct {
		config *tls.Config
		want   string
		err    error
		tries  int32
	}{
		"a common name only": {certificateFor(t),
			"the server's certificate has no Subject Alternative Name; a Common Name alone is no longer accepted", nil, 1},
		"another host": {certificateFor(t, "a.example", "b.example"),
			"the server's certificate is for a.example, b.example, not for 127.0.0.1", nil, 1},
		"an old version": {old, client.ErrOldTLS.Error() + ": remote error: tls: protocol version not supported", client.ErrOldTLS, 2},
		"an unknown authority": {nil,
			"the server's certificate is not accepted: certificate signed by unknown authority", nil, 1},
		"a client certificate is wanted": {&tls.Config{ClientAuth: tls.RequireAnyClientCert}, client.ErrCertificateWanted.Error(), client.ErrCertificateWanted, 1},
		"it hangs up":                    {new(tls.Config), "the server closed the connection without an answer", io.EOF, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
			server.TLS, server.EnableHTTP2 = test.config, true
			server.StartTLS()
			t.Cleanup(server.Close)
			var tries atomic.Int32
			retried := false
			c := newClient(t, server.URL, func(o *client.Options) {
				if o.RootCAs = x509.NewCertPool(); test.config != nil {
					o.RootCAs.AddCert(server.Certificate())
				}
				o.Trace = func(client.Exchange) { tries.Add(1) }
				if o.OnRetry = func(client.Retry) { retried = true }; test.err != io.EOF {
					o.Retries = 3
				}
			})
			_, err := put(t, c, "bytes")
			var failed *client.Error
			if !errors.As(err, &failed) || !strings.HasPrefix(failed.Reason(), test.want) || !errors.Is(err, test.err) && test.err != nil {
				t.Errorf("%v, want %s", err, test.want)
			}
			if unknown := errors.As(err, new(x509.UnknownAuthorityError)); unknown != (test.config == nil) {
				t.Errorf("%v, of an unknown authority: %v", err, unknown)
			}
			if retried || failed.Attempts != 1 || tries.Load() != test.tries {
				t.Errorf("%d attempts, %d tries, want %d", failed.Attempts, tries.Load(), test.tries)
			}
		})
	}
}

// TestGateIsTheAPIsOwn checks that the client certificate and the extra headers
// go only to the API, not to where it redirects.
func TestGateIsTheAPIsOwn(t *testing.T) {
	t.Parallel()
	for _, http2 := range []bool{false, true} {
		shown := map[string]string{}
		see := func(name string, answer http.HandlerFunc) *httptest.Server {
			server := httptest.NewUnstartedServer(&recorder{answer: func(w http.ResponseWriter, r *http.Request) {
				shown[name] = fmt.Sprint(len(r.TLS.PeerCertificates), r.Header["X-Gate"])
				answer(w, r)
			}})
			server.EnableHTTP2, server.TLS = true, &tls.Config{ClientAuth: tls.RequestClientCert}
			server.StartTLS()
			t.Cleanup(server.Close)
			return server
		}
		other := see("another place", accept)
		api := see("the API", answering(307, "", "", "Location", other.URL))
		c := newClient(t, api.URL, func(o *client.Options) {
			o.RootCAs = api.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
			o.ClientCertificate, o.HTTP2 = &api.TLS.Certificates[0], http2
			o.Header = http.Header{"X-Gate": {"value"}}
		})
		must.Get(put(t, c, "bytes"))(t)
		if want := map[string]string{"the API": "1 [value]", "another place": "0 []"}; !maps.Equal(shown, want) {
			t.Errorf("http2 %v: shown %q, want %q", http2, shown, want)
		}
	}
}

func TestPutNeverGoesFromHTTPSToHTTP(t *testing.T) {
	t.Parallel()
	plain := &recorder{answer: accept}
	insecure := httptest.NewServer(plain)
	t.Cleanup(insecure.Close)
	api, trust := startTLS(t, answering(307, "", "", "Location", insecure.URL), "http/1.1")
	c := newClient(t, api, trust, func(o *client.Options) { o.AllowHTTP = true })
	if _, err := put(t, c, "bytes"); !errors.Is(err, client.ErrRedirect) || len(plain.all()) != 0 {
		t.Errorf("error %v, and %d plain requests", err, len(plain.all()))
	}
}
