package server

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/artifact-cli/artifact/pkg/internal/store"
)

// metricsPath is where Prometheus looks by default.
const metricsPath = "/metrics"

// Totals are sums over all requests that have ended.
type Totals struct {
	// Hits and Misses are GETs of artifacts: a HEAD or a batch query often comes
	// before the GET or the PUT of the same artifact, and would count it twice.
	Hits, Misses   int64
	Received, Sent int64 // bytes of the bodies
	InFlight       int   // requests that have not ended
}

// counters count each request once, when it has ended, so that sums of the log
// and of the metrics agree. The lock is held for nanoseconds.
type counters struct {
	mu     sync.Mutex
	totals Totals
	ended  map[outcome]int64
}

// outcome is how a request is labelled. There are few, whatever clients send.
type outcome struct {
	method string // one of the API's, or "other"
	status int
}

func (c *counters) begin() {
	c.mu.Lock()
	c.totals.InFlight++
	c.mu.Unlock()
}

// end counts a request. isArtifact is set if its path is an artifact's.
func (c *counters) end(a Access, isArtifact bool) {
	method := a.Method
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodPost, http.MethodPut:
	default:
		method = "other"
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.totals.InFlight--
	c.totals.Received += a.Received
	c.totals.Sent += a.Sent
	c.ended[outcome{method, a.Status}]++
	if !isArtifact || method != http.MethodGet {
		return
	}
	switch a.Status {
	case http.StatusOK:
		c.totals.Hits++
	case http.StatusNotFound:
		c.totals.Misses++
	}
}

func (c *counters) read() (Totals, map[outcome]int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.totals, maps.Clone(c.ended)
}

// Totals returns the sums so far.
func (s *Server) Totals() Totals {
	totals, _ := s.counters.read()
	return totals
}

// isLocal reports whether r came from this machine, which may read the metrics without
// a token. A proxy on this machine may pass on requests of others, but usually with
// their Host, which is then not loopback.
func (s *Server) isLocal(r *http.Request) bool {
	name, err := hostOf(r.Host)
	if err != nil || !s.loopback {
		return false
	}
	literal, err := netip.ParseAddr(name)
	return name == "localhost" || err == nil && literal.IsLoopback()
}

// metrics answers in Prometheus' text format 0.0.4.
func (s *Server) metrics(x *exchange) error {
	x.routine = true
	text := s.exposition()
	header := x.w.Header()
	header.Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	header.Set("Content-Length", strconv.Itoa(len(text)))
	x.begin(http.StatusOK)
	if x.r.Method == http.MethodHead {
		return nil
	}
	_, err := x.Write(text)
	return err
}

func (s *Server) exposition() []byte {
	totals, ended := s.counters.read()
	var e exposition
	e.family("artifact_requests_total", "counter", "Requests that have ended, by method and status of the answer.")
	for _, o := range slices.SortedFunc(maps.Keys(ended), func(a, b outcome) int {
		return cmp.Or(cmp.Compare(a.method, b.method), cmp.Compare(a.status, b.status))
	}) {
		e.sample(ended[o], "method", o.method, "code", strconv.Itoa(o.status))
	}
	e.single("artifact_requests_in_flight", "gauge", "Requests that have not ended, including this one.", int64(totals.InFlight))
	e.single("artifact_hits_total", "counter", "GET requests for an artifact that was found. HEAD and the batch query do not count.", totals.Hits)
	e.single("artifact_misses_total", "counter", "GET requests for an artifact that was not found. HEAD and the batch query do not count.", totals.Misses)
	e.single("artifact_received_bytes_total", "counter", "Bytes of the bodies of requests that have ended.", totals.Received)
	e.single("artifact_sent_bytes_total", "counter", "Bytes of the bodies of answers that have ended.", totals.Sent)
	if metered, ok := s.store.(store.Metered); ok {
		usage := metered.Usage()
		if usage.IsCounted {
			e.single("artifact_stored_artifacts", "gauge", "Artifacts in the store.", usage.Artifacts)
			e.single("artifact_stored_bytes", "gauge", "Bytes of the files in the store.", usage.Bytes)
		}
		e.family("artifact_removed_artifacts_total", "counter", "Artifacts that were removed because of --max-age (age) or --max-size (size).")
		for _, reason := range []store.Reason{store.Expired, store.Evicted} {
			e.sample(usage.Removed[reason], "reason", string(reason))
		}
	}
	e.family("artifact_build_info", "gauge", "The version of artifact, as a label.")
	e.sample(1, "version", s.version)
	e.single("process_start_time_seconds", "gauge", "When the server started, in seconds since 1970.", s.started.Unix())
	return e.Bytes()
}

// exposition is metrics in Prometheus' text format.
type exposition struct {
	bytes.Buffer
	name string // of the current family
}

// family begins a metric.
func (e *exposition) family(name, kind, help string) {
	e.name = name
	fmt.Fprintf(e, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
}

// sample adds a value to the current metric. labels are names, each with its
// value.
func (e *exposition) sample(value int64, labels ...string) {
	var pairs []string
	for pair := range slices.Chunk(labels, 2) {
		pairs = append(pairs, fmt.Sprintf(`%s="%s"`, pair[0], labelEscapes.Replace(pair[1])))
	}
	e.WriteString(e.name)
	if len(pairs) > 0 {
		e.WriteString("{" + strings.Join(pairs, ",") + "}")
	}
	fmt.Fprintf(e, " %d\n", value)
}

// single is a metric without labels.
func (e *exposition) single(name, kind, help string, value int64) {
	e.family(name, kind, help)
	e.sample(value)
}

// labelEscapes are the only escapes that the format knows.
var labelEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)
