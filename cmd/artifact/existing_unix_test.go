//go:build unix

package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

const threeSHA256 = "8b5b9db0c13db24256c829aa364aa90c6d2eba318b9232a4ab9313b954d3555f"

// questions is a cache that has "one" and "three" and answers what it is asked
// in one of the ways that were met.
type questions struct {
	query  string // the answer to the batch query; empty where there is none
	status int    // of that
	noHead bool
	closed atomic.Int64 // downloads that were given up at their headers
}

func (q *questions) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	size, has := map[string]string{oneSHA256: "3", threeSHA256: "5"}[strings.TrimPrefix(r.URL.Path, "/v8/artifacts/")]
	switch {
	case r.Method == http.MethodPost:
		w.WriteHeader(q.status)
		_, _ = io.WriteString(w, q.query)
	case r.Method == http.MethodPut:
		w.WriteHeader(http.StatusAccepted)
	case r.Method == http.MethodHead && q.noHead:
		w.WriteHeader(http.StatusMethodNotAllowed)
	case !has:
		w.WriteHeader(http.StatusNotFound)
	default:
		w.Header().Set("Content-Length", size)
		w.WriteHeader(http.StatusOK)
		if r.Method == http.MethodGet { // no byte ever comes
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
			q.closed.Add(1)
		}
	}
}

// TestSkipExisting asks as little as each server allows, and uploads what is not
// there as it should be.
func TestSkipExisting(t *testing.T) {
	t.Parallel()
	answers := func(one, three string) string {
		return fmt.Sprintf(`{%q:%s,%q:null,%q:%s}`, oneSHA256, one, twoSHA256, threeSHA256, three)
	}
	const missing = 404
	for name, test := range map[string]struct {
		server *questions
		want   map[string]int
		closed int64
	}{
		"one query": {&questions{query: answers(`{"size":3,"taskDurationMs":0}`, `{"size":5}`), status: 200},
			map[string]int{"POST": 1, "PUT": 1}, 0},
		"it tells no size": {&questions{query: answers(`{}`, `{}`), status: 200}, map[string]int{"POST": 1, "PUT": 1}, 0},
		"another size":     {&questions{query: answers(`{"size":2}`, `{"size":5}`), status: 200}, map[string]int{"POST": 1, "PUT": 2}, 0},
		"a tag of somebody": {&questions{query: answers(`{"size":3,"tag":"AAAA"}`, `{"tag":"AAAA"}`), status: 200},
			map[string]int{"POST": 1, "PUT": 3}, 0},
		"no query":                {&questions{status: missing}, map[string]int{"POST": 1, "HEAD": 3, "PUT": 1}, 0},
		"no query by that method": {&questions{status: 405}, map[string]int{"POST": 1, "HEAD": 3, "PUT": 1}, 0},
		"ids are left out":        {&questions{query: `{}`, status: 200}, map[string]int{"POST": 1, "HEAD": 3, "PUT": 1}, 0},
		"one id is left out": {&questions{query: fmt.Sprintf(`{%q:null,%q:{"size":5}}`, twoSHA256, threeSHA256), status: 200},
			map[string]int{"POST": 1, "HEAD": 1, "PUT": 1}, 0},
		"errors for some": {&questions{query: answers(`{"error":{"message":"No."}}`, `{"error":{"message":"No."}}`), status: 200},
			map[string]int{"POST": 1, "HEAD": 2, "PUT": 1}, 0},
		"the query fails": {&questions{status: 500}, map[string]int{"POST": 1, "HEAD": 3, "PUT": 1}, 0},
		// One HEAD shows that there is none.
		"neither query nor HEAD": {&questions{status: missing, noHead: true},
			map[string]int{"POST": 1, "HEAD": 1, "GET": 3, "PUT": 1}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := record(t, test.server.ServeHTTP)
			dir := t.TempDir()
			for name, content := range map[string]string{"a": "one", "b": "two", "c": "three"} {
				writeFile(t, filepath.Join(dir, name), content)
			}
			got := call{args: []string{"put", "--skip-existing", "-j", "1", "a", "b", "c"}, dir: dir, env: server.env()}.run(t)
			puts, bytes := test.want["PUT"], map[int]int{1: 3, 2: 6, 3: 11}
			got.steady().check(t, outcome{0, oneSHA256 + "  a\n" + twoSHA256 + "  b\n" + threeSHA256 + "  c\n",
				fmt.Sprintf("artifact: %d uploaded, %d skipped, 0 failed, 0 not sent; %d B in TIME\n", puts, 3-puts, bytes[puts])})
			server.Close() // the last answer was given up by now
			sent := map[string]int{}
			for _, request := range server.all() {
				sent[request.Method]++
			}
			if !maps.Equal(sent, test.want) || test.closed != test.server.closed.Load() {
				t.Errorf("%v were sent and %d closed at their headers, want %v and %d",
					sent, test.server.closed.Load(), test.want, test.closed)
			}
		})
	}
}

// keeper is a cache that keeps sizes. It answers as many uploads as it lets
// through, and no others.
type keeper struct {
	mu      sync.Mutex
	team    string // of the run; what others have sent comes too late
	sizes   map[string]int64
	uploads int
	through int           // -1 for all
	full    chan struct{} // closed when so many were let through
	over    chan struct{}
}

func (k *keeper) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		var query struct{ Hashes []string }
		_ = json.NewDecoder(r.Body).Decode(&query)
		answer := map[string]any{}
		k.mu.Lock()
		for _, hash := range query.Hashes {
			if answer[hash] = nil; k.sizes[hash] > 0 {
				answer[hash] = map[string]int64{"size": k.sizes[hash]}
			}
		}
		k.mu.Unlock()
		_ = json.NewEncoder(w).Encode(answer)
		return
	}
	n, err := io.Copy(io.Discard, r.Body)
	if err != nil {
		return
	}
	k.mu.Lock()
	if r.URL.Query().Get("slug") != k.team {
		k.mu.Unlock()
		return
	}
	k.uploads++
	if k.through == 0 {
		k.mu.Unlock()
		<-k.over
		return
	}
	k.sizes[strings.TrimPrefix(r.URL.Path, "/v8/artifacts/")] = n
	if k.through--; k.through == 0 {
		close(k.full)
	}
	k.mu.Unlock()
	w.WriteHeader(http.StatusAccepted)
}

// TestInterruptedRunGoesOn where it stopped, and a finished one has nothing left
// to send.
func TestInterruptedRunGoesOn(t *testing.T) {
	t.Parallel()
	const count, stored = 300, 100
	k := &keeper{team: "run0", sizes: map[string]int64{}, through: stored, full: make(chan struct{}), over: make(chan struct{})}
	server := serve(t, k.ServeHTTP)
	release := sync.OnceFunc(func() { close(k.over) })
	t.Cleanup(release)
	dir := t.TempDir()
	var list, sums strings.Builder
	for i := range count {
		name := fmt.Sprintf("f%03d", i)
		writeFile(t, filepath.Join(dir, name), name)
		fmt.Fprintln(&list, name)
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256([]byte(name)), name)
	}
	run := call{dir: dir, env: server.env()}
	again := func() call {
		run.args = []string{"put", "--skip-existing", "--files-from", "-", "--team", k.team}
		run.stdin = strings.NewReader(list.String())
		return run
	}
	running := start(t, again().command(t))
	<-k.full
	send(t, running, syscall.SIGINT)
	_ = running.Wait()
	if got := shellCode(running.ProcessState); got != 130 || strings.Contains(running.stderr.String(), "uploaded") {
		t.Errorf("exit %d, %q", got, running.stderr.String())
	}
	release()
	for i, want := range []int{count - stored, 0} {
		k.mu.Lock()
		k.team = fmt.Sprintf("run%d", i+1)
		k.through, k.uploads = -1, 0
		k.mu.Unlock()
		got := again().run(t)
		got.steady().check(t, outcome{0, sums.String(), fmt.Sprintf(
			"artifact: %d uploaded, %d skipped, 0 failed, 0 not sent; %s in TIME\n", want, count-want, bytesText(4*want))})
		if k.uploads != want || len(k.sizes) != count {
			t.Errorf("%d uploads and %d stored, want %d and %d", k.uploads, len(k.sizes), want, count)
		}
	}
}

// bytesText is a size below 1 MiB, as a summary has it.
func bytesText(n int) string { return fmt.Sprintf("%d B", n) }
