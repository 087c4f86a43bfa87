//go:build linux

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// certificateFiles writes a client's certificate, which is valid from so long
// ago for so long, and its key.
func certificateFiles(t *testing.T, since, valid time.Duration) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now().Add(-since)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "client"}, NotBefore: begin, NotAfter: begin.Add(valid),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	return writePrivate(t, filepath.Join(dir, "client.pem"), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))),
		writePrivate(t, filepath.Join(dir, "client.key"), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded})))
}

func writePrivate(t *testing.T, path, content string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestBadGates: what is wrong with a certificate, a header or a proxy is told
// before anything is sent, and without repeating what is secret.
func TestBadGates(t *testing.T) {
	t.Parallel()
	const hour = time.Hour
	certificate, key := certificateFiles(t, hour, 2*hour)
	_, otherKey := certificateFiles(t, hour, 2*hour)
	expired, expiredKey := certificateFiles(t, 2*hour, hour)
	early, earlyKey := certificateFiles(t, -hour, 2*hour)
	dir := t.TempDir()
	encrypted := writePrivate(t, filepath.Join(dir, "encrypted"), "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n")
	headers := func(text string) string {
		return writePrivate(t, filepath.Join(t.TempDir(), "headers"), text)
	}
	for _, test := range []struct {
		name  string
		flags []string
		env   string
		want  string // of the error, from its beginning
	}{
		{"another key", []string{"--client-cert", certificate, "--client-key", otherKey}, "", "--client-key: " + otherKey + ": tls: private key does not match public key"},
		{"expired", []string{"--client-cert", expired, "--client-key", expiredKey}, "", "--client-cert: " + expired + ": the certificate expired at "},
		{"not yet valid", []string{"--client-cert", early, "--client-key", earlyKey}, "", "--client-cert: " + early + ": the certificate is not valid before "},
		{"an encrypted key", []string{"--client-cert", certificate, "--client-key", encrypted}, "", "--client-key: " + encrypted + ": its private key is encrypted"},
		{"no such file", []string{"--client-cert", dir + "/none"}, "", "--client-cert: open " + dir + "/none: no such file"},
		{"a certificate without a key", []string{"--client-cert", certificate}, "", "--client-cert: " + certificate + ": there is no private key in it"},
		{"a key without a certificate", []string{"--client-key", key}, "", "--client-key: a key is of no use without its certificate"},
		{"no certificate in it", []string{"--client-cert", key, "--client-key", key}, "", "--client-cert: " + key + ": there is no certificate in it"},

		{"no header", []string{"--header-file", headers("A: b\r\n\r\n# for people\r\nnonsense s3cret\r\n")}, "", "--header-file: line 4 is not of the form Name: value\n"},
		{"a header of ours", []string{"--header-file", headers("A: b\nauthorization: s3cret\n")}, "", "--header-file: line 2: invalid header: Authorization cannot be set"},
		{"control characters", []string{"--header-file", headers("A: s3c\x01ret\n")}, "", "--header-file: line 1: invalid header: A has control characters in its value\n"},
		{"too many lines", []string{"--header-file", headers(strings.Repeat("A: s3cret\n", 101))}, "", "--header-file: "},
		{"too long", []string{"--header-file", headers("A: " + strings.Repeat("s3cret", 11000))}, "", "--header-file: "},
		{"in the variable", nil, "ARTIFACT_HEADERS=A: b\nHost: s3cret", "ARTIFACT_HEADERS: line 2: invalid header: Host cannot be set"},

		{"a proxy of another kind", []string{"--proxy", "ftp://127.0.0.1"}, "", "--proxy: invalid proxy: it must begin with http://, https:// or socks5://\n"},
		{"a password for everybody", []string{"--proxy", "http://u:s3cret@127.0.0.1"}, "", "--proxy: a password in an argument can be read by everybody"},
		{"no URL", nil, "ARTIFACT_PROXY=http://u:s3cret%zz@127.0.0.1", "ARTIFACT_PROXY: invalid proxy: it is no URL\n"},
		{"no URL in curl's variable", nil, "HTTPS_PROXY=http://u:s3cret%zz@127.0.0.1", "uploading file: the environment's proxy has no valid address\n"},
		{"no proxy in curl's variable", nil, "ALL_PROXY=ftp://u:s3cret@127.0.0.1", "uploading file: the environment's proxy has no valid address\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			// Were it asked, the address would make another error: it is from
			// the block for documentation (RFC 5737).
			env := []string{"ARTIFACT_TOKEN=" + token, "ARTIFACT_API=https://192.0.2.1", "ARTIFACT_RETRIES=0", test.env}
			got := putFile(t, env, test.flags...)
			if want := "artifact: " + test.want; got.code != 2 || got.stdout != "" || !strings.HasPrefix(got.stderr, want) {
				t.Errorf("%+v, want exit 2 and %q", got, want)
			}
			if strings.Contains(got.stderr, "s3c") {
				t.Errorf("a secret is in %q", got.stderr)
			}
		})
	}
}

// TestGatesOfAJob: the way to the job's identity is through the proxy too, and
// what is for the cache's gate does not go there.
func TestGatesOfAJob(t *testing.T) {
	t.Parallel()
	identity := jobToken(t, 1)
	var mu sync.Mutex
	var seen []string
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, r.Method+" "+r.Host+" "+r.Header.Get("Authorization")+" "+r.Header.Get("X-Gate"))
		if r.Host == "hub.example" {
			fmt.Fprintf(w, `{"value":%q}`, identity)
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusAccepted)
	}))
	authority, certificate := issueFor(t, []string{"hub.example", "cache.example"})
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	server.StartTLS()
	t.Cleanup(server.Close)
	got := putFile(t, []string{
		"SSL_CERT_FILE=" + writeFile(t, filepath.Join(t.TempDir(), "ca.pem"), string(authority)),
		"GITHUB_ACTIONS=true", "ACTIONS_ID_TOKEN_REQUEST_URL=https://hub.example/token?api-version=2.0", "ACTIONS_ID_TOKEN_REQUEST_TOKEN=" + requestToken,
		"ARTIFACT_API=https://cache.example", "ARTIFACT_OIDC=1", "ARTIFACT_HEADERS=X-Gate: let-me-in", "ARTIFACT_RETRIES=0",
	}, "--no-git", "--proxy", "http://"+tunnel(t, server.Listener.Addr().String()))
	if got.code != 0 {
		t.Fatalf("%+v", got)
	}
	want := []string{"GET hub.example Bearer " + requestToken + " ", "PUT cache.example Bearer " + identity + " let-me-in"}
	if !slices.Equal(seen, want) {
		t.Errorf("the servers saw %q, want %q", seen, want)
	}
}
