//go:build linux

package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
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
	begin := time.Now().Add(-since)
	private, made := certify(t, nil, nil, &x509.Certificate{NotBefore: begin, NotAfter: begin.Add(valid)})
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	return writePrivate(t, filepath.Join(dir, "client.pem"), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: made.Raw}))),
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
	long := headers("A: " + strings.Repeat("s3cret", 11000))
	const noAddress = "uploading file: the environment's proxy has no valid address in "
	for _, test := range []struct {
		name  string
		flags []string
		env   string
		want  string // of the error, from its beginning
	}{
		{"another key", []string{"--client-cert", certificate, "--client-key", otherKey}, "", "--client-key: " + otherKey + ": private key does not match public key"},
		{"expired", []string{"--client-cert", expired, "--client-key", expiredKey}, "", "--client-cert: " + expired + ": the certificate expired at "},
		{"not yet valid", []string{"--client-cert", early, "--client-key", earlyKey}, "", "--client-cert: " + early + ": the certificate is not valid before "},
		{"an encrypted key", []string{"--client-cert", certificate, "--client-key", encrypted}, "", "--client-key: " + encrypted + ": its private key is encrypted"},
		{"no such file", []string{"--client-cert", dir + "/none"}, "", "--client-cert: reading " + dir + "/none: no such file"},
		{"a certificate without a key", []string{"--client-cert", certificate}, "", "--client-cert: " + certificate + ": there is no private key in it: name its file with --client-key\n"},
		{"a key without a certificate", []string{"--client-key", key}, "", "--client-key: a key is of no use without its certificate"},
		{"no certificate in it", []string{"--client-cert", key, "--client-key", key}, "", "--client-cert: " + key + ": there is no certificate in it"},

		{"no header", []string{"--header-file", headers("A: b\r\n\r\n# for people\r\nnonsense s3cret\r\n")}, "", "--header-file: line 4 is not of the form Name: value\n"},
		{"a header of ours", []string{"--header-file", headers("A: b\nauthorization: s3cret\n")}, "", "--header-file: line 2: invalid header: Authorization cannot be set"},
		{"control characters", []string{"--header-file", headers("A: s3c\x01ret\n")}, "", "--header-file: line 1: invalid header: A has control characters in its value\n"},
		{"too many lines", []string{"--header-file", headers(strings.Repeat("A: s3cret\n", 101))}, "", "--header-file: it has more than 100 headers\n"},
		{"too long", []string{"--header-file", long}, "", "--header-file: reading " + long + ": it is larger than 64 KiB\n"},
		{"too long in the variable", nil, "ARTIFACT_HEADERS=A: " + strings.Repeat("s3cret", 11000), "ARTIFACT_HEADERS: it has more than 64.0 KiB\n"},
		{"in the variable", nil, "ARTIFACT_HEADERS=A: b\nHost: s3cret", "ARTIFACT_HEADERS: line 2: invalid header: Host cannot be set"},

		{"a proxy of another kind", []string{"--proxy", "ftp://127.0.0.1"}, "", "--proxy: invalid proxy: it must begin with http://, https:// or socks5://\n"},
		{"a password for everybody", []string{"--proxy", "http://u:s3cret@127.0.0.1"}, "", "--proxy: a password in an argument can be read by everybody"},
		{"no URL", nil, "ARTIFACT_PROXY=http://u:s3cret%zz@127.0.0.1", "ARTIFACT_PROXY: invalid proxy: it is not a valid URL; special characters in a password are written as %XX\n"},
		{"no URL in curl's variable", nil, "HTTPS_PROXY=http://u:s3cret%zz@127.0.0.1", noAddress + "HTTPS_PROXY\n"},
		{"no URL in lower case", nil, "https_proxy=http://u:s3c/ret@127.0.0.1", noAddress + "https_proxy\n"},
		{"no URL for plain http", []string{"--api=http://192.0.2.1", "--allow-http"}, "HTTP_PROXY=u:s3c#ret@127.0.0.1", noAddress + "HTTP_PROXY\n"},
		{"no proxy in curl's variable", nil, "ALL_PROXY=ftp://u:s3cret@127.0.0.1", noAddress + "ALL_PROXY\n"},
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
	if !slices.Equal(seen, want) {
		t.Errorf("the servers saw %q, want %q", seen, want)
	}
}

// socks is a proxy of version 5 (RFC 1928) that leads to one place, and asks for
// a password (RFC 1929) where that is not empty. It tells what it was asked for.
func socks(t *testing.T, place, password string) (address string, asked func() []string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	var mu sync.Mutex
	var names []string
	lead := func(client net.Conn) {
		defer client.Close()
		name, ok := socksGreeting(client, password)
		mu.Lock()
		names = append(names, name)
		mu.Unlock()
		server, err := net.Dial("tcp", place)
		if !ok || err != nil {
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

// socksGreeting gives the name that is asked for, or "refused".
func socksGreeting(client net.Conn, password string) (name string, ok bool) {
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
			_, _ = client.Write([]byte{5, 0xff})
			return "refused", false
		}
		_, _ = client.Write([]byte{5, 2})
		_ = read(int(read(2)[1])) // the user
		if got := string(read(int(read(1)[0]))); got != password {
			_, _ = client.Write([]byte{1, 1})
			return "refused", false
		}
		_, _ = client.Write([]byte{1, 0})
	}
	head := read(5)
	name = string(read(int(head[4])))
	_ = read(2)
	return name, head[3] == 3
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
		refusal        string // why nobody was let in
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
				want = outcome{code: 8, stderr: "artifact: uploading file: the proxy " + address + " does not let you in: " + test.refusal + "\n" + proxyWants}
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

// TestNoProxyBeforeFlag: NO_PROXY excepts a host from a proxy that was given, as
// with curl.
func TestNoProxyBeforeFlag(t *testing.T) {
	t.Parallel()
	cache := record(t, nil)
	env := []string{"ARTIFACT_API=" + cache.URL, "ARTIFACT_TOKEN=" + token, "ARTIFACT_RETRIES=0", "NO_PROXY=127.0.0.1"}
	if got := putFile(t, env, "--proxy", "http://127.0.0.1:1"); got.code != 0 || len(cache.all()) != 1 {
		t.Errorf("%+v after %d requests", got, len(cache.all()))
	}
	if got := putFile(t, env[:3], "--allow-http", "--proxy", "http://127.0.0.1:1"); got.code != 9 || len(cache.all()) != 1 {
		t.Errorf("%+v after %d requests", got, len(cache.all()))
	}
}

// TestCertificateRefused tells that the cache does not take the certificate that
// it was shown, and does not try again where it is told so.
func TestCertificateRefused(t *testing.T) {
	t.Parallel()
	certificate, key := certificateFiles(t, time.Hour, 2*time.Hour)
	ours := newAuthority(t)
	own := ours.certificate(t, &x509.Certificate{DNSNames: []string{"localhost"}})
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "small"), hello)
	writeFile(t, filepath.Join(dir, "large"), strings.Repeat(hello, 200<<10/len(hello)))
	for name, version := range map[string]uint16{"TLS 1.2": tls.VersionTLS12, "TLS 1.3": tls.VersionTLS13} {
		for _, file := range []string{"small", "large"} {
			t.Run(name+", "+file, func(t *testing.T) {
				t.Parallel()
				cache := httptest.NewUnstartedServer(http.NotFoundHandler())
				cache.Config.ErrorLog = log.New(io.Discard, "", 0)
				cache.TLS = &tls.Config{
					Certificates: []tls.Certificate{own}, MaxVersion: version,
					ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: x509.NewCertPool(),
				}
				cache.StartTLS()
				t.Cleanup(cache.Close)
				_, port, _ := net.SplitHostPort(cache.Listener.Addr().String())
				got := call{args: []string{"put", "--no-git", "--client-cert", certificate, "--client-key", key, file}, dir: dir, env: []string{
					"SSL_CERT_FILE=" + ours.file, "ARTIFACT_API=https://localhost:" + port, "ARTIFACT_TOKEN=" + token, "ARTIFACT_RETRIES=1",
				}}.run(t)
				const why = ": the server does not accept the client certificate: remote error: tls: "
				if got.code != 9 || got.stdout != "" {
					t.Errorf("%+v", got)
				}
				// With TLS 1.3 the handshake is over for us before the server has
				// seen the certificate, and a reset may overtake its word.
				if version == tls.VersionTLS12 && !strings.HasPrefix(got.stderr, "artifact: uploading "+file+why) {
					t.Errorf("%+v", got)
				}
			})
		}
	}
}
