package client_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/command"
	"github.com/artifact-cli/artifact/pkg/internal/must"
)

// startProxy starts a proxy for one user, optionally over TLS.
func startProxy(t *testing.T, user, password string, overTLS bool) (*httptest.Server, *recorder) {
	t.Helper()
	want := "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
	r := &recorder{answer: func(w http.ResponseWriter, r *http.Request) {
		switch {
		case user != "" && r.Header.Get("Proxy-Authorization") != want:
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		case r.Header.Get("Authorization") != "" || r.Method != http.MethodConnect:
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		there, err := net.Dial("tcp", r.Host)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer there.Close()
		w.WriteHeader(http.StatusOK)
		here, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer here.Close()
		go func() { io.Copy(there, buffered); there.Close() }()
		io.Copy(here, there)
	}}
	proxy := httptest.NewUnstartedServer(r)
	if overTLS {
		proxy.TLS = &tls.Config{NextProtos: []string{"http/1.1"}}
		proxy.StartTLS()
	} else {
		proxy.Start()
	}
	t.Cleanup(proxy.Close)
	return proxy, r
}

// TestProxyCarries uploads through a given proxy, even to this machine, over each
// protocol, with a body that waits for consent.
func TestProxyCarries(t *testing.T) {
	t.Parallel()
	for _, scheme := range []string{"http", "https"} {
		for _, protocol := range []string{"HTTP/1.1", "HTTP/2.0"} {
			r := &recorder{answer: accept}
			api, trust := startTLS(t, r, "h2", "http/1.1")
			proxy, asked := startProxy(t, "u", "p w", scheme == "https")
			c := newClient(t, api, trust, func(o *client.Options) {
				if o.HTTP2 = protocol == "HTTP/2.0"; scheme == "https" {
					o.RootCAs.AddCert(proxy.Certificate())
				}
				o.Proxy = scheme + "://u:p%20w@" + proxy.Listener.Addr().String()
			})
			if _, err := putZeros(t, c, 3<<20); err != nil {
				t.Fatalf("over %s, %s: %v", scheme, protocol, err)
			}
			got := r.all()
			if len(got) != 1 || got[0].Proto != protocol || len(got[0].Body) != 3<<20 || got[0].Header["Proxy-Authorization"] != "" || len(asked.all()) != 1 {
				t.Errorf("over %s: %d requests by %d tunnels, want %s", scheme, len(got), len(asked.all()), protocol)
			}
		}
	}
}

// TestProxyWantsCredentials checks that a proxy's refusal is not retried, and
// nothing is sent.
func TestProxyWantsCredentials(t *testing.T) {
	t.Parallel()
	r := &recorder{answer: accept}
	api, trust := startTLS(t, r, "http/1.1")
	proxy, asked := startProxy(t, "u", "p", false)
	c := newClient(t, api, trust, func(o *client.Options) { o.Proxy, o.Retries, o.AllowHTTP = proxy.URL, 3, true })
	_, err := put(t, c, "bytes")
	var closed *client.ProxyError
	want := client.ProxyError{Proxy: proxy.Listener.Addr().String(), Status: 407}
	if !errors.As(err, &closed) || *closed != want || len(asked.all()) != 1 || len(r.all()) != 0 {
		t.Errorf("%v after %d, want %v", err, len(asked.all()), want)
	}
}

// TestSilentProxies waits for a proxy only as long as for a connection.
func TestSilentProxies(t *testing.T) {
	t.Parallel()
	hold := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	roots := x509.NewCertPool()
	plain, secure := httptest.NewServer(hold), httptest.NewTLSServer(hold)
	t.Cleanup(plain.Close)
	t.Cleanup(secure.Close)
	roots.AddCert(secure.Certificate())
	socks := func(answer string) string {
		return strings.Replace(serveRaw(t, func(conn net.Conn) {
			_, _ = io.ReadFull(conn, make([]byte, 3))
			_, _ = io.WriteString(conn, answer)
			_, _ = io.Copy(io.Discard, conn)
		}), "http", "socks5", 1)
	}
	for name, proxy := range map[string]string{
		"http": plain.URL, "https": secure.URL, "socks5": socks(""), "socks5, later": socks("\x05\x00"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newClient(t, "https://cache.example", func(o *client.Options) {
				o.RootCAs, o.Proxy, o.StallTimeout, o.Timeout = roots, proxy, time.Second, 30*time.Second
			})
			want := "uploading abc: proxyconnect tcp: the proxy does not answer"
			if address, ok := strings.CutPrefix(proxy, "socks5://"); ok {
				want = "uploading abc: socks connect tcp " + address + "->cache.example:443: the proxy does not answer"
			}
			if _, err := put(t, c, "bytes"); err == nil || err.Error() != want {
				t.Errorf("error %v, want %s", err, want)
			}
		})
	}
}

// TestPlainHTTPStaysOnThisMachine, and goes through no proxy, unless it may leave.
func TestPlainHTTPStaysOnThisMachine(t *testing.T) {
	t.Parallel()
	proxy, asked := startProxy(t, "", "", false)
	_, proxied := serve(t, accept, func(o *client.Options) { o.Proxy = proxy.URL })
	// 192.0.2.0/24 is for documentation (RFC 5737); nothing is dialled.
	for name, c := range map[string]*client.Client{"by a proxy": proxied, "elsewhere": newClient(t, "http://192.0.2.1:9")} {
		if _, err := put(t, c, "bytes"); !errors.Is(err, client.ErrPlainHTTP) || len(asked.all()) != 0 {
			t.Errorf("%s: error %v, want ErrPlainHTTP", name, err)
		}
	}
}

// TestOptionsAreChecked, and no password of theirs is shown.
func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	newAPI := func(api string) error { _, err := client.New(client.Options{API: api}); return err }
	checkHeader := func(line string) error {
		name, value, _ := strings.Cut(line, ": ")
		return client.CheckHeader(name, value)
	}
	for _, test := range []struct {
		check        func(string) error
		err          error
		valid, wrong []string
	}{
		{newAPI, client.ErrInvalidAPI, []string{"https://cache.example", ""}, []string{
			"cache.example", "ftp://cache", "https://", "https://user:secret@cache", "https://user@cache", "user:secret@cache",
			"https:user:secret@cache", "https://user:secret/x@cache", "https://user:sec ret@cache", "https://cache/?q",
			"https://cache/#f", "https://cache:port", "https://cache/%zz", "https:///v8", "://", "https://ca che", "/path",
			"https://ca\uff0fche", "https://\u00ad", "https://cache:65536",
		}},
		{client.CheckProxy, client.ErrInvalidProxy,
			[]string{"proxy:3128", "http://u:p@proxy", "https://proxy:1", "socks5://[::1]:1080", "socks5h://proxy"},
			[]string{"ftp://proxy", "http://", "http://proxy/path", "http://proxy:x", "http://proxy?q"}},
		{checkHeader, client.ErrInvalidHeader, []string{"CF-Access-Client-Id: x", "Cookie: a=b"}, []string{
			"authorization: x", "host: x", "content-length: 1", "proxy-authorization: x", "x-artifact-tag: x", "Connection: x",
			"A b: x", ": x", "A: ", "A: x\ny",
		}},
	} {
		for _, value := range test.valid {
			if err := test.check(value); err != nil {
				t.Errorf("%q: %v", value, err)
			}
		}
		for _, value := range test.wrong {
			if err := test.check(value); !errors.Is(err, test.err) || strings.Contains(err.Error(), "secret") {
				t.Errorf("%q: %v, want %v", value, err, test.err)
			}
		}
	}
}

// TestUnresolvable uses a name that fails without a resolver: a label is at most
// 63 bytes long (RFC 1035, section 2.3.4).
func TestUnresolvable(t *testing.T) {
	t.Parallel()
	for method, call := range calls {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			name := strings.Repeat("x", 64) + ".invalid"
			tries := 1
			c := newClient(t, "https://"+name, func(o *client.Options) {
				o.Retries, o.OnRetry = 2, func(client.Retry) { tries++ }
			})
			err := call.make(t, c, nil)
			want := call.doing + ": dial tcp: lookup " + name + ": no such host"
			if !errors.As(err, new(*net.DNSError)) || err.Error() != want || tries != 3 || command.ExitCode(err) != 9 {
				t.Errorf("%d tries, %v, want %q", tries, err, want)
			}
		})
	}
}

// TestResolversThatFail uses real resolvers: all of their errors are transient.
func TestResolversThatFail(t *testing.T) {
	t.Parallel()
	for name, code := range map[string]byte{"SERVFAIL": 2, "NXDOMAIN": 3, "silence": 0xff} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := must.Get(net.ListenPacket("udp", "127.0.0.1:0"))(t)
			t.Cleanup(func() { server.Close() })
			go answerQuestions(server, code)
			resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, "udp", server.LocalAddr().String())
			}}
			dialer := net.Dialer{Resolver: resolver, Timeout: limit}
			_, err := dialer.DialContext(t.Context(), "tcp", "cache.invalid.:443")
			failed := &client.Error{Doing: "uploading", Err: err}
			if !errors.As(err, new(*net.DNSError)) || !client.IsTransientForTest(failed) || command.ExitCode(failed) != 9 {
				t.Errorf("%v: exit %d, may pass: %v", err, command.ExitCode(failed), client.IsTransientForTest(failed))
			}
		})
	}
}

// answerQuestions answers each question with a code, or not at all if it is
// negative.
func answerQuestions(server net.PacketConn, code byte) {
	packet := make([]byte, 512)
	for {
		n, from, err := server.ReadFrom(packet)
		if err != nil {
			return
		}
		if code < 16 {
			packet[2], packet[3] = packet[2]|0x80, 0x80|code // an answer (RFC 1035, section 4.1.1)
			_, _ = server.WriteTo(packet[:n], from)
		}
	}
}
