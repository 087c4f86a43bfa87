//go:build unix

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// BenchmarkServers measures serve beside turborepo-remote-cache: 1, 8 and 64
// clients upload and download artifacts of 64 KiB, from one server and the other
// by turns. Both store them below TMPDIR. The metric "times" is the ratio of the
// requests per second.
//
// An upload to serve is on the disk when it is answered. The other server leaves
// that to the system.
func BenchmarkServers(b *testing.B) {
	ours, _ := serveFrom(b, b.TempDir())
	contest := &contest{ours: &contestant{remote: ours}, rival: &contestant{remote: turborepoRemoteCache(b)}}
	for _, method := range []string{http.MethodPut, http.MethodGet} {
		for _, clients := range []int{1, 8, 64} {
			b.Run(fmt.Sprint(method, "/", clients), func(b *testing.B) { contest.run(b, method, clients) })
		}
	}
}

// requestsPerTurn is how many requests a server answers before it is the other's
// turn.
const requestsPerTurn = 2048

// contest has the servers that are compared.
type contest struct {
	ours, rival *contestant
	uploads     atomic.Int64
}

// contestant is a server with its results.
type contestant struct {
	remote
	took    time.Duration   // for all requests
	latency []time.Duration // of each request
}

func (c *contest) run(b *testing.B, method string, clients int) {
	for _, server := range []*contestant{c.ours, c.rival} {
		server.turn(b, http.MethodPut, 8, func(i int64) int64 { return i }) // for GET, and to warm up
		server.took, server.latency = 0, nil
	}
	for b.Loop() {
		for _, server := range []*contestant{c.ours, c.rival} {
			server.turn(b, method, clients, func(i int64) int64 {
				if method == http.MethodPut {
					return c.uploads.Add(1) + requestsPerTurn
				}
				return i
			})
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(c.rival.took.Seconds()/c.ours.took.Seconds(), "times")
	c.ours.report(b, "ours")
	c.rival.report(b, "rival")
}

func (c *contestant) report(b *testing.B, name string) {
	slices.Sort(c.latency)
	b.ReportMetric(float64(len(c.latency))/c.took.Seconds(), name+"/s")
	for _, percent := range []int{50, 99} {
		at := c.latency[(len(c.latency)-1)*percent/100]
		b.ReportMetric(float64(at.Microseconds())/1000, fmt.Sprint(name, "-p", percent, "-ms"))
	}
}

// turn makes requestsPerTurn requests on as many connections as there are clients.
func (c *contestant) turn(b *testing.B, method string, clients int, id func(i int64) int64) {
	var next atomic.Int64
	var group sync.WaitGroup
	var mu sync.Mutex
	begin := time.Now()
	for range clients {
		group.Go(func() {
			conn, err := net.Dial("tcp", strings.TrimPrefix(c.api, "http://"))
			if err != nil {
				b.Error(err)
				return
			}
			defer conn.Close() //nolint:errcheck // all answers were read
			var latency []time.Duration
			reader := bufio.NewReader(conn)
			for i := next.Add(1); i <= requestsPerTurn; i = next.Add(1) {
				begin := time.Now()
				if err := c.exchange(conn, reader, method, id(i)); err != nil {
					b.Error(err)
					return
				}
				latency = append(latency, time.Since(begin))
			}
			mu.Lock()
			defer mu.Unlock()
			c.latency = append(c.latency, latency...)
		})
	}
	group.Wait()
	c.took += time.Since(begin)
	if b.Failed() {
		b.FailNow()
	}
}

// contestBody does not compress.
var contestBody = bytes.Repeat([]byte("artifact"), 64<<10/8)

// exchange makes a request, with less work for the client than package http would
// need, since all share the processors.
func (c *contestant) exchange(conn net.Conn, reader *bufio.Reader, method string, id int64) error {
	head := fmt.Sprintf("%s /v8/artifacts/%016x?slug=team HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n", method, id, conn.RemoteAddr(), c.token)
	body := contestBody
	if method == http.MethodGet {
		body = nil
	} else {
		head += fmt.Sprint("Content-Type: application/octet-stream\r\nContent-Length: ", len(body), "\r\n")
	}
	buffers := net.Buffers{[]byte(head + "\r\n"), body}
	if _, err := buffers.WriteTo(conn); err != nil {
		return err
	}
	response, err := http.ReadResponse(reader, nil)
	if err != nil {
		return err
	}
	n, err := io.Copy(io.Discard, response.Body)
	if err != nil || response.StatusCode/100 != 2 || method == http.MethodGet && n != int64(len(contestBody)) {
		return fmt.Errorf("%s: %s, %d bytes, %v", method, response.Status, n, err)
	}
	return nil
}
