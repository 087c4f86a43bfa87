package client_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
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
	length := func(n string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Length", n) }
	}
	for name, test := range map[string]struct {
		head, get http.HandlerFunc
		size      int64
		err       error
		methods   string // of two questions
	}{
		"all told":            {length("5"), nil, 5, nil, "HEAD HEAD"},
		"no length":           {answering(200, "", ""), nil, -1, nil, "HEAD HEAD"},
		"a length of nothing": {length("0"), length("0"), 0, nil, "HEAD GET HEAD GET"},
		"a false length":      {length("0"), chunked, -1, nil, "HEAD GET HEAD GET"},
		"no HEAD":             {answering(405, "", ""), answering(200, "", "bytes"), 5, nil, "HEAD GET GET"},
		"no HEAD, endless":    {answering(405, "", ""), endless, -1, nil, "HEAD GET GET"},
		"HEAD of the future":  {answering(501, "", ""), answering(404, "", ""), 0, client.ErrNotFound, "HEAD GET GET"},
		"missing":             {answering(404, "", ""), nil, 0, client.ErrNotFound, "HEAD HEAD"},
		"a page":              {answering(200, "text/html", ""), nil, 0, client.ErrNotRemoteCache, "HEAD HEAD"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, c := serve(t, byMethod(map[string]http.HandlerFunc{"HEAD": test.head, "GET": test.get}))
			for range 2 {
				found, err := c.Stat(t.Context(), "abc")
				if !errors.Is(err, test.err) || err == nil && found != (client.Found{ID: "abc", Size: test.size}) {
					t.Errorf("%+v, %v", found, err)
				}
			}
			if got := methods(r.all()); got != test.methods {
				t.Errorf("asked with %s, want %s", got, test.methods)
			}
		})
	}
}

func TestQuery(t *testing.T) {
	t.Parallel()
	const answer = `{
		"present": {"size": 5, "taskDurationMs": 12500, "tag": "dGFn", "sha": "5ca1ab1e", "dirtyHash": "d1"},
		"sparse": {}, "fraction": {"size": 1, "taskDurationMs": 1.5}, "zero": {"size": 0, "taskDurationMs": 0},
		"missing": null, "failed": {"error": {"message": "storage"}}, "odd": "yes", "negative": {"size": -5},
		"strange": {"size": "big"}, "unasked": null
	}`
	r, c := serve(t, answering(200, "application/json", answer), func(o *client.Options) { o.Team = artifact.Team{Slug: "s"} })
	ids := []artifact.ID{"present", "sparse", "fraction", "zero", "missing", "failed", "odd", "negative", "strange", "unmentioned", "missing"}
	answers := must.Get(c.Query(t.Context(), ids))(t)
	var got []string
	for i, a := range answers {
		duration := time.Duration(-1)
		if a.Found.Metadata.Duration != nil {
			duration = *a.Found.Metadata.Duration
		}
		m := a.Found.Metadata
		got = append(got, fmt.Sprint(ids[i], " ", a.Presence, " ", a.Found.ID, " ", a.Found.Size, " ", duration, m.Tag, m.SHA, m.DirtyHash))
	}
	want := []string{
		"present 2 present 5 12.5sdGFn5ca1ab1ed1", "sparse 2 sparse -1 -1ns", "fraction 2 fraction 1 1.5ms", "zero 2 zero 0 -1ns",
		"missing 1  0 -1ns", "failed 0  0 -1ns", "odd 0  0 -1ns", "negative 2 negative -1 -1ns", "strange 0  0 -1ns",
		"unmentioned 0  0 -1ns", "missing 1  0 -1ns",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q\nwant %q", got, want)
	}
	question, _ := json.Marshal(map[string]any{"hashes": ids})
	checkSent(t, r, fmt.Sprintf("HTTP/1.1 POST /v8/artifacts?slug=s %q Authorization: Bearer the-token Content-Length: %d Content-Type: application/json User-Agent: test/1",
		question, len(question)))
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
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var question struct{ Hashes []string }
		if err := json.NewDecoder(r.Body).Decode(&question); err != nil {
			t.Error(err)
		}
		sizes = append(sizes, len(question.Hashes))
		answer := map[string]map[string]int{}
		for i, hash := range question.Hashes {
			answer[hash] = map[string]int{"size": i}
		}
		_ = json.NewEncoder(w).Encode(answer)
	}))
	defer server.Close()
	ids := make([]artifact.ID, 2*client.MaxQuery+1)
	for i := range ids {
		ids[i] = artifact.ID(fmt.Sprint(strings.Repeat("k", 240), i))
	}
	answers, err := newClient(t, server.URL).Query(t.Context(), ids)
	if err != nil || !slices.Equal(sizes, []int{client.MaxQuery, client.MaxQuery, 1}) || len(answers) != len(ids) {
		t.Fatalf("%d answers in parts of %v, %v", len(answers), sizes, err)
	}
	for i, a := range answers {
		if a.Found.ID != ids[i] || a.Found.Size != int64(i%client.MaxQuery) || a.Presence != client.Present {
			t.Fatalf("%d: %+v", i, a)
		}
	}
}

// TestStatReadsShortBodies to their end where GET stands for HEAD: some servers
// do not survive that it is cut off. A body over 1 MiB costs the connection.
func TestStatReadsShortBodies(t *testing.T) {
	t.Parallel()
	for size, connections := range map[int]int32{5: 1, 1 << 20: 1, 1<<20 + 1: 3} {
		var opened atomic.Int32
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodHead {
				w.WriteHeader(http.StatusMethodNotAllowed)
				return
			}
			w.Header().Set("Content-Length", fmt.Sprint(size))
			_, _ = w.Write(make([]byte, size))
		}))
		server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				opened.Add(1)
			}
		}
		server.Start()
		t.Cleanup(server.Close)
		c := newClient(t, server.URL)
		for range 3 {
			if found, err := c.Stat(t.Context(), "abc"); err != nil || found.Size != int64(size) {
				t.Errorf("%+v, %v", found, err)
			}
		}
		if n := opened.Load(); n != connections {
			t.Errorf("%d bytes: %d connections, want %d", size, n, connections)
		}
	}
}

// TestCheckTokenAsksForAnID that strict servers take, and with GET where there is
// no HEAD.
func TestCheckTokenAsksForAnID(t *testing.T) {
	t.Parallel()
	strict := regexp.MustCompile("^/v8/artifacts/[0-9a-f]{16}$")
	_, c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !strict.MatchString(r.URL.Path):
			w.WriteHeader(http.StatusUnprocessableEntity)
		case r.Method == http.MethodHead:
			w.WriteHeader(http.StatusMethodNotAllowed)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	})
	if verdict, err := c.CheckToken(t.Context()); verdict != client.Accepted || err != nil {
		t.Errorf("%d, %v", verdict, err)
	}
}

// TestCheckTokenWherePreflightLeads tells nothing of the token where not the API
// refused, or where it never saw the token.
func TestCheckTokenWherePreflightLeads(t *testing.T) {
	t.Parallel()
	storage := httptest.NewServer(answering(403, "application/xml", `<Error><Code>AccessDenied</Code><Message>no</Message></Error>`))
	t.Cleanup(storage.Close)
	const allow = "Access-Control-Allow-Headers"
	leading := answering(200, "", "", "Location", storage.URL)
	for name, test := range map[string]struct {
		options, head http.HandlerFunc
		verdict       client.Verdict
		err           error // that the error must be
		code          string
	}{
		"the storage refuses":  {options: leading, verdict: client.Unclear, code: "AccessDenied"},
		"no preflight":         {options: answering(405, "", ""), verdict: client.Unclear, err: client.ErrNoPreflight},
		"the token stays back": {options: answering(200, "", ""), head: answering(401, "", ""), verdict: client.Unclear, err: client.ErrTokenWithheld},
		"a fault":              {options: answering(500, "", ""), verdict: client.Unclear},
		"it has anything": {
			options: answering(200, "", "", allow, "Authorization"), head: answering(200, "", ""),
			verdict: client.Unclear, err: client.ErrNotRemoteCache,
		},
		"the preflight refuses": {options: answering(401, "", ""), verdict: client.Refused},
		"the API refuses":       {options: answering(200, "", "", allow, "Authorization"), head: answering(403, "", ""), verdict: client.Refused},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, c := serve(t, byMethod(map[string]http.HandlerFunc{"OPTIONS": test.options, "HEAD": test.head, "GET": test.head}), func(o *client.Options) { o.Preflight = true })
			verdict, err := c.CheckToken(t.Context())
			var failed *client.Error
			if verdict != test.verdict || !errors.As(err, &failed) || !errors.Is(failed.Err, test.err) || failed.Code != test.code {
				t.Errorf("verdict %d, %+v; want %d, %v and code %q", verdict, failed, test.verdict, test.err, test.code)
			}
		})
	}
}

// TestQueryReadsEachEntry whether all can be read at once or one of them not at
// all, of which nothing is known then.
func TestQueryReadsEachEntry(t *testing.T) {
	t.Parallel()
	const readable = `"good": {"size": 5, "tag": "t"}, "none": null, "failed": {"size": 5, "error": {}}, "no error": {"size": 5, "error": null}`
	ids := []artifact.ID{"good", "none", "failed", "no error", "other", "unmentioned"}
	want := []client.Answer{
		{Presence: client.Present, Found: client.Found{ID: "good", Size: 5, Metadata: artifact.Metadata{Tag: "t"}}},
		{Presence: client.Missing}, {}, {}, {}, {},
	}
	for _, other := range []string{
		`"unasked": null`, `"other": {"size": "5"}`, `"other": {"size": 5.5}`, `"other": [{"size": 5}]`, `"other": true`,
		`"other": {"tag": {}}`, `"other": {"taskDurationMs": "x"}`, `"other": 1e999`, `"other": {"size": 99999999999999999999}`,
	} {
		for _, text := range []string{"{" + readable + "," + other + "}", "{" + other + "," + readable + "}"} {
			r, c := serve(t, answering(200, "application/json", text))
			for range 2 { // and not only once, as where there is no query
				got, err := c.Query(t.Context(), ids)
				if err != nil || !slices.Equal(got, want) {
					t.Errorf("%s\n%+v, %v\nwant %+v", text, got, err, want)
				}
			}
			if n := len(r.all()); n != 2 {
				t.Errorf("%s: asked %d times", text, n)
			}
		}
	}
}
