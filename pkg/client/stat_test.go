package client_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/internal/must"
)

// byMethod answers each method in its own way.
func byMethod(answers map[string]http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { answers[r.Method](w, r) }
}

func methods(requests []received) string {
	var all []string
	for _, r := range requests {
		all = append(all, r.Method)
	}
	return strings.Join(all, " ")
}

// TestStat asks three times. If GET replaces HEAD, short bodies are read to their
// end, since some servers crash otherwise; for a body over 1 MiB the connection
// is closed.
func TestStat(t *testing.T) {
	t.Parallel()
	chunked := func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(200)
		w.(http.Flusher).Flush()
		io.WriteString(w, "bytes")
	}
	endless := func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 64<<10)); err != nil {
				return
			}
		}
	}
	length := func(n string) http.HandlerFunc { return answering(200, "", "", "Content-Length", n) }
	sized := func(size int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(size))
			_, _ = w.Write(make([]byte, size))
		}
	}
	noHead := answering(405, "", "")
	for name, test := range map[string]struct {
		head, get   http.HandlerFunc
		size        int64
		err         error
		methods     string
		connections int
	}{
		"all told":            {length("5"), nil, 5, nil, "HEAD HEAD HEAD", 1},
		"no length":           {answering(200, "", ""), nil, -1, nil, "HEAD HEAD HEAD", 1},
		"a length of nothing": {length("0"), length("0"), 0, nil, "HEAD GET HEAD GET HEAD GET", 1},
		"a false length":      {length("0"), chunked, -1, nil, "HEAD GET HEAD GET HEAD GET", 1},
		"no HEAD":             {noHead, answering(200, "", "bytes"), 5, nil, "HEAD GET GET GET", 1},
		"no HEAD, 1 MiB":      {noHead, sized(1 << 20), 1 << 20, nil, "HEAD GET GET GET", 1},
		"no HEAD, and more":   {noHead, sized(1<<20 + 1), 1<<20 + 1, nil, "HEAD GET GET GET", 3},
		"no HEAD, endless":    {noHead, endless, -1, nil, "HEAD GET GET GET", 3},
		"HEAD of the future":  {answering(501, "", ""), answering(404, "", ""), 0, client.ErrNotFound, "HEAD GET GET GET", 1},
		"missing":             {answering(404, "", ""), nil, 0, client.ErrNotFound, "HEAD HEAD HEAD", 1},
		"a page":              {answering(200, "text/html", ""), nil, 0, client.ErrNotRemoteCache, "HEAD HEAD HEAD", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, c := serve(t, byMethod(map[string]http.HandlerFunc{"HEAD": test.head, "GET": test.get}))
			for range 3 {
				found, err := c.Stat(t.Context(), "abc")
				if !errors.Is(err, test.err) || err == nil && found != (client.Found{ID: "abc", Size: test.size}) {
					t.Errorf("%+v, %v", found, err)
				}
			}
			from := map[string]bool{}
			for _, one := range r.all() {
				from[one.from] = true
			}
			if got := methods(r.all()); got != test.methods || len(from) != test.connections {
				t.Errorf("asked with %s on %d connections, want %s on %d", got, len(from), test.methods, test.connections)
			}
		})
	}
}

// TestQuery parses entries. An entry that cannot be parsed is unknown.
func TestQuery(t *testing.T) {
	t.Parallel()
	const readable = `"present": {"size": 5, "taskDurationMs": 12500, "tag": "dGFn", "sha": "5ca1ab1e", "dirtyHash": "d1"},
		"sparse": {}, "fraction": {"size": 1, "taskDurationMs": 1.5}, "zero": {"size": 0, "taskDurationMs": 0}, "missing": null,
		"failed": {"size": 5, "error": {}}, "explained": {"error": {"message": "storage"}}, "no error": {"size": 5, "error": null}, "negative": {"size": -5}`
	ids := []artifact.ID{"present", "sparse", "fraction", "zero", "missing", "failed", "explained", "no error", "negative", "other", "unmentioned", "missing"}
	present := func(id artifact.ID, size int64, metadata artifact.Metadata) client.Answer {
		return client.Answer{Presence: client.Present, Found: client.Found{ID: id, Size: size, Metadata: metadata}}
	}
	missing := client.Answer{Presence: client.Missing}
	want := []client.Answer{
		present("present", 5, artifact.Metadata{Tag: "dGFn", SHA: "5ca1ab1e", DirtyHash: "d1", Duration: new(12500 * time.Millisecond)}),
		present("sparse", -1, artifact.Metadata{}), present("fraction", 1, artifact.Metadata{Duration: new(1500 * time.Microsecond)}),
		present("zero", 0, artifact.Metadata{}), missing, {}, {}, {},
		present("negative", -1, artifact.Metadata{}), {}, {}, missing,
	}
	question := must.Get(json.Marshal(map[string]any{"hashes": ids}))(t)
	sent := fmt.Sprintf("HTTP/1.1 POST /v8/artifacts?slug=s %q Authorization: Bearer the-token Content-Length: %d Content-Type: application/json User-Agent: test/1",
		question, len(question))
	for _, other := range []string{
		`"unasked": null`, `"other": {"size": "5"}`, `"other": {"size": "big"}`, `"other": {"size": 5.5}`, `"other": [{"size": 5}]`, `"other": true`,
		`"other": "yes"`, `"other": {"tag": {}}`, `"other": {"taskDurationMs": "x"}`, `"other": 1e999`, `"other": {"size": 99999999999999999999}`,
	} {
		for _, text := range []string{"{" + readable + "," + other + "}", "{" + other + "," + readable + "}"} {
			r, c := serve(t, answering(200, "application/json", text), func(o *client.Options) { o.Team = artifact.Team{Slug: "s"} })
			for range 2 { // each time, unlike without a query
				if got, err := c.Query(t.Context(), ids); err != nil || !reflect.DeepEqual(got, want) {
					t.Errorf("%s\n%+v, %v\nwant %+v", text, got, err, want)
				}
			}
			checkSent(t, r, sent, sent)
		}
	}
}

// Servers without the query are asked once.
func TestQueryWhereThereIsNone(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]http.HandlerFunc{
		"400": answering(400, "", ""), "404": answering(404, "", ""), "405": answering(405, "", ""), "415": answering(415, "", ""),
		"501": answering(501, "", ""), "a page": answering(200, "text/html", "<html>"), "no JSON": answering(200, "", "ok"),
		"an array": answering(200, "", "[]"), "null": answering(200, "", "null"), "deep": answering(200, "", strings.Repeat("[", 20000)),
	} {
		r, c := serve(t, answer)
		for range 2 {
			answers, err := c.Query(t.Context(), []artifact.ID{"a", "b"})
			if err != nil || !slices.Equal(answers, make([]client.Answer, 2)) {
				t.Errorf("%s: %+v, %v", name, answers, err)
			}
		}
		if n := len(r.all()); n != 1 {
			t.Errorf("%s: asked %d times", name, n)
		}
	}
	for _, status := range []int{401, 402, 403, 500} {
		_, c := serve(t, answering(status, "", ""))
		var failed *client.Error
		if _, err := c.Query(t.Context(), []artifact.ID{"a"}); !errors.As(err, &failed) || failed.Status != status {
			t.Errorf("%d: %v", status, err)
		}
	}
}

func TestQueryInParts(t *testing.T) {
	t.Parallel()
	var sizes []int
	_, c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		var question struct{ Hashes []string }
		must.Do(t, json.NewDecoder(r.Body).Decode(&question))
		sizes = append(sizes, len(question.Hashes))
		answer := map[string]map[string]int{}
		for i, hash := range question.Hashes {
			answer[hash] = map[string]int{"size": i}
		}
		_ = json.NewEncoder(w).Encode(answer)
	})
	ids := make([]artifact.ID, 2*client.MaxQuery+1)
	for i := range ids {
		ids[i] = artifact.ID(fmt.Sprint(strings.Repeat("k", 240), i))
	}
	answers, err := c.Query(t.Context(), ids)
	if err != nil || !slices.Equal(sizes, []int{client.MaxQuery, client.MaxQuery, 1}) || len(answers) != len(ids) {
		t.Fatalf("%d answers in parts of %v, %v", len(answers), sizes, err)
	}
	for i, a := range answers {
		if a.Found.ID != ids[i] || a.Found.Size != int64(i%client.MaxQuery) || a.Presence != client.Present {
			t.Fatalf("%d: %+v", i, a)
		}
	}
}

// TestCheckToken checks that only the API's answer decides. The request has an id
// that strict servers accept, and uses GET if HEAD is not supported.
func TestCheckToken(t *testing.T) {
	t.Parallel()
	storage := httptest.NewServer(answering(403, "application/xml", `<Error><Code>AccessDenied</Code><Message>no</Message></Error>`))
	t.Cleanup(storage.Close)
	strict := func(w http.ResponseWriter, r *http.Request) {
		status := http.StatusNotFound
		if r.Method == http.MethodHead {
			status = http.StatusMethodNotAllowed
		}
		if !regexp.MustCompile("^/v8/artifacts/[0-9a-f]{16}$").MatchString(r.URL.Path) {
			status = http.StatusUnprocessableEntity
		}
		w.WriteHeader(status)
	}
	nothing, allowed := answering(200, "", ""), answering(200, "", "", "Access-Control-Allow-Headers", "Authorization")
	for name, test := range map[string]struct {
		options, head http.HandlerFunc // nil for no preflight
		verdict       client.Verdict
		err           error // that the error of any other verdict than Accepted must be
		code          string
	}{
		"the storage refuses":   {answering(200, "", "", "Location", storage.URL), nil, client.Unclear, nil, "AccessDenied"},
		"no preflight":          {answering(405, "", ""), nil, client.Unclear, client.ErrNoPreflight, ""},
		"the token stays back":  {nothing, answering(401, "", ""), client.Unclear, client.ErrTokenWithheld, ""},
		"a fault":               {answering(500, "", ""), nil, client.Unclear, nil, ""},
		"it has anything":       {allowed, nothing, client.Unclear, client.ErrNotRemoteCache, ""},
		"the preflight refuses": {answering(401, "", ""), nil, client.Refused, nil, ""},
		"a strict server":       {nil, strict, client.Accepted, nil, ""},
		"the API refuses":       {allowed, answering(403, "", ""), client.Refused, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, c := serve(t, byMethod(map[string]http.HandlerFunc{"OPTIONS": test.options, "HEAD": test.head, "GET": test.head}),
				func(o *client.Options) { o.Preflight = test.options != nil })
			verdict, err := c.CheckToken(t.Context())
			failed := new(client.Error)
			if verdict != test.verdict || errors.As(err, &failed) != (verdict != client.Accepted) || !errors.Is(failed.Err, test.err) || failed.Code != test.code {
				t.Errorf("verdict %d, %+v; want %d, %v and code %q", verdict, failed, test.verdict, test.err, test.code)
			}
		})
	}
}
