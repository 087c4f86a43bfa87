package client_test

import (
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

// journey is a call that goes from server to server.
type journey struct {
	call      func(*testing.T, *client.Client) error
	preflight bool
	// answers have the form "STATUS\nHeader: value\n\nbody". Their names are
	// "SERVER METHOD" or "SERVER METHOD /path"; all else is answered with 200. API,
	// OTHER and LAST are the servers, and in headers their addresses.
	answers map[string]string
	want    []string // the requests, in order, as line writes them
	err     error
	status  int // of the error, where err is nil
}

// run makes the call with servers of its own, and returns what these were sent.
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

// journeys are uploads, downloads and questions that are redirected, or led by a
// preflight. Another port is another origin, where no token goes.
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
	// leads has an upload follow the answer to a preflight.
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

		// A preflight leads where its answer says, with the token only where that
		// allows it.
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
		// The GET that stands in for a HEAD asks anew: each place is good for one
		// request. Later artifacts are got at once.
		"HEAD where a preflight leads": {func(t *testing.T, c *client.Client) error { return errors.Join(stat(t, c), stat(t, c)) }, true,
			map[string]string{"API OPTIONS": "200\nLocation: OTHER/signed", "OTHER HEAD": "403\nContent-Type: application/xml", "OTHER GET": "200\n\nbytes"},
			[]string{askedTo, "OTHER HEAD /signed", askedTo, "OTHER GET /signed", askedTo, "OTHER GET /signed"}, nil, 0},
		// There is a preflight before GET, HEAD and PUT, in turbo's words, and none
		// before anything else.
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
