package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
)

// journey is a call that is sent from server to server.
type journey struct {
	call      func(*testing.T, *client.Client) error
	preflight bool
	// answers have the form "STATUS\nHeader: value\n\nbody". Their names are
	// "SERVER METHOD" or "SERVER METHOD /path"; all else is answered with 200. API,
	// OTHER and LAST are the servers, and in headers their addresses.
	answers map[string]string
	want    []string // the requests, in order, as line writes them
	err     error
	status  int // of the error, if err is nil
}

// run makes the call with its own servers, and returns the requests to them.
func (j journey) run(t *testing.T) (seen []string, err error) {
	var mu sync.Mutex
	servers := map[string]*httptest.Server{}
	for _, name := range []string{"API", "OTHER", "LAST"} {
		servers[name] = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			seen = append(seen, name+" "+receive(r).line("Accept-Encoding", "Content-Length", "Content-Type", "User-Agent"))
			mu.Unlock()
			answer, ok := j.answers[name+" "+r.Method+" "+r.URL.Path]
			if !ok {
				answer = j.answers[name+" "+r.Method]
			}
			head, body, _ := strings.Cut(answer, "\n\n")
			status := http.StatusOK
			for i, field := range strings.Split(head, "\n") {
				if i == 0 {
					fmt.Sscan(field, &status)
					continue
				}
				header, value, _ := strings.Cut(field, ": ")
				for name, server := range servers {
					value = strings.ReplaceAll(value, name, server.URL)
				}
				w.Header().Set(header, value)
			}
			w.WriteHeader(status)
			io.WriteString(w, body)
		}))
		t.Cleanup(servers[name].Close)
	}
	c := newClient(t, servers["API"].URL, func(o *client.Options) {
		if o.Preflight = j.preflight; j.preflight {
			o.Team.Slug = "s"
		}
	})
	err = j.call(t, c)
	return seen, err
}

// journeys are calls with redirects or preflights. Another port is another
// origin, which gets no token.
func journeys() map[string]journey {
	upload := func(t *testing.T, c *client.Client) error { _, err := put(t, c, "bytes"); return err }
	download := func(t *testing.T, c *client.Client) error {
		seen, err := get(t, c)
		if err == nil && !slices.Equal(seen.tries, []string{"bytes"}) {
			t.Errorf("%q came", seen.tries)
		}
		return err
	}
	stat := func(t *testing.T, c *client.Client) error {
		found, err := c.Stat(t.Context(), "abc")
		if err == nil && found != (client.Found{ID: "abc", Size: 5}) {
			t.Errorf("found %+v", found)
		}
		return err
	}
	const (
		bearer  = " Authorization: Bearer the-token"
		forPut  = " Access-Control-Request-Headers: Authorization, Content-Type, User-Agent, x-artifact-duration, x-artifact-tag, x-artifact-sha, x-artifact-dirty-hash Access-Control-Request-Method: PUT"
		forGet  = " Access-Control-Request-Headers: Authorization, User-Agent Access-Control-Request-Method: GET"
		allowed = "\nAccess-Control-Allow-Headers: Authorization"

		sent    = `API PUT /v8/artifacts/abc "bytes"` + bearer
		asked   = "API OPTIONS /v8/artifacts/abc?slug=s" + forPut + bearer
		askedTo = "API OPTIONS /v8/artifacts/abc?slug=s" + forGet + bearer
		team    = `API PUT /v8/artifacts/abc?slug=s "bytes"`
		signed  = "/signed?sig=a%2Fb+c&x"
		fromAPI = "API GET /v8/artifacts/abc" + bearer
	)
	// leads returns an upload that follows the answer to a preflight.
	leads := func(answer string, want ...string) journey {
		return journey{upload, true, map[string]string{"API OPTIONS": answer}, append([]string{asked}, want...), nil, 0}
	}
	all := map[string]journey{
		"an upload from place to place": {upload, false,
			map[string]string{"API PUT /v8/artifacts/abc": "307\nLocation: /next", "API PUT /next": "308\nLocation: OTHER/signed?key=1"},
			[]string{sent, `API PUT /next "bytes"` + bearer, `OTHER PUT /signed?key=1 "bytes"`}, nil, 0},
		"a loop": {upload, false, map[string]string{"API PUT": "307\nLocation: /v8/artifacts/abc"}, slices.Repeat([]string{sent}, 6), client.ErrTooManyRedirects, 0},
		// A signed URL of object storage is for one method.
		"HEAD at object storage": {stat, false, map[string]string{
			"API HEAD": "302\nLocation: OTHER", "API GET": "302\nLocation: OTHER", "OTHER HEAD": "403\nContent-Type: application/xml", "OTHER GET": "200\n\nbytes",
		}, []string{"API HEAD /v8/artifacts/abc" + bearer, "OTHER HEAD /", fromAPI, "OTHER GET /"}, nil, 0},
		"HEAD that the cache itself refuses": {stat, false, map[string]string{"API HEAD": "403"},
			[]string{"API HEAD /v8/artifacts/abc" + bearer}, nil, 403},

		// The answer to a preflight sets the URL, and whether the token goes
		// there.
		"no place, allowed":     leads("200\nAccess-Control-Allow-Headers: Content-Type, AUTHORIZATION", team+bearer),
		"no place, not allowed": leads("200", team),
		"any header is not it":  leads("200\nAccess-Control-Allow-Headers: *", team),
		"a part is not it":      leads("200\nAccess-Control-Allow-Headers: X-Authorization", team),
		"a path":                leads("200\nAccess-Control-Allow-Headers: authorization\nLocation: "+signed, "API PUT "+signed+` "bytes"`+bearer),
		"another, not allowed":  leads("200\nLocation: OTHER"+signed, "OTHER PUT "+signed+` "bytes"`),
		"another, allowed":      leads("200\nLocation: OTHER"+signed+allowed, "OTHER PUT "+signed+` "bytes"`+bearer),
		"another that a preflight is redirected to allows nothing": {upload, true,
			map[string]string{"API OPTIONS": "307\nLocation: OTHER/x", "OTHER OPTIONS": "200" + allowed, "OTHER PUT": "200" + allowed},
			[]string{asked, "OTHER OPTIONS /x" + forPut, `OTHER PUT /x "bytes"`}, nil, 0},
		"no further than the place that was allowed": {upload, true,
			map[string]string{"API OPTIONS": "200\nLocation: OTHER" + allowed, "OTHER PUT": "307\nLocation: LAST/y"},
			[]string{asked, `OTHER PUT / "bytes"` + bearer, `LAST PUT /y "bytes"`}, nil, 0},
		"refused for lack of a token that was held back": {upload, true, map[string]string{"API PUT": "401"}, []string{asked, team}, client.ErrTokenWithheld, 0},
		// The GET that replaces a HEAD needs another preflight: each URL is valid
		// for one request. Later calls start with GET.
		"HEAD where a preflight leads": {func(t *testing.T, c *client.Client) error { return errors.Join(stat(t, c), stat(t, c)) }, true,
			map[string]string{"API OPTIONS": "200\nLocation: OTHER/signed", "OTHER HEAD": "403\nContent-Type: application/xml", "OTHER GET": "200\n\nbytes"},
			[]string{askedTo, "OTHER HEAD /signed", askedTo, "OTHER GET /signed", askedTo, "OTHER GET /signed"}, nil, 0},
		// There is a preflight before GET, HEAD and PUT, with turbo's headers,
		// and none before anything else.
		"what has a preflight": {func(t *testing.T, c *client.Client) error {
			_, _ = c.Stat(t.Context(), "abc")
			_, _ = get(t, c)
			_, _ = c.Query(t.Context(), []artifact.ID{"abc"})
			_, _ = c.Status(t.Context())
			return nil
		}, true, map[string]string{"API OPTIONS": "200" + allowed}, []string{
			askedTo, "API HEAD /v8/artifacts/abc?slug=s" + bearer, askedTo, "API GET /v8/artifacts/abc?slug=s" + bearer,
			`API POST /v8/artifacts?slug=s "{\"hashes\":[\"abc\"]}"` + bearer, "API GET /v8/artifacts/status?slug=s Accept: application/json" + bearer,
		}, nil, 0},
	}
	for _, status := range []string{"301", "302", "303", "307", "308"} {
		all["a download at object storage by "+status] = journey{download, false,
			map[string]string{"API GET": status + "\nLocation: OTHER/bucket/abc?X-Amz-Signature=s", "OTHER GET": "200\n\nbytes"},
			[]string{fromAPI, "OTHER GET /bucket/abc?X-Amz-Signature=s"}, nil, 0}
	}
	return all
}

func TestJourneys(t *testing.T) {
	t.Parallel()
	for name, test := range journeys() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen, err := test.run(t)
			if !slices.Equal(seen, test.want) {
				t.Errorf("sent %s\nwant %s", strings.Join(seen, "\n"), strings.Join(test.want, "\n"))
			}
			failed := new(client.Error)
			if errors.As(err, &failed) && test.status == 0 && test.err == nil || failed.Status != test.status && test.err == nil || !errors.Is(err, test.err) && test.err != nil {
				t.Errorf("error %v, want %d, %v", err, test.status, test.err)
			}
		})
	}
}

// series is a TokenSource that returns token-1, then token-2 when that is
// refused, and so on to last.
type series struct {
	mu       sync.Mutex
	current  int
	last     int
	refusals []string
	err      error // instead of a token
}

func (s *series) Token(context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return fmt.Sprint("token-", s.current), s.err
}

func (s *series) Refused(token string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refusals = append(s.refusals, token)
	if token == fmt.Sprint("token-", s.current) && s.current < s.last {
		s.current++
	}
	return token != fmt.Sprint("token-", s.current)
}

// accepting accepts only one token.
func accepting(token string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+token {
			http.Error(w, `{"error":{"code":"unauthorized","message":"not you"}}`, http.StatusUnauthorized)
			return
		}
		accept(w, r)
	}
}

// TestTokenGotAnew repeats the request with another token if the server refuses
// one, but only once. A refusal by another origin, which got no token, does not
// count.
func TestTokenGotAnew(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(accepting("token-1"))
	t.Cleanup(elsewhere.Close)
	for name, test := range map[string]struct {
		answer        http.HandlerFunc
		last, retries int
		sent, refused []string
		status        int
	}{
		"ended":           {accepting("token-2"), 9, 0, []string{"token-1", "token-2"}, []string{"token-1"}, 0},
		"good":            {accepting("token-1"), 9, 0, []string{"token-1"}, nil, 0},
		"no other":        {accepting("token-2"), 1, 4, []string{"token-1"}, []string{"token-1"}, 401},
		"all are wrong":   {accepting("token-0"), 9, 4, []string{"token-1", "token-2"}, []string{"token-1"}, 401},
		"another place's": {answering(307, "", "", "Location", elsewhere.URL), 9, 0, []string{"token-1"}, nil, 401},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tokens := &series{current: 1, last: test.last}
			server, c := serve(t, test.answer, func(o *client.Options) {
				o.Token, o.Tokens, o.Retries = "not-asked-for", tokens, test.retries
			})
			body := strings.Repeat("x", 100_000)
			_, err := put(t, c, body)
			var failed *client.Error
			if errors.As(err, &failed) != (test.status != 0) || failed != nil && failed.Status != test.status {
				t.Errorf("%v, want status %d", err, test.status)
			}
			var sent []string
			for _, r := range server.all() {
				sent = append(sent, strings.TrimPrefix(r.Header["Authorization"], "Bearer "))
				if r.Body != body {
					t.Errorf("%d bytes arrived", len(r.Body))
				}
			}
			if !slices.Equal(sent, test.sent) || !slices.Equal(tokens.refusals, test.refused) {
				t.Errorf("sent %q, refused %q", sent, tokens.refusals)
			}
		})
	}
}

// TestTokenGotAnewByMany has several concurrent requests renew the token only
// once.
func TestTokenGotAnewByMany(t *testing.T) {
	t.Parallel()
	tokens := &series{current: 1, last: 2}
	_, c := serve(t, accepting("token-2"), func(o *client.Options) { o.Tokens = tokens })
	var all sync.WaitGroup
	for i := range 32 {
		all.Go(func() {
			id := artifact.ID(fmt.Sprint("abc", i))
			if _, err := c.Put(t.Context(), client.Upload{ID: id, Source: artifact.FromBytes([]byte("x"))}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

// TestNoToken sends nothing without a token, and asks for one only once.
func TestNoToken(t *testing.T) {
	t.Parallel()
	cause := errors.New("no identity")
	server, c := serve(t, accept, func(o *client.Options) { o.Tokens, o.Retries = &series{err: cause}, client.DefaultRetries })
	_, err := put(t, c, "x")
	checkError(t, err, client.Error{Err: client.ErrNoToken})
	if !errors.Is(err, cause) || len(server.all()) != 0 {
		t.Errorf("error %v, want one that wraps %v; sent %v", err, cause, server.all())
	}
}
