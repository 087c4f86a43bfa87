package main

import (
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// vercel plays Vercel's two hosts, through a proxy and with certificates that
// only the test trusts.
type vercel struct {
	mu       sync.Mutex
	requests []string // method, host, path and query, and "+" behind one with the token
	proxy    string   // its address
	env      []string // leads a program here
}

const vercelUser = `{"user":{"id":"u1","username":"jane","email":"jane@example.com","name":"Jane\u001b[2J"}}`

// vercelTeams are Vercel's answer about teams, which may echo the token.
const vercelTeams = `{"teams":[{"id":"team_1","slug":"acme","name":"Acme Inc."},{"id":"team_2","slug":"` + token + `","name":"\u202e"}],"pagination":{}}`

// all are the requests so far.
func (v *vercel) all() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.requests)
}

func playVercel(t *testing.T, status string) *vercel {
	t.Helper()
	v := new(vercel)
	hosts := &x509.Certificate{DNSNames: []string{"api.vercel.com", "vercel.com"}}
	origin, trusted := serveTLS(t, hosts, func(w http.ResponseWriter, r *http.Request) {
		known := r.Header.Get("Authorization") == "Bearer "+token
		line := r.Method + " " + r.Host + r.URL.RequestURI()
		if known {
			line += " +"
		}
		v.mu.Lock()
		v.requests = append(v.requests, line)
		v.mu.Unlock()
		switch path := strings.TrimPrefix(r.URL.Path, "/api"); {
		case !known:
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `{"error":{"code":"forbidden","message":"Not authorized","invalidToken":true}}`)
		case path == "/v2/user":
			fmt.Fprint(w, vercelUser)
		case path == "/v2/teams":
			fmt.Fprint(w, vercelTeams)
		case path == "/v8/artifacts/status":
			fmt.Fprintf(w, `{"status":%q}`, status)
		case r.Method == http.MethodPut:
			w.WriteHeader(http.StatusAccepted)
			fmt.Fprint(w, `{"urls":[]}`)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	})
	v.proxy = tunnel(t, origin.Listener.Addr().String())
	v.env = []string{
		"SSL_CERT_FILE=" + trusted,
		"HTTPS_PROXY=http://user:proxy-password-7f3a@" + v.proxy,
	}
	return v
}

// tunnel is a proxy that always connects to one address.
func tunnel(t *testing.T, place string) (address string) {
	t.Helper()
	return serve(t, func(w http.ResponseWriter, _ *http.Request) {
		server, err := net.Dial("tcp", place)
		if err != nil {
			return
		}
		defer server.Close()
		client, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer client.Close()
		fmt.Fprint(client, "HTTP/1.1 200 OK\r\n\r\n")
		go func() {
			_, _ = io.Copy(server, client)
			_ = server.Close()
		}()
		_, _ = io.Copy(client, server)
	}).Listener.Addr().String()
}

// TestLoginAtVercel prints the token's user, and asks for the team.
func TestLoginAtVercel(t *testing.T) {
	t.Parallel()
	v, me := playVercel(t, "enabled"), newPerson(t)
	c := converse(t, me.call([]string{"login", "--insecure-storage"}, "", v.env...).command(t))
	c.expect("Token (not shown): ")
	c.write(token)
	c.expect("Default team [0]: ")
	c.write("nonsense")
	c.expect("Type a number from 0 to 2, or a slug: ")
	c.write("acme")
	c.end().check(t, outcome{stderr: "Logging in to https://api.vercel.com\n" +
		"Create a token at https://vercel.com/account/settings/tokens\n" +
		"The token belongs to jane, Jane\\u001b[2J\n" +
		"Logged in to https://api.vercel.com as jane, Jane\\u001b[2J\nTeam: acme, team_1\nRemote Caching is enabled there.\n"})
	want := "Token (not shown): \r\nTeams:\r\n  0  personal account\r\n  1  acme  (Acme Inc.)\r\n  2  ***  (?)\r\n" +
		"Default team [0]: nonsense\r\nType a number from 0 to 2, or a slug: acme\r\n"
	if string(c.seen) != want {
		t.Errorf("the terminal showed %q\nwant %q", c.seen, want)
	}
	asked := v.all()
	for _, line := range asked {
		if !strings.HasSuffix(line, " +") {
			t.Errorf("without the token: %s", line)
		}
	}
	if got, want := strings.Join(asked[2:], "\n"), "/v8/artifacts/status?slug=acme&teamId=team_1 +"; !strings.HasSuffix(got, want) {
		t.Errorf("asked %s, want %s", got, want)
	}

	// turbo's name for the same cache has the same credential.
	for _, api := range []string{"https://api.vercel.com", "https://vercel.com/api"} {
		got := me.call([]string{"status", "--json", "--api", api}, "", v.env...).run(t)
		stored := "artifact login (" + me.path("credentials.json") + ")"
		want := fmt.Sprintf(`{"api":%q,"team":{"id":"team_1","slug":"acme"},"user":{"id":"u1","username":"jane","email":"jane@example.com","name":"Jane\u001b[2J"},`+
			`"cache":"enabled","proxy":%q,"origins":{"api":"--api","team":"artifact login","token":%q}}`+"\n", api, "http://"+v.proxy, stored)
		got.check(t, outcome{stdout: want})
	}
	me.call([]string{"logout", "--api", "https://vercel.com"}, "").run(t).check(t, outcome{stderr: "Logged out of https://api.vercel.com.\n"})
}

// TestLoginAtVercelWithoutQuestions stores id and slug of a team that was given,
// and refuses a wrong token.
func TestLoginAtVercelWithoutQuestions(t *testing.T) {
	t.Parallel()
	v := playVercel(t, "over_limit")
	const limit = "artifact: warning: Remote Caching is over its limit there: " +
		"Ask an owner of the team to raise the limit in the billing settings.\n"
	const belongs, as = "The token belongs to jane, Jane\\u001b[2J\n", "Logged in to https://api.vercel.com as jane, Jane\\u001b[2J\n"
	for team, test := range map[string]struct{ id, slug, said string }{
		"acme":   {"team_1", "acme", belongs + as + "Team: acme, team_1\n" + limit},
		"team_1": {"team_1", "acme", belongs + as + "Team: acme, team_1\n" + limit},
		"else": {"", "else", belongs + "artifact: warning: the token's user is not in team else; your teams: acme, ***\n" +
			as + "Team: else\n" + limit},
		"": {"", "", belongs + "No team was chosen: set a default with --team SLUG. Your teams: acme, ***\n" +
			as + "Team: none (personal account)\n" + limit},
	} {
		me := newPerson(t)
		args := []string{"login", "--with-token", "--insecure-storage"}
		if team != "" {
			args = append(args, "--team", team)
		}
		me.call(args, token, v.env...).run(t).check(t, outcome{stderr: test.said})
		var stored struct {
			Accounts map[string]struct{ TeamID, TeamSlug string }
		}
		text, err := os.ReadFile(me.path("login.json"))
		if err == nil {
			err = json.Unmarshal(text, &stored)
		}
		if got := stored.Accounts["https://api.vercel.com:443"]; err != nil || got.TeamID != test.id || got.TeamSlug != test.slug {
			t.Errorf("%q: stored %+v, %v", team, got, err)
		}
	}
	got := newPerson(t).call([]string{"login", "--with-token", "--insecure-storage"}, "wrong-token-1", v.env...).run(t)
	got.check(t, outcome{code: 3, stderr: "artifact: the server refused the token: the server answered 403 Forbidden: Not authorized\nartifact: hint: Nothing was stored.\n"})
}

// TestTokensForVercelOnly sends Vercel's tokens to Vercel's two origins and to
// no other.
func TestTokensForVercelOnly(t *testing.T) {
	t.Parallel()
	v := playVercel(t, "enabled")
	other := record(t, nil)
	me := newPerson(t)
	cli := filepath.Join(me.home, ".local/share/com.vercel.cli/auth.json")
	for name, env := range map[string][]string{
		"VERCEL_TOKEN": {"VERCEL_TOKEN=" + token},
		"the pair":     {"VERCEL_ARTIFACTS_TOKEN=" + token, "VERCEL_ARTIFACTS_OWNER=team_o"},
		"the CLI's":    nil,
	} {
		writeFile(t, cli, `{"token":""}`)
		if env == nil {
			writeFile(t, cli, `{"token":"`+token+`"}`)
		}
		for _, api := range []string{"https://api.vercel.com", "https://vercel.com/api"} {
			me.call([]string{"put", "-q", "--no-git", "--api", api, "-"}, hello, append(env, v.env...)...).run(t).check(t, outcome{stdout: helloSHA256 + "\n"})
		}
		got := me.call([]string{"put", "--no-git", "--api", other.URL, "-"}, hello, env...).run(t)
		if got.code != 3 {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if sent := other.all(); len(sent) != 0 {
		t.Errorf("sent %v", sent)
	}
	asked := v.all()
	for _, line := range asked {
		if !strings.HasSuffix(line, " +") {
			t.Errorf("without the token: %s", line)
		}
	}
}
