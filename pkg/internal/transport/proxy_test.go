package transport

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/artifact-cli/artifact/pkg/internal/must"
	"github.com/artifact-cli/artifact/pkg/internal/origin"
)

// TestProxyConn limits each wait for a proxy, but none after the first byte of
// TLS.
func TestProxyConn(t *testing.T) {
	t.Parallel()
	const limit = 30 * time.Second
	type step struct {
		send  byte
		after time.Duration // comes the answer
		want  error
	}
	for name, steps := range map[string][]step{
		"open":         {{5, limit - time.Second, nil}, {1, limit - time.Second, nil}, {tlsHandshake, 2 * limit, nil}, {23, 2 * limit, nil}},
		"silent":       {{'C', limit + time.Second, errSilentProxy}},
		"silent later": {{5, time.Second, nil}, {5, limit + time.Second, errSilentProxy}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				here, proxy := net.Pipe()
				pipe := dialFunc(func(context.Context, string, string) (net.Conn, error) { return here, nil })
				conn, _ := pipe.toProxy(limit)(t.Context(), "tcp", "proxy:1080")
				defer conn.Close()
				go io.Copy(io.Discard, proxy)
				for _, step := range steps {
					must.Get(conn.Write([]byte{step.send}))(t)
					time.AfterFunc(step.after, func() { _, _ = proxy.Write([]byte{0}) })
					if _, err := conn.Read(make([]byte, 1)); err != step.want {
						t.Errorf("after %d: %v, want %v", step.send, err, step.want)
					}
				}
			})
		})
	}
}

// TestCredential checks which host gets the token and the headers of a gate, and
// which address is dialled.
func TestCredential(t *testing.T) {
	t.Parallel()
	own := must.Get(url.Parse("https://ci.example.test"))(t)
	type outcome struct {
		host, token, gate string
		err               error
	}
	for target, want := range map[string]outcome{
		"https://ci.example.test/x":        {"ci.example.test", "Bearer t", "g", nil},
		"https://CI.example.test:0443/x":   {"CI.example.test:0443", "Bearer t", "g", nil},
		"https://ci\u3002example.test/x":   {"ci.example.test", "Bearer t", "g", nil},
		"https://c\u0130.example.test:9/x": {"xn--ci-sub.example.test:9", "", "", nil},
		"https://c%C4%B0.example.test/x":   {"xn--ci-sub.example.test", "", "", nil},
		"http://ci.example.test/x":         {"ci.example.test", "", "", nil},
		"https://a\uff0fb.example.test/x":  {err: origin.ErrHost},
	} {
		u := must.Get(url.Parse(target))(t)
		var got outcome
		way := credential{own: must.Get(origin.Of(own))(t), header: http.Header{"Gate": {"g"}}, next: roundTripper(func(req *http.Request) (*http.Response, error) {
			if req.Host != req.URL.Host {
				t.Errorf("%s: the host is %q, and %q in the header", target, req.URL.Host, req.Host)
			}
			got = outcome{host: req.Host, token: req.Header.Get("Authorization"), gate: req.Header.Get("Gate")}
			return nil, nil
		})}
		request := (&http.Request{Method: http.MethodGet, URL: u, Host: u.Host}).WithContext(WithToken(t.Context(), "t", nil))
		if _, err := way.RoundTrip(request); !errors.Is(err, want.err) { //nolint:bodyclose // there is none
			t.Errorf("%s: %v, want %v", target, err, want.err)
		}
		if got.err = want.err; got != want {
			t.Errorf("%s: %+v, want %+v", target, got, want)
		}
	}
}

// TestByteRate writes and reads through a pipe at a rate. Closing the connection
// ends all waits.
func TestByteRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		conn := newRateConn(near, newByteLimiter(1000))
		const size = 10_000
		go func() { _, _ = io.CopyN(io.Discard, far, size); _, _ = far.Write(make([]byte, size)); far.Close() }()
		began := time.Now()
		if n, err := conn.Write(make([]byte, size)); n != size || err != nil {
			t.Fatal(n, err)
		}
		if took := time.Since(began); took < 9800*time.Millisecond || took > 10*time.Second {
			t.Errorf("writing took %v, want 10 s less the first burst", took)
		}
		began = time.Now()
		if got, err := io.ReadAll(conn); len(got) != size || err != nil {
			t.Fatal(len(got), err)
		}
		if took := time.Since(began); took < 9800*time.Millisecond || took > 10100*time.Millisecond {
			t.Errorf("reading took %v, want 10 s", took)
		}
		conn.Close()

		near, far = net.Pipe()
		go func() { _, _ = io.Copy(io.Discard, far) }()
		conn = newRateConn(near, newByteLimiter(1))
		time.AfterFunc(time.Second, func() { conn.Close() })
		if n, err := conn.Write(make([]byte, 100)); err == nil {
			t.Errorf("%d bytes, and no error", n)
		}
		far.Close()
	})
}

// TestRequestRate spaces requests evenly.
func TestRequestRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var began []time.Time
		network := roundTripper(func(*http.Request) (*http.Response, error) {
			began = append(began, time.Now())
			return &http.Response{Body: http.NoBody}, nil
		})
		way := counted{next: network, limiter: newRequestLimiter(100.0 / 60)}
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost/", nil)
		for range 5 {
			must.Get(way.RoundTrip(req))(t).Body.Close()
		}
		for i := range began[1:] {
			if gap := began[i+1].Sub(began[i]); gap < 599*time.Millisecond || gap > 601*time.Millisecond {
				t.Errorf("request %d came after %v, want 600 ms", i+1, gap)
			}
		}
	})
}
