package client_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/artifact-cli/artifact/pkg/client"
)

// tunnel is a proxy that makes tunnels for one user, over TLS or not.
type tunnel struct {
	*httptest.Server
	asked atomic.Int32
}

func startProxy(t *testing.T, user, password string, overTLS bool) *tunnel {
	t.Helper()
	p := new(tunnel)
	want := "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
	p.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.asked.Add(1)
		if user != "" && r.Header.Get("Proxy-Authorization") != want {
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		if r.Header.Get("Authorization") != "" && r.Method == http.MethodConnect || r.Method != http.MethodConnect {
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
	}))
	if overTLS {
		p.TLS = &tls.Config{NextProtos: []string{"http/1.1"}}
		p.StartTLS()
	} else {
		p.Start()
	}
	t.Cleanup(p.Close)
	return p
}

// TestProxyCarries sends through a proxy that was given, also to this machine,
// over each protocol, with a body that waits for consent.
func TestProxyCarries(t *testing.T) {
	t.Parallel()
	for _, overTLS := range []bool{false, true} {
		for _, http2 := range []bool{false, true} {
			r := &recorder{answer: accept}
			server, roots := startTLS(t, r, "h2", "http/1.1")
			proxy := startProxy(t, "u", "p w", overTLS)
			if overTLS {
				roots.AddCert(proxy.Certificate())
			}
			c := newClient(t, server.URL, func(o *client.Options) {
				o.RootCAs, o.HTTP2 = roots, http2
				scheme, _ := map[bool]string{true: "https", false: "http"}[overTLS], 0
				o.Proxy = scheme + "://u:p%20w@" + proxy.Listener.Addr().String()
			})
			if _, err := putZeros(t, c, 3<<20); err != nil {
				t.Fatalf("over TLS %v, http2 %v: %v", overTLS, http2, err)
			}
			got := r.all()
			want := map[bool]string{false: "HTTP/1.1", true: "HTTP/2.0"}[http2]
			if len(got) != 1 || got[0].Proto != want || got[0].Length != 3<<20 || got[0].Header["Proxy-Authorization"] != "" || proxy.asked.Load() != 1 {
				t.Errorf("over TLS %v, http2 %v: %d requests by %d tunnels, want %s", overTLS, http2, len(got), proxy.asked.Load(), want)
			}
		}
	}
}

// TestProxyWantsCredentials gives up at once, and sends nothing.
func TestProxyWantsCredentials(t *testing.T) {
	t.Parallel()
	r := &recorder{answer: accept}
	server, roots := startTLS(t, r, "http/1.1")
	for _, api := range []string{server.URL} {
		proxy := startProxy(t, "u", "p", false)
		c := newClient(t, api, func(o *client.Options) {
			o.RootCAs, o.Proxy, o.Retries, o.AllowHTTP = roots, proxy.URL, 3, true
		})
		client.SkipPausesForTest(c)
		_, err := put(t, c, "bytes")
		var closed *client.ProxyError
		want := client.ProxyError{Proxy: proxy.Listener.Addr().String(), Status: 407}
		if !errors.As(err, &closed) || *closed != want || proxy.asked.Load() != 1 || len(r.all()) != 0 {
			t.Errorf("%v after %d, want %v", err, proxy.asked.Load(), want)
		}
	}
}

// TestSilentProxies waits for a proxy no longer than for a connection.
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

// Plain http goes through no proxy, unless it may leave this machine.
func TestProxyIsNoWayOutForPlainHTTP(t *testing.T) {
	t.Parallel()
	proxy := startProxy(t, "", "", false)
	_, c := serve(t, accept, func(o *client.Options) { o.Proxy = proxy.URL })
	if _, err := put(t, c, "bytes"); !errors.Is(err, client.ErrPlainHTTP) || proxy.asked.Load() != 0 {
		t.Errorf("error %v, want ErrPlainHTTP", err)
	}
}

func TestCheckProxy(t *testing.T) {
	t.Parallel()
	for raw, valid := range map[string]bool{
		"proxy:3128": true, "http://u:p@proxy": true, "https://proxy:1": true, "socks5://[::1]:1080": true, "socks5h://proxy": true,
		"ftp://proxy": false, "http://": false, "http://proxy/path": false, "http://proxy:x": false, "http://proxy?q": false,
	} {
		if err := client.CheckProxy(raw); (err == nil) != valid || err != nil && !errors.Is(err, client.ErrInvalidProxy) {
			t.Errorf("%s: %v", raw, err)
		}
	}
}
