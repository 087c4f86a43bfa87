package transport

import (
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// TestByteRate writes and reads through a pipe at a rate.
func TestByteRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		limiter := newByteLimiter(1000)
		conn := newRateConn(near, limiter)
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
	})
}

// TestByteRateEndsWithTheConnection lets nobody wait for what nobody wants.
func TestByteRateEndsWithTheConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		go func() { _, _ = io.Copy(io.Discard, far) }()
		conn := newRateConn(near, newByteLimiter(1))
		time.AfterFunc(time.Second, func() { conn.Close() })
		if n, err := conn.Write(make([]byte, 100)); err == nil {
			t.Errorf("%d bytes, and no error", n)
		}
		far.Close()
	})
}

type noNetwork struct{ began []time.Duration }

func (n *noNetwork) RoundTrip(*http.Request) (*http.Response, error) {
	n.began = append(n.began, time.Duration(time.Now().UnixNano()))
	return &http.Response{Body: http.NoBody}, nil
}

// TestRequestRate spaces requests evenly.
func TestRequestRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		network := new(noNetwork)
		way := spaced{next: network, limiter: newRequestLimiter(100.0 / 60)}
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost/", nil)
		for range 5 {
			resp, err := way.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
		}
		for i := 1; i < len(network.began); i++ {
			if gap := network.began[i] - network.began[i-1]; gap < 599*time.Millisecond || gap > 601*time.Millisecond {
				t.Errorf("request %d came after %v, want 600 ms", i, gap)
			}
		}
	})
}
