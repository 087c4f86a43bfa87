package server

import (
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// pipeWriter is an http.ResponseWriter with the deadlines of a connection.
type pipeWriter struct {
	http.ResponseWriter
	net.Conn
}

// Write implements http.ResponseWriter.
func (w pipeWriter) Write(p []byte) (int, error) { return w.Conn.Write(p) }

// TestPace runs on a clock of its own.
func TestPace(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		piece int           // bytes that the client sends at once
		every time.Duration // how often
		disk  time.Duration // that the server takes for each piece
		count int
		want  error
	}{
		"for a day at 16 KiB/s":      {piece: 16 << 10, every: time.Second, count: 86_400},
		"just fast enough":           {piece: 61_500, every: 59 * time.Second, count: 50},
		"the same in small pieces":   {piece: 110, every: 100 * time.Millisecond, count: 20_000},
		"too slow":                   {piece: 1000, every: time.Second, count: 1000, want: os.ErrDeadlineExceeded},
		"a byte now and then":        {piece: 1, every: time.Second, count: 1000, want: os.ErrDeadlineExceeded},
		"fast, and then silent":      {piece: 1 << 20, every: 61 * time.Second, count: 3, want: os.ErrDeadlineExceeded},
		"a slow disk, a fast client": {piece: 10, every: time.Millisecond, disk: time.Hour, count: 100},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client, conn := net.Pipe()
				done := make(chan struct{})
				go func() {
					defer close(done)
					defer client.Close() //nolint:errcheck // the other end sees it
					for range test.count {
						if _, err := client.Write(make([]byte, test.piece)); err != nil {
							return
						}
						time.Sleep(test.every)
					}
				}()
				body := &pacedBody{body: conn, control: http.NewResponseController(pipeWriter{Conn: conn}), window: time.Minute, budget: time.Minute}
				p := make([]byte, 1<<20)
				var err error
				for err == nil {
					_, err = body.Read(p)
					time.Sleep(test.disk)
				}
				want := test.want
				if want == nil {
					want = io.EOF
				}
				if !errors.Is(err, want) || (test.want == nil) != body.ended || (test.want == nil) != (body.failure() == nil) {
					t.Errorf("after %d bytes: %v, ended: %t, want %v", body.received, err, body.ended, want)
				}
				if err := conn.Close(); err != nil {
					t.Error(err)
				}
				<-done
			})
		})
	}
}
