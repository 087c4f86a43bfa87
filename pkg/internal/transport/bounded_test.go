package transport

import (
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
)

// TestConnectionsAreBounded makes requests of every size at once that all have to
// share one connection.
func TestConnectionsAreBounded(t *testing.T) {
	t.Parallel()
	server := serveAnswers(t, func(conn net.Conn, _ int) { io.WriteString(conn, whole) })
	origin, _ := url.Parse(server.url)
	way := New(Options{Origin: origin, Connections: 1})
	var group sync.WaitGroup
	for _, size := range []int{0, 10, 10, 10, 10, smallBody, smallBody + 1, 1 << 20} {
		group.Go(func() {
			req, _ := http.NewRequest(http.MethodPut, server.url, strings.NewReader(strings.Repeat("x", size)))
			resp, err := way.RoundTrip(req)
			if err != nil {
				t.Error(err)
				return
			}
			io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
		})
	}
	group.Wait()
	if got := server.seen(); !slices.Equal(got, slices.Repeat([]int{1}, 8)) {
		t.Errorf("the requests came on connections %v", got)
	}
}
