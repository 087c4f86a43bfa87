package client_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/internal/must"
)

// certificateFor makes a certificate that signs itself.
func certificateFor(t *testing.T, names ...string) tls.Certificate {
	t.Helper()
	key := must.Get(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "127.0.0.1"}, DNSNames: names,
		NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<33, 0),
	}
	der := must.Get(x509.CreateCertificate(rand.Reader, template, template, key.Public(), key))(t)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// TestNoTLSConnection says in the user's words why there is none.
func TestNoTLSConnection(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		config *tls.Config
		want   string
	}{
		"a common name only": {&tls.Config{Certificates: []tls.Certificate{certificateFor(t)}},
			"the server's certificate names no host as a Subject Alternative Name; a Common Name alone does not count any more"},
		"another host": {&tls.Config{Certificates: []tls.Certificate{certificateFor(t, "a.example", "b.example")}},
			"the server's certificate is for a.example, b.example, and not for 127.0.0.1"},
		"an old version": {&tls.Config{Certificates: []tls.Certificate{certificateFor(t)}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11},
			client.ErrOldTLS.Error() + ": remote error: tls: protocol version not supported"},
		"an unknown authority": {nil, "the server's certificate is not accepted: certificate signed by unknown authority"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewUnstartedServer(http.NotFoundHandler())
			server.TLS = test.config
			server.Config.ErrorLog = log.New(io.Discard, "", 0)
			server.StartTLS()
			t.Cleanup(server.Close)
			roots := x509.NewCertPool()
			if test.config != nil {
				roots.AddCert(server.Certificate())
			}
			c, err := client.New(client.Options{API: server.URL, RootCAs: roots, Retries: 1})
			if err != nil {
				t.Fatal(err)
			}
			_, err = putZeros(t, c, 1)
			var failed *client.Error
			if !errors.As(err, &failed) || !strings.HasPrefix(failed.Reason(), test.want) || failed.Attempts != 1 {
				t.Errorf("%v, want %s", err, test.want)
			}
		})
	}
}

// TestGateIsTheAPIsOwn shows the client's certificate and the further headers to
// the API, and to no place that it redirects to.
func TestGateIsTheAPIsOwn(t *testing.T) {
	t.Parallel()
	type shown struct {
		certificates int
		header       string
	}
	for _, http2 := range []bool{false, true} {
		var here, there shown
		see := func(to *shown, answer http.HandlerFunc) *httptest.Server {
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				*to = shown{len(r.TLS.PeerCertificates), r.Header.Get("X-Gate")}
				io.Copy(io.Discard, r.Body) // who answers before is doubted
				answer(w, r)
			}))
			server.EnableHTTP2 = true
			server.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
			server.StartTLS()
			t.Cleanup(server.Close)
			return server
		}
		other := see(&there, accept)
		api := see(&here, answering(307, "", "", "Location", other.URL))
		c := newClient(t, api.URL, func(o *client.Options) {
			o.RootCAs = api.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
			o.ClientCertificate, o.HTTP2 = &api.TLS.Certificates[0], http2
			o.Header = http.Header{"X-Gate": {"value"}}
		})
		if _, err := put(t, c, "bytes"); err != nil {
			t.Fatal(err)
		}
		if here != (shown{1, "value"}) || there != (shown{}) {
			t.Errorf("http2 %v: the API was shown %+v, another place %+v", http2, here, there)
		}
	}
}

// TestCertificateWanted gives up at once where there is none.
func TestCertificateWanted(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.HandlerFunc(accept))
	server.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	tries := 0
	c := newClient(t, server.URL, func(o *client.Options) {
		o.RootCAs = server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
		o.Retries, o.OnRetry = 3, func(client.Retry) { tries++ }
	})
	if _, err := put(t, c, "bytes"); !errors.Is(err, client.ErrCertificateWanted) || tries != 0 {
		t.Errorf("error %v after %d further tries", err, tries)
	}
}

func TestCheckHeader(t *testing.T) {
	t.Parallel()
	for line, valid := range map[[2]string]bool{
		{"CF-Access-Client-Id", "x"}: true, {"Cookie", "a=b"}: true,
		{"authorization", "x"}: false, {"host", "x"}: false, {"content-length", "1"}: false, {"proxy-authorization", "x"}: false,
		{"x-artifact-tag", "x"}: false, {"Connection", "x"}: false, {"A b", "x"}: false, {"", "x"}: false, {"A", ""}: false, {"A", "x\ny"}: false,
	} {
		if err := client.CheckHeader(line[0], line[1]); (err == nil) != valid || err != nil && !errors.Is(err, client.ErrInvalidHeader) {
			t.Errorf("%q: %v", line, err)
		}
	}
}
