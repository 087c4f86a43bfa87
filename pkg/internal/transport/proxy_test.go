package transport

import (
	"context"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// TestProxyConn bounds each wait for a proxy, and none once there is TLS.
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
					if _, err := conn.Write([]byte{step.send}); err != nil {
						t.Fatal(err)
					}
					time.AfterFunc(step.after, func() { _, _ = proxy.Write([]byte{0}) })
					if _, err := conn.Read(make([]byte, 1)); err != step.want {
						t.Errorf("after %d: %v, want %v", step.send, err, step.want)
					}
				}
			})
		})
	}
}
