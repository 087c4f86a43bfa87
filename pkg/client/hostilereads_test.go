package client_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
)

// errEnough is what a consumer says that takes no artifact over a size.
var errEnough = errors.New("this is enough")

// hostileCalls ask a server that means harm.
var hostileCalls = map[string]func(t *testing.T, c *client.Client) error{
	http.MethodGet: func(t *testing.T, c *client.Client) error {
		return c.Get(t.Context(), client.Download{ID: "abc", Receive: func(_ client.Found, body io.Reader) error {
			n, err := io.Copy(io.Discard, io.LimitReader(body, 1<<20))
			if n == 1<<20 {
				return errEnough
			}
			return err
		}})
	},
	http.MethodHead: func(t *testing.T, c *client.Client) error {
		_, err := c.Stat(t.Context(), "abc")
		return err
	},
	http.MethodPost: func(t *testing.T, c *client.Client) error {
		answers, err := c.Query(t.Context(), []artifact.ID{"abc"})
		if err == nil && (len(answers) != 1 || answers[0].Presence != client.Unknown) {
			t.Errorf("it believed %+v", answers)
		}
		return err
	},
}

// harmless are the answers that are one: an artifact whose length is false, the
// headers of one, which is all that HEAD asks for, and to the query that the
// server has none.
var harmless = map[string][]string{
	http.MethodGet: {"a short length"},
	http.MethodHead: {
		"an endless body", "a body that trickles", "chunks that trickle", "a chunk's size that has no end",
		"a chunk larger than memory", "endless extensions of a chunk", "endless trailers", "a long length",
		"a short length", "a million arrays in success",
	},
	http.MethodPost: {
		"an endless body", "a bomb", "a short length", "a million arrays in success", "204 with a body", "206",
	},
}

// TestHostileAnswersToQuestions is TestHostileAnswers for what reads. Nothing
// else may allocate meanwhile.
func TestHostileAnswersToQuestions(t *testing.T) { //nolint:paralleltest // see above
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost} {
		for _, test := range hostileAnswers() {
			t.Run(method+" "+test.name, func(t *testing.T) { //nolint:paralleltest // see above
				api := serveRaw(t, func(conn net.Conn) {
					readHeader(conn)
					test.answer(conn)
					conn.(*net.TCPConn).CloseWrite()
					io.Copy(io.Discard, conn)
				})
				c := newClient(t, api, impatientOptions, func(o *client.Options) { o.Timeout = 2 * time.Second })
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				began := time.Now()
				err := hostileCalls[method](t, c)
				took := time.Since(began)
				runtime.ReadMemStats(&after)
				if used := after.TotalAlloc - before.TotalAlloc; used > maxAllocated || took > 10*time.Second {
					t.Errorf("%d bytes were allocated in %v", used, took)
				}
				checkHostile(t, err, slices.Contains(harmless[method], test.name))
			})
		}
	}
}

func checkHostile(t *testing.T, err error, mayBeAnAnswer bool) {
	t.Helper()
	var failed *client.Error
	switch {
	case err == nil:
		if !mayBeAnAnswer {
			t.Error("success")
		}
	case mayBeAnAnswer:
		t.Errorf("error %v, want success", err)
	case !errors.Is(err, errEnough) && !errors.As(err, &failed):
		t.Errorf("error %v, want a *client.Error", err)
	case strings.Contains(err.Error(), token) || strings.ContainsAny(err.Error(), "\x1b\x07\n") || len(err.Error()) > 600:
		t.Errorf("it prints %q", err)
	}
}
