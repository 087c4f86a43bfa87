//go:build linux

package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// TestGatesOfAJob gets the job's identity through the proxy, without the headers
// for the cache's gate.
func TestGatesOfAJob(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var seen []string
	server, trusted := serveTLS(t, &x509.Certificate{DNSNames: []string{"hub.example", "cache.example"}}, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, r.Method+" "+r.Host+" "+r.Header.Get("Authorization")+" "+r.Header.Get("X-Gate"))
		if r.Host == "hub.example" {
			fmt.Fprintf(w, `{"value":%q}`, jobToken)
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusAccepted)
	})
	got := putFile(t, []string{
		"SSL_CERT_FILE=" + trusted,
		"GITHUB_ACTIONS=true", "ACTIONS_ID_TOKEN_REQUEST_URL=https://hub.example/token?api-version=2.0", "ACTIONS_ID_TOKEN_REQUEST_TOKEN=" + requestToken,
		"ARTIFACT_API=https://cache.example", "ARTIFACT_OIDC=1", "ARTIFACT_HEADERS=X-Gate: let-me-in", "ARTIFACT_RETRIES=0",
	}, "--no-git", "--proxy", "http://"+tunnel(t, server.Listener.Addr().String()))
	if got.code != 0 {
		t.Fatalf("%+v", got)
	}
	want := []string{"GET hub.example Bearer " + requestToken + " ", "PUT cache.example Bearer " + jobToken + " let-me-in"}
	mu.Lock()
	defer mu.Unlock()
	if !slices.Equal(seen, want) {
		t.Errorf("the servers saw %q, want %q", seen, want)
	}
}

// socks is a SOCKS 5 proxy (RFC 1928) that always connects to one address, with a
// password (RFC 1929) unless it is empty. It records requested names.
func socks(t *testing.T, place, password string) (address string, asked func() []string) {
	t.Helper()
	listener := listen(t)
	var mu sync.Mutex
	var names []string
	lead := func(client net.Conn) {
		defer client.Close()
		name, refusal := socksGreeting(client, password)
		mu.Lock()
		names = append(names, name) // before the client may end
		mu.Unlock()
		if refusal != nil {
			_, _ = client.Write(refusal)
			return
		}
		server, err := net.Dial("tcp", place)
		if err != nil {
			return
		}
		defer server.Close()
		_, _ = client.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
		go func() {
			_, _ = io.Copy(server, client)
			_ = server.Close()
		}()
		_, _ = io.Copy(client, server)
	}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go lead(client)
		}
	}()
	return listener.Addr().String(), func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(names)
	}
}

// socksGreeting returns the requested name, or "refused" and the answer that refuses.
func socksGreeting(client net.Conn, password string) (name string, refusal []byte) {
	read := func(n int) []byte {
		b := make([]byte, n)
		_, _ = io.ReadFull(client, b)
		return b
	}
	methods := read(int(read(2)[1]))
	if password == "" {
		_, _ = client.Write([]byte{5, 0})
	} else {
		if !slices.Contains(methods, 2) {
			return "refused", []byte{5, 0xff}
		}
		_, _ = client.Write([]byte{5, 2})
		_ = read(int(read(2)[1])) // the user
		if got := string(read(int(read(1)[0]))); got != password {
			return "refused", []byte{1, 1}
		}
		_, _ = client.Write([]byte{1, 0})
	}
	head := read(5)
	name = string(read(int(head[4])))
	_ = read(2)
	if head[3] != 3 { // which is a name
		return name, []byte{5, 8}
	}
	return name, nil
}

// TestSocks carries an upload through a proxy of that kind, by a flag and by
// curl's variables, with and without a password.
func TestSocks(t *testing.T) {
	t.Parallel()
	cache, trusted := serveTLS(t, &x509.Certificate{DNSNames: []string{"cache.example"}}, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusAccepted)
	})
	for _, test := range []struct {
		name, password string
		setting        string // before the proxy's address
		refusal        string // why the client was refused
		asked          []string
	}{
		{"by a flag", "", "--proxy=socks5://", "", []string{"cache.example"}},
		{"by ALL_PROXY", "", "ALL_PROXY=socks5://", "", []string{"cache.example"}},
		{"by all_proxy", "", "all_proxy=socks5://", "", []string{"cache.example"}},
		{"with a password", "pass-7c1f", "ARTIFACT_PROXY=socks5://user:pass-7c1f@", "", []string{"cache.example"}},
		{"with another password", "pass-7c1f", "ARTIFACT_PROXY=socks5://user:else-7c1f@", "username/password authentication failed", []string{"refused"}},
		{"without the password", "pass-7c1f", "ALL_PROXY=socks5://", "no acceptable authentication methods", []string{"refused"}},
		{"without the name", "pass-7c1f", "ALL_PROXY=socks5://:pass-7c1f@", "invalid username/password", []string{"refused"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			address, asked := socks(t, cache.Listener.Addr().String(), test.password)
			env := []string{"SSL_CERT_FILE=" + trusted, "ARTIFACT_API=https://cache.example", "ARTIFACT_TOKEN=" + token, "ARTIFACT_RETRIES=1"}
			flags := []string{"--no-git"}
			if setting := test.setting + address; strings.HasPrefix(setting, "--") {
				flags = append(flags, setting)
			} else {
				env = append(env, setting)
			}
			got := putFile(t, env, flags...)
			want := outcome{stdout: helloSHA256 + "  file\n"}
			if test.refusal != "" {
				want = outcome{code: 8, stderr: "artifact: uploading file: the proxy " + address + " refused the login: " + test.refusal + "\n" + proxyWants}
			}
			got.check(t, want)
			if names := asked(); !slices.Equal(names, test.asked) {
				t.Errorf("the proxy was asked for %q, want %q", names, test.asked)
			}
			if got = putFile(t, env, append(flags, "-v")...); strings.Contains(got.stderr, "7c1f") {
				t.Errorf("the password is in %q", got.stderr)
			}
		})
	}
}

// TestCertificateRefused reports that the server rejects the client certificate,
// for small bodies and for bodies larger than the kernel's buffers.
func TestCertificateRefused(t *testing.T) {
	t.Parallel()
	key, made := certify(t, nil, nil, &x509.Certificate{})
	dir := t.TempDir()
	private := must(x509.MarshalPKCS8PrivateKey(key))(t)
	pair := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: made.Raw}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})...)
	mustDo(t, os.WriteFile(filepath.Join(dir, "client.pem"), pair, 0o600))
	writeFile(t, filepath.Join(dir, "small"), hello)
	writeFile(t, filepath.Join(dir, "large"), strings.Repeat(hello, 200<<10/len(hello)))
	for name, version := range map[string]uint16{"TLS 1.2": tls.VersionTLS12, "TLS 1.3": tls.VersionTLS13} {
		cache, trusted := serveTLS(t, &x509.Certificate{DNSNames: []string{"localhost"}}, http.NotFound, func(config *tls.Config) {
			config.MaxVersion, config.ClientAuth, config.ClientCAs = version, tls.RequireAndVerifyClientCert, x509.NewCertPool()
		})
		for _, file := range []string{"small", "large"} {
			t.Run(name+", "+file, func(t *testing.T) {
				t.Parallel()
				got := call{args: []string{"put", "--no-git", "--client-cert", "client.pem", file}, dir: dir, env: []string{
					"SSL_CERT_FILE=" + trusted, "ARTIFACT_API=" + strings.Replace(cache.URL, "127.0.0.1", "localhost", 1),
					"ARTIFACT_TOKEN=" + token, "ARTIFACT_RETRIES=1",
				}}.run(t)
				// With TLS 1.3 the handshake ends for us before the server has
				// seen the certificate, and a reset may overtake its alert.
				const why = ": the server does not accept the client certificate: remote error: tls: "
				said := version == tls.VersionTLS13 || strings.HasPrefix(got.stderr, "artifact: uploading "+file+why)
				if got.code != 9 || got.stdout != "" || !said {
					t.Errorf("%+v", got)
				}
			})
		}
	}
}
