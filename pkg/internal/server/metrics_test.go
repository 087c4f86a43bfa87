package server_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/artifact-cli/artifact/pkg/internal/must"
	"github.com/artifact-cli/artifact/pkg/internal/server"
	"github.com/artifact-cli/artifact/pkg/internal/store"
)

// metered is a store that knows its usage, and fails for some ids.
type metered struct {
	*store.Dir
	usage store.Usage
}

func (m metered) Usage() store.Usage { return m.usage }

func (m metered) Get(ctx context.Context, key store.Key) (*store.Blob, error) {
	switch key.ID {
	case "disk":
		return nil, errDisk
	case "away":
		return nil, store.ErrUnavailable
	case "bug":
		panic("oh no")
	}
	return m.Dir.Get(ctx, key)
}

// parseMetrics returns the values in a scrape by name and labels, and the type of
// each metric, from Prometheus' own parser.
func parseMetrics(t testing.TB, text string) (values map[string]float64, types map[string]string) {
	t.Helper()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families := must.Get(parser.TextToMetricFamilies(strings.NewReader(text)))(t)
	values, types = make(map[string]float64), make(map[string]string)
	for name, family := range families {
		types[name] = family.GetType().String()
		if isCounter := family.GetType().String() == "COUNTER"; family.GetHelp() == "" || isCounter != strings.HasSuffix(name, "_total") {
			t.Errorf("%s %s breaks a convention: its help is %q", family.GetType(), name, family.GetHelp())
		}
		for _, metric := range family.GetMetric() {
			series := name
			for _, label := range metric.GetLabel() {
				series += fmt.Sprintf(" %s=%s", label.GetName(), label.GetValue())
			}
			values[series] = metric.GetCounter().GetValue() + metric.GetGauge().GetValue()
		}
	}
	return values, types
}

// textFormat is the Content-Type of Prometheus' text format.
var textFormat = string(expfmt.NewFormat(expfmt.TypeTextPlain))

// exerciseAll sends requests of every kind, of which it returns the number and the
// bytes of the bodies.
func (r *running) exerciseAll() (requests, received, sent int) {
	const body = "four"
	query := []byte(`{"hashes":["a","gone"]}`)
	do := func(want int, method, path string, body []byte, headers ...string) {
		r.Helper()
		got := r.do(method, path, body, headers...)
		if requests++; got.Status != want {
			r.Errorf("%s %s: %d %s, want %d", method, path, got.Status, got.Body, want)
		}
		sent += len(got.Body)
		r.log(requests) // counted before it is logged
	}
	do(202, "PUT", "/v8/artifacts/a", []byte(body))
	for range 2 {
		do(200, "GET", "/v8/artifacts/a", nil)
	}
	do(404, "GET", "/v8/artifacts/gone", nil)
	do(404, "GET", "/v8/artifacts/gone?slug=other", nil)
	do(404, "GET", "//v8/artifacts/gone", nil)
	do(200, "HEAD", "/v8/artifacts/a", nil)
	do(404, "HEAD", "/v8/artifacts/gone", nil)
	do(200, "POST", "/v8/artifacts", query)
	do(400, "GET", "/v8/artifacts/a%20b", nil)
	do(404, "GET", "/nowhere", nil)
	do(200, "OPTIONS", "/v8/artifacts/a", nil)
	do(401, "GET", "/v8/artifacts/a", nil, "Authorization: Bearer other")
	do(401, "PUT", "/v8/artifacts/a", []byte(body), "Authorization: Bearer other")
	do(421, "GET", "/v8/artifacts/a", nil, "Host: other.example")
	do(405, "DELETE", "/v8/artifacts/a", nil)
	do(405, "BREW", "/v8/artifacts/a", nil)
	do(405, "get", "/v8/artifacts/a", nil)
	do(500, "GET", "/v8/artifacts/disk", nil)
	do(500, "GET", "/v8/artifacts/bug", nil)
	do(503, "GET", "/v8/artifacts/away", nil)
	conn := r.raw(r.head("PUT", "/v8/artifacts/half") + "Content-Length: 100\r\n\r\nonly this")
	must.Do(r, conn.(*net.TCPConn).CloseWrite())
	_, answered, _ := bytes.Cut(must.Get(io.ReadAll(conn))(r), []byte("\r\n\r\n"))
	sent += len(answered)
	requests++
	r.log(requests)
	return requests, len(body) + len(query) + len("only this"), sent
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	r := start(t, metered{directory(t, store.Options{}), store.Usage{
		IsCounted: true, Artifacts: 3, Bytes: 1 << 40, Removed: map[store.Reason]int64{store.Evicted: 7},
	}}, server.Options{Version: `v1 "\` + "\n"})
	requests, received, sent := r.exerciseAll()
	scrape := r.do("GET", "/metrics", nil, "Authorization: ")
	if got := scrape.Header.Get("Content-Type"); scrape.Status != 200 || got != textFormat {
		t.Errorf("%d, Content-Type %q, %s", scrape.Status, got, scrape.Body)
	}
	values, types := parseMetrics(t, scrape.Body)
	if started := values["process_start_time_seconds"]; started < 1.7e9 || started > 1e10 {
		t.Errorf("the server started at %g", started)
	}
	delete(values, "process_start_time_seconds")
	want := map[string]float64{
		"artifact_requests_total method=GET code=200": 2, "artifact_requests_total method=PUT code=202": 1,
		"artifact_requests_total method=GET code=404": 4, "artifact_requests_total method=HEAD code=200": 1,
		"artifact_requests_total method=HEAD code=404": 1, "artifact_requests_total method=POST code=200": 1,
		"artifact_requests_total method=GET code=400": 1, "artifact_requests_total method=PUT code=400": 1,
		"artifact_requests_total method=OPTIONS code=200": 1, "artifact_requests_total method=GET code=401": 1,
		"artifact_requests_total method=PUT code=401": 1, "artifact_requests_total method=GET code=421": 1,
		"artifact_requests_total method=other code=405": 3, "artifact_requests_total method=GET code=500": 2,
		"artifact_requests_total method=GET code=503": 1,
		"artifact_requests_in_flight":                 1,
		"artifact_hits_total":                         2, "artifact_misses_total": 3,
		"artifact_received_bytes_total": float64(received), "artifact_sent_bytes_total": float64(sent),
		"artifact_stored_artifacts": 3, "artifact_stored_bytes": 1 << 40,
		"artifact_removed_artifacts_total reason=age": 0, "artifact_removed_artifacts_total reason=size": 7,
		"artifact_build_info version=v1 \"\\\n": 1,
	}
	if !maps.Equal(values, want) {
		t.Errorf("the metrics are\n%v\nwant\n%v", values, want)
	}
	if types["artifact_hits_total"] != "COUNTER" || types["artifact_stored_bytes"] != "GAUGE" {
		t.Errorf("the types are %v", types)
	}
	if names := slices.Sorted(maps.Keys(types)); !slices.Equal(names, documentedMetrics(t)) {
		t.Errorf("the metrics are %q, and the page has %q", names, documentedMetrics(t))
	}
	r.log(requests + 1)
	r.do("GET", "/healthz", nil)
	logged := r.log(requests + 2)[requests:]
	if want := []server.Access{
		{Method: "GET", Path: "/metrics", Status: 200, Sent: int64(len(scrape.Body)), Duration: logged[0].Duration, Routine: true},
		{Method: "GET", Path: "/healthz", Status: 200, Sent: 2, Duration: logged[1].Duration, Routine: true},
	}; !slices.Equal(logged, want) {
		t.Errorf("the log has %+v, want %+v", logged, want)
	}
}

// documentedMetrics returns the names of the metrics in the documentation, sorted.
func documentedMetrics(t *testing.T) (names []string) {
	t.Helper()
	page := must.Get(os.ReadFile("../../../docs/serve-metrics.md"))(t)
	for _, row := range regexp.MustCompile("(?m)^\\| `.*?\\|").FindAllString(string(page), -1) {
		names = append(names, regexp.MustCompile(`[a-z]+(_[a-z]+)+`).FindAllString(row, -1)...)
	}
	slices.Sort(names)
	return names
}

func TestMetricsMethods(t *testing.T) {
	t.Parallel()
	r := start(t, fake{}, server.Options{})
	if head := r.do("HEAD", "/metrics", nil); head.Status != 200 || head.Body != "" || head.Header.Get("Content-Type") != textFormat {
		t.Errorf("HEAD: %v", head)
	}
	r.expectFailure("POST", r.do("POST", "/metrics", nil), 405, "method_not_allowed", "This path does not answer POST.")
}

// TestMetricsLeaveOut checks that what a store does not know is left out, not 0.
func TestMetricsLeaveOut(t *testing.T) {
	t.Parallel()
	always := []string{
		"artifact_build_info version=", "artifact_hits_total", "artifact_misses_total", "artifact_received_bytes_total",
		"artifact_requests_in_flight", "artifact_sent_bytes_total", "process_start_time_seconds",
	}
	for name, test := range map[string]struct {
		store store.Store
		more  []string
	}{
		"not metered": {fake{}, nil},
		"not counted": {metered{}, []string{"artifact_removed_artifacts_total reason=age", "artifact_removed_artifacts_total reason=size"}},
	} {
		r := start(t, test.store, server.Options{})
		values, _ := parseMetrics(t, r.do("GET", "/metrics", nil).Body)
		want := slices.Sorted(slices.Values(slices.Concat(always, test.more)))
		if names := slices.Sorted(maps.Keys(values)); !slices.Equal(names, want) {
			t.Errorf("%s: the metrics are %q, want %q", name, names, want)
		}
	}
}

// TestMetricsAreGuarded checks who may read them: with a token anybody who knows a
// name of the server, and otherwise only this machine.
func TestMetricsAreGuarded(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		listen, path, host string
		bare, authorized   int // the status without a token, and with one
	}{
		{"127.0.0.1:80", "/metrics", "127.0.0.1", 200, 200},
		{"127.0.0.1:80", "/metrics", "LocalHost", 200, 200},
		{"127.0.0.1:80", "//metrics", "localhost", 401, 200},
		{"127.0.0.1:80", "/metrics/", "localhost", 401, 404},
		{"127.0.0.1:80", "/v8/artifacts/status", "localhost", 401, 200},
		{"127.0.0.1:80", "/metrics", "other.example", 421, 421},
		{"127.0.0.2:80", "/metrics", "127.0.0.2", 200, 200},
		{"[::1]:80", "/metrics", "[::1]", 200, 200},
		{"127.0.0.1:80", "/metrics", "localhost:9090", 200, 200},
		{"127.0.0.1:80", "/metrics", "known.example", 401, 200},
		{"127.0.0.1:80", "/metrics", "192.0.2.1", 401, 200},
		{"0.0.0.0:80", "/metrics", "127.0.0.1", 401, 200},
		{"[::]:80", "/metrics", "localhost", 401, 200},
		{"192.0.2.1:80", "/metrics", "192.0.2.1", 401, 200},
	} {
		addr := must.Get(net.ResolveTCPAddr("tcp", test.listen))(t)
		web := must.Get(server.New(fake{}, server.Options{Tokens: tokens(t), Addr: addr, Hosts: []string{"known.example"}}))(t)
		for authorization, want := range map[string]int{"": test.bare, "Bearer other": test.bare, "Bearer " + token: test.authorized, "Bearer " + readToken: test.authorized} {
			request := httptest.NewRequest(http.MethodGet, "/", nil)
			request.URL.Path, request.Host = test.path, test.host
			request.Header.Set("Authorization", authorization)
			recorder := httptest.NewRecorder()
			if web.ServeHTTP(recorder, request); recorder.Code != want {
				t.Errorf("%+v with %q: %d, want %d", test, authorization, recorder.Code, want)
			}
		}
	}
}

// TestMetricsAreExact compares the metrics with the log after many clients, some
// of which break off.
func TestMetricsAreExact(t *testing.T) {
	t.Parallel()
	const clients, rounds = 16, 20
	r := start(t, metered{Dir: directory(t, store.Options{})}, server.Options{})
	var group sync.WaitGroup
	for c := range clients {
		group.Go(func() {
			for i := range rounds {
				path := fmt.Sprintf("/v8/artifacts/%d", i)
				switch (c + i) % 4 {
				case 0:
					r.do("PUT", path, []byte(strings.Repeat("x", 1000*i)))
				case 1:
					r.do("GET", "/v8/artifacts/bug", nil)
				case 2:
					_ = r.raw(r.head("PUT", path) + "Content-Length: 100\r\n\r\nx").Close()
				case 3:
					r.do("GET", path, nil)
				}
			}
		})
	}
	group.Wait()
	want := map[string]float64{}
	for _, a := range r.log(clients * rounds) {
		want[fmt.Sprintf("artifact_requests_total method=%s code=%d", a.Method, a.Status)]++
		want["artifact_received_bytes_total"] += float64(a.Received)
		want["artifact_sent_bytes_total"] += float64(a.Sent)
	}
	values, _ := parseMetrics(t, r.do("GET", "/metrics", nil).Body)
	maps.DeleteFunc(values, func(series string, _ float64) bool {
		return !strings.HasPrefix(series, "artifact_requests_total") && !strings.HasSuffix(series, "_bytes_total")
	})
	if !maps.Equal(values, want) {
		t.Errorf("the metrics are\n%v\nand the log has\n%v", values, want)
	}
}
