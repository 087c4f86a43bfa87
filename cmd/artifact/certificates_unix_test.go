//go:build unix

package main

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// authority issues certificates with P-521 keys through an intermediate, as
// companies do.
type authority struct {
	file         string // has the root
	intermediate *x509.Certificate
	key          *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	rootKey, root := certify(t, nil, nil, &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	key, intermediate := certify(t, root, rootKey, &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	text := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Raw}))
	return &authority{writeFile(t, filepath.Join(t.TempDir(), "ca.pem"), text), intermediate, key}
}

// certificate signs one that a server shows.
func (a *authority) certificate(t *testing.T, c *x509.Certificate) tls.Certificate {
	t.Helper()
	key, leaf := certify(t, a.intermediate, a.key, c)
	return tls.Certificate{Certificate: [][]byte{leaf.Raw, a.intermediate.Raw}, PrivateKey: key}
}

// serveTLS serves over TLS with a certificate; the file trusted has its authority.
func serveTLS(t *testing.T, c *x509.Certificate, handle http.HandlerFunc, configure ...func(*tls.Config)) (server *httptest.Server, trusted string) {
	t.Helper()
	ours := newAuthority(t)
	server = httptest.NewUnstartedServer(handle)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{ours.certificate(t, c)}}
	for _, f := range configure {
		f(server.TLS)
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server, ours.file
}

// certify signs a certificate, with its own key if parent is nil.
func certify(t *testing.T, parent *x509.Certificate, by *ecdsa.PrivateKey, c *x509.Certificate) (*ecdsa.PrivateKey, *x509.Certificate) {
	t.Helper()
	key := must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader))(t)
	c.SerialNumber = big.NewInt(1)
	c.Subject = pkix.Name{CommonName: cmp.Or(c.Subject.CommonName, rand.Text())}
	if c.NotAfter.IsZero() {
		c.NotAfter = time.Now().Add(time.Hour)
	}
	if c.NotBefore.IsZero() {
		c.NotBefore = c.NotAfter.Add(-24 * time.Hour)
	}
	if parent == nil {
		parent, by = c, key
	}
	der := must(x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, by))(t)
	made := must(x509.ParseCertificate(der))(t)
	return key, made
}

// TestCertificates compares the message and hint for each wrong certificate.
func TestCertificates(t *testing.T) {
	t.Parallel()
	here := []net.IP{net.IPv4(127, 0, 0, 1)}
	for name, test := range map[string]struct {
		leaf      x509.Certificate
		untrusted bool
		why, next string // no why for success
	}{
		"valid":        {leaf: x509.Certificate{IPAddresses: here}},
		"unknown":      {leaf: x509.Certificate{IPAddresses: here}, untrusted: true, why: "certificate signed by unknown authority", next: "--ca-cert FILE"},
		"expired":      {leaf: x509.Certificate{IPAddresses: here, NotAfter: time.Now().Add(-time.Hour)}, why: "certificate has expired", next: "clock"},
		"another host": {leaf: x509.Certificate{DNSNames: []string{"cache.example"}}, why: "127.0.0.1", next: "host name in --api"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, trusted := serveTLS(t, &test.leaf, func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				w.WriteHeader(http.StatusAccepted)
			})
			env := []string{"ARTIFACT_API=" + server.URL, "ARTIFACT_TOKEN=" + token, "ARTIFACT_RETRIES=3"}
			if !test.untrusted {
				env = append(env, "ARTIFACT_CA_CERT="+trusted)
			}
			got := putFile(t, env)
			if test.why == "" {
				got.check(t, outcome{stdout: helloSHA256 + "  file\n"})
				return
			}
			lines := strings.Split(got.stderr, "\n") // and so no line about another try
			if got.code != 9 || got.stdout != "" || len(lines) != 3 || !strings.Contains(lines[0], test.why) || !strings.Contains(lines[1], test.next) {
				t.Errorf("%+v, want %q and %q", got, test.why, test.next)
			}
		})
	}
}
