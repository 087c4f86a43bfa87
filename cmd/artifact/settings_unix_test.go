//go:build unix

package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// TestSettings takes each setting from the first place that has it.
func TestSettings(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		flags, env    []string
		query, bearer string
	}{
		{env: []string{"TURBO_TOKEN=t1", "TURBO_TEAM=slug"}, query: "slug=slug", bearer: "t1"},
		{env: []string{"TURBO_TOKEN=t1", "TURBO_TEAM=s", "TURBO_TEAMID=team_1"}, query: "slug=s&teamId=team_1", bearer: "t1"},
		{env: []string{"TURBO_TOKEN=t1", "TURBO_TEAMID=other"}, bearer: "t1"},
		{env: []string{"TURBO_TOKEN=t1", "ARTIFACT_TOKEN=t2", "TURBO_TEAMID=team_1", "ARTIFACT_TEAM=s"}, query: "slug=s", bearer: "t2"},
		{env: []string{"TURBO_TOKEN=t1", "ARTIFACT_TOKEN=", "ARTIFACT_TEAM="}, bearer: "t1"},
		{env: []string{"ARTIFACT_TOKEN=t2\n", "ARTIFACT_TEAM=s"}, flags: []string{"--team=team_9"}, query: "teamId=team_9", bearer: "t2"},
	} {
		server := record(t, nil)
		env := append([]string{"TURBO_API=" + server.URL}, test.env...)
		got := putFile(t, env, test.flags...)
		if got.code != 0 {
			t.Fatalf("%+v: %+v", test, got)
		}
		request := server.only(t)
		_, query, _ := strings.Cut(request.URI, "?")
		if query != test.query || request.Header.Get("Authorization") != "Bearer "+test.bearer {
			t.Errorf("%+v: ?%s, %s", test, query, request.Header.Get("Authorization"))
		}
	}
}

// TestAPIPrecedence sends to the first that is named, and to no other.
func TestAPIPrecedence(t *testing.T) {
	t.Parallel()
	flag, ours, turbos := record(t, nil), record(t, nil), record(t, nil)
	env := []string{"ARTIFACT_TOKEN=" + token, "TURBO_API=" + turbos.URL}
	putFile(t, env)
	env = append(env, "ARTIFACT_API="+ours.URL)
	putFile(t, env)
	putFile(t, env, "--api", flag.URL)
	if a, b, c := len(flag.all()), len(ours.all()), len(turbos.all()); a != 1 || b != 1 || c != 1 {
		t.Errorf("%d, %d and %d requests, want one each", a, b, c)
	}
}

// TestBadAPI refuses a base URL before anything is sent, in a dry run too, and
// repeats no password.
func TestBadAPI(t *testing.T) {
	t.Parallel()
	const userinfo = "it has a user name or password in it, which belongs into ARTIFACT_TOKEN"
	for api, why := range map[string]string{
		"cache.example.com":         `invalid API: "cache.example.com" must begin with https:// or http://: write https://cache.example.com`,
		"127.0.0.1:3000":            `invalid API: "127.0.0.1:3000" must begin with https:// or http://: write http://127.0.0.1:3000`,
		"ftp://cache":               `invalid API: "ftp://cache" must begin with https:// or http://`,
		"https://":                  "invalid API: it names no host: write https://cache.example.com, for example",
		"https://cache:99999":       "invalid API: there is no port 99999: ports end at 65535",
		"https://cache/?q=password": "invalid API: a base URL has no query and no fragment",
		"https://u:hunter2@cache":   "invalid API: " + userinfo,
		"u:hunter2@cache":           "invalid API: " + userinfo,
		"https:u:hunter2@cache":     "invalid API: " + userinfo,
		"https://u:pass/word@cache": "invalid API: " + userinfo,
	} {
		for _, flags := range [][]string{nil, {"--dry-run"}} {
			got := putFile(t, []string{"ARTIFACT_TOKEN=" + token}, append(flags, "--api", api)...)
			got.check(t, outcome{code: 2, stderr: "artifact: --api: " + why + "\n"})
		}
		got := putFile(t, []string{"ARTIFACT_TOKEN=" + token, "ARTIFACT_API=" + api})
		got.check(t, outcome{code: 2, stderr: "artifact: ARTIFACT_API: " + why + "\n"})
	}
	// The address is from the block for documentation (RFC 5737).
	got := putFile(t, []string{"ARTIFACT_TOKEN=" + token}, "--api", "http://192.0.2.1")
	got.check(t, outcome{code: 2, stderr: "artifact: uploading file: dial tcp 192.0.2.1:80: plain http leaves this machine, to 192.0.2.1:80\n" +
		"artifact: hint: Use https://, or --allow-http where nobody else can read the network.\n"})
}

// TestNoCredential sends nothing, and a dry run needs none.
func TestNoCredential(t *testing.T) {
	t.Parallel()
	server := record(t, nil)
	env := []string{"ARTIFACT_API=" + server.URL, "ARTIFACT_TOKEN= \n"}
	putFile(t, env).check(t, outcome{code: 3, stderr: "artifact: no credential: no token is set\n" +
		"artifact: hint: Log in with artifact login, or set ARTIFACT_TOKEN. A cache without authentication takes any ARTIFACT_TOKEN.\n" +
		"artifact: hint: To try without a cache of your own: artifact serve -- artifact put FILE\n"})
	putFile(t, env, "--dry-run").check(t, outcome{stdout: helloSHA256 + "  file\n"})
	if requests := server.all(); len(requests) > 0 {
		t.Errorf("sent %v", requests)
	}
}

// TestTokenIsNeverPrinted looks for the token in all that is printed, in every
// mode and for servers that send it back.
func TestTokenIsNeverPrinted(t *testing.T) {
	t.Parallel()
	const secret = `ca"na\ry<9c1f>3a5e` // which JSON and Go escape in different ways
	echoes := map[string]http.HandlerFunc{
		"raw": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(400)
			fmt.Fprint(w, "you sent "+secret+".")
		},
		"escaped": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(400)
			fmt.Fprintf(w, `{"message":%q}`, secret)
		},
		"in the code": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(400)
			fmt.Fprintf(w, `{"error":{"code":%q,"message":"-"}}`, secret)
		},
		"behind 290 characters": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(400)
			fmt.Fprint(w, strings.Repeat("x", 290)+" "+secret)
		},
		"in the location": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "https://"+strings.ReplaceAll(token, "_", "-")+".example/")
			w.WriteHeader(301)
		},
		"in the request's name": func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-Request-Id", secret) },
		"in the urls":           func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, `{"urls":[%q]}`, secret) },
	}
	for name, echo := range echoes {
		for _, mode := range []string{"", "--json", "-v", "-q", "--progress=always", "--color=always"} {
			t.Run(name+mode, func(t *testing.T) {
				t.Parallel()
				server := record(t, echo)
				used := secret
				if name == "in the location" {
					used = token // a host name
				}
				got := putFile(t, []string{"ARTIFACT_API=" + server.URL, "ARTIFACT_TOKEN=" + used}, strings.Fields(mode)...)
				if got := server.only(t).Header.Get("Authorization"); got != "Bearer "+used {
					t.Fatalf("sent %q", got)
				}
				// No quarter of it either, which would show through an escape.
				for _, part := range []string{used[:4], used[len(used)-4:], "9c1f"} {
					if strings.Contains(got.stdout+got.stderr, part) {
						t.Errorf("%q in %q and %q", part, got.stdout, got.stderr)
					}
				}
			})
		}
	}
	for _, args := range [][]string{
		{token}, {"put", "--" + token}, {"put", "--hash", "a/" + token}, {"put", token}, {"put", "--api", token},
		{"put", "--duration", token}, {"--json", "put", token}, {"help", token}, {"serve", "--", "/" + token},
		{"put", "--progress", token}, {"-v", "put", "--hash", token, "-"},
	} {
		got := call{args: args, env: []string{"TURBO_TOKEN=" + token, "ARTIFACT_API=http://127.0.0.1:1"}}.run(t)
		if strings.Contains(got.stdout+got.stderr, token) || !strings.Contains(got.stderr, "***") {
			t.Errorf("%v: %+v", args, got)
		}
	}
}
