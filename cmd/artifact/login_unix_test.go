//go:build unix

package main

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// guarded is a cache for who has the token: it is enabled, and empty.
func guarded(t *testing.T) *recorder {
	t.Helper()
	return record(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Authorization") != "Bearer "+token:
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"error":{"code":"unauthorized","message":"Not you."}}`)
		case r.Method == http.MethodPut:
			w.WriteHeader(http.StatusAccepted)
		case strings.HasPrefix(r.URL.Path, "/v8/artifacts/status"):
			fmt.Fprint(w, `{"status":"enabled"}`)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	})
}

// person is somebody with a home, where logins stay.
type person struct{ home string }

func newPerson(t *testing.T) person { return person{t.TempDir()} }

// call is a call by that person.
func (p person) call(args []string, stdin string, env ...string) call {
	return call{args: args, stdin: strings.NewReader(stdin), env: append([]string{"HOME=" + p.home}, env...)}
}

// login logs in with the token, into the file.
func (p person) login(t *testing.T, api string, flags ...string) outcome {
	t.Helper()
	args := append([]string{"login", "--with-token", "--insecure-storage", "--api", api}, flags...)
	return p.call(args, token+"\n").run(t)
}

func (p person) path(name string) string { return filepath.Join(p.home, ".config/artifact", name) }

// TestLogin stores a credential once, and every later command works.
func TestLogin(t *testing.T) {
	t.Parallel()
	cache, me := guarded(t), newPerson(t)
	me.login(t, cache.URL, "--team", "acme").check(t, outcome{stderr: "Logged in to " + cache.URL + "\nTeam: acme\n" +
		"Remote Caching is enabled there.\n"})
	me.call([]string{"put", "--no-git", "-"}, hello).run(t).check(t, outcome{stdout: helloSHA256 + "  -\n"})
	last := cache.all()[len(cache.all())-1]
	if last.Method != "PUT" || !strings.HasSuffix(last.URI, "?slug=acme") {
		t.Errorf("sent %s %s", last.Method, last.URI)
	}
	stored := "artifact login (" + me.path("credentials.json") + ")"
	me.call([]string{"status"}, "").run(t).check(t, outcome{stdout: "API: " + cache.URL + " (artifact login)\n" +
		"team: acme (artifact login)\ntoken: found (" + stored + ")\ncache: enabled\n"})
	me.call([]string{"status", "--json"}, "").run(t).check(t, outcome{stdout: fmt.Sprintf(
		`{"api":%q,"team":{"slug":"acme"},"cache":"enabled","origins":{"api":"artifact login","team":"artifact login","token":%q}}`+"\n", cache.URL, stored)})
	me.call([]string{"status", "-q"}, "").run(t).check(t, outcome{stdout: "enabled\n"})

	// A repository that names the same API needs no further word.
	project := t.TempDir()
	writeFile(t, filepath.Join(project, "turbo.json"), fmt.Sprintf(`{"remoteCache":{"apiUrl":%q}} // ours`, cache.URL+"/"))
	inProject := me.call([]string{"status", "-q"}, "")
	inProject.dir = project
	inProject.run(t).check(t, outcome{stdout: "enabled\n"})

	me.call([]string{"logout"}, "").run(t).check(t, outcome{stderr: "Logged out of " + cache.URL + ".\n"})
	me.call([]string{"logout", "--api", cache.URL}, "").run(t).check(t, outcome{stderr: "Nothing was stored for " + cache.URL + ".\n"})
	me.call([]string{"logout", "--all"}, "").run(t).check(t, outcome{stderr: "Nothing was stored.\n"})
	if _, err := os.Stat(me.path("credentials.json")); !os.IsNotExist(err) {
		t.Errorf("the token is still there: %v", err)
	}
}

// TestTokenCheck stores a token only where the server does not refuse it.
func TestTokenCheck(t *testing.T) {
	t.Parallel()
	type answers struct {
		status, head int
		body         string // of the answer to a GET of the artifact
	}
	const (
		enabled = "Remote Caching is enabled there.\n"
		silent  = "The server does not tell whether Remote Caching is enabled.\n"
		unclear = "artifact: warning: whether the token is valid could not be found out: checking the token: the server answered "
		refused = "artifact: the token is refused: the server answered "
	)
	for name, test := range map[string]struct {
		answers
		code int
		want string // on standard error, behind "Logged in to URL" and before "Nothing was stored"
	}{
		"accepted":                 {answers{200, 404, ""}, 0, enabled},
		"wrong":                    {answers{200, 401, `{"message":"Invalid authorization token"}`}, 3, refused + "401 Unauthorized: Invalid authorization token\n"},
		"not for this team":        {answers{200, 403, `{"error":{"code":"forbidden","message":"Not you."}}`}, 3, refused + "403 Forbidden: Not you.\n"},
		"wrong, says the status":   {answers{401, 404, ""}, 3, refused + "401 Unauthorized\n"},
		"no such route, a gateway": {answers{403, 404, ""}, 0, silent},
		"no such route":            {answers{404, 404, ""}, 0, silent},
		"no HEAD":                  {answers{200, 405, ""}, 0, unclear + "405 Method Not Allowed\n" + enabled},
		"everything is there":      {answers{200, 200, ""}, 0, unclear + "200 OK: the answer is not a Remote Cache's\n" + enabled},
		"no team":                  {answers{200, 400, `{"message":"querystring must have teamId"}`}, 0, unclear + "400 Bad Request: querystring must have teamId\n" + enabled},
		"failing":                  {answers{200, 500, ""}, 0, unclear + "500 Internal Server Error\n" + enabled},
		"disabled": {answers{200, 403, `{"error":{"code":"remote_caching_disabled","message":"Off."}}`}, 0,
			enabled},
		"paused": {answers{-1, 404, ""}, 0, "artifact: warning: Remote Caching is paused there: " +
			"The spend cap is reached. An owner of the team can lift or raise it in the settings.\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := record(t, func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.URL.Path != "/v8/artifacts/status":
					w.WriteHeader(test.head)
					fmt.Fprint(w, test.body)
				case test.status < 0:
					w.WriteHeader(403)
					fmt.Fprint(w, `{"error":{"code":"remote_caching_paused","message":"Paused."}}`)
				default:
					w.WriteHeader(test.status)
					fmt.Fprint(w, `{"status":"enabled"}`)
				}
			})
			me := newPerson(t)
			want := outcome{code: test.code, stderr: test.want}
			if test.code == 0 {
				warning, rest := "", test.want
				if strings.HasPrefix(rest, unclear) {
					warning, rest, _ = strings.Cut(rest, "\n")
					warning += "\n"
				}
				want.stderr = warning + "Logged in to " + server.URL + "\n" + rest
			} else {
				want.stderr += "artifact: hint: Nothing was stored.\n"
			}
			me.login(t, server.URL, "--retries=0").check(t, want)
			if _, err := os.Stat(me.path("credentials.json")); (err == nil) != (test.code == 0) {
				t.Errorf("exit %d, and the file: %v", test.code, err)
			}
		})
	}
	me := newPerson(t)
	got := me.login(t, "http://127.0.0.1:1", "--retries=0")
	if got.code != 9 || !strings.HasPrefix(got.stderr, "artifact: checking the token: dial tcp 127.0.0.1:1") {
		t.Errorf("unreachable: %+v", got)
	}
}

// TestStatusCodes gives each state of a cache its exit code.
func TestStatusCodes(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answer string // to the status, with its code before it
		code   int
		cache  string
	}{
		"enabled":    {`200 {"status":"enabled"}`, 0, "enabled"},
		"disabled":   {`200 {"status":"disabled"}`, 5, "disabled"},
		"paused":     {`200 {"status":"paused"}`, 5, "paused"},
		"over":       {`200 {"status":"over_limit"}`, 5, "over_limit"},
		"new word":   {`200 {"status":"resting"}`, 0, "unknown"},
		"text":       {`200 ok`, 0, "unknown"},
		"a page":     {`200 <html>`, 8, ""},
		"no route":   {`404 {}`, 0, "unknown"},
		"no method":  {`405 {}`, 0, "unknown"},
		"code":       {`403 {"error":{"code":"remote_caching_disabled"}}`, 5, "disabled"},
		"not a user": {`401 {}`, 3, ""},
		"failing":    {`500 {}`, 9, ""},
		"payment":    {`402 {}`, 4, ""},
	} {
		server := record(t, func(w http.ResponseWriter, r *http.Request) {
			code, body, _ := strings.Cut(test.answer, " ")
			if r.URL.Path != "/v8/artifacts/status" {
				code = "404"
			}
			var status int
			_, _ = fmt.Sscan(code, &status)
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		})
		got := call{args: []string{"status", "-q", "--retries=0"}, env: server.env()}.run(t)
		if got.code != test.code || strings.TrimSpace(got.stdout) != test.cache {
			t.Errorf("%s: %+v", name, got)
		}
	}
	got := call{args: []string{"status", "--json"}, env: []string{"ARTIFACT_API=http://127.0.0.1:1"}}.run(t)
	want := `{"api":"http://127.0.0.1:1","origins":{"api":"ARTIFACT_API"},"error":{"exit":3,"message":"no credential: no token is set"}}` + "\n"
	if got.code != 3 || got.stdout != want {
		t.Errorf("%+v, want %s", got, want)
	}
	got = call{args: []string{"status", "--retries=0"}, env: []string{"ARTIFACT_API=http://127.0.0.1:1", "ARTIFACT_TOKEN=" + token}}.run(t)
	if got.code != 9 {
		t.Errorf("unreachable: %+v", got)
	}
}

// TestUnconfirmedAPI sends nothing to an API that only the work tree names.
func TestUnconfirmedAPI(t *testing.T) {
	t.Parallel()
	cache, me, project := guarded(t), newPerson(t), t.TempDir()
	path := writeFile(t, filepath.Join(project, "turbo.json"), fmt.Sprintf(`{"remoteCache":{"apiUrl":%q}}`, cache.URL))
	in := func(args []string, stdin string, env ...string) outcome {
		c := me.call(args, stdin, env...)
		c.dir = project
		return c.run(t)
	}
	refusal := "artifact: " + path + " names the API " + cache.URL + ", which nobody has confirmed\n" +
		"artifact: hint: Nothing was sent. If that is your cache, confirm it once: artifact login --api " + cache.URL + "\n" +
		"artifact: hint: In CI, set ARTIFACT_API=" + cache.URL + "\n"
	for _, args := range [][]string{{"put", "--no-git", "turbo.json"}, {"login", "--with-token", "--insecure-storage"}} {
		in(args, token, "ARTIFACT_TOKEN="+token).check(t, outcome{code: 3, stderr: refusal})
	}
	in([]string{"put", "--no-git", "-q", "--dry-run", "-"}, hello).check(t, outcome{stdout: helloSHA256 + "\n"})
	if sent := cache.all(); len(sent) != 0 {
		t.Fatalf("sent %v", sent)
	}
	in([]string{"put", "-q", "--no-git", "-"}, hello, "ARTIFACT_TOKEN="+token, "ARTIFACT_API="+cache.URL).check(t, outcome{stdout: helloSHA256 + "\n"})
	if got := me.login(t, cache.URL); got.code != 0 {
		t.Fatal(got)
	}
	in([]string{"put", "-q", "--no-git", "-"}, hello).check(t, outcome{stdout: helloSHA256 + "\n"})

	// A signature that is wanted and cannot be made.
	writeFile(t, path, `{"remoteCache":{"signature":true}}`)
	before := len(cache.all())
	in([]string{"put", "--no-git", "turbo.json"}, "").check(t, outcome{code: 2,
		stderr: "artifact: " + path + `: "signature" is true, and TURBO_REMOTE_CACHE_SIGNATURE_KEY is not set` + "\n"})
	if len(cache.all()) != before {
		t.Error("something was sent")
	}
}

// TestLoginRefusals says what to do instead, before anything is asked or sent.
func TestLoginRefusals(t *testing.T) {
	t.Parallel()
	cache, me := guarded(t), newPerson(t)
	for name, test := range map[string]struct {
		args  []string
		stdin string
		env   []string
		want  outcome
	}{
		"no terminal": {args: nil, want: outcome{code: 2,
			stderr: "artifact: no terminal to ask on: give the token with --with-token, or set ARTIFACT_TOKEN instead of logging in\n"}},
		"nothing on standard input": {args: []string{"--with-token"}, stdin: " \n", want: outcome{code: 2,
			stderr: "artifact: no token came from standard input\n"}},
		"two lines": {args: []string{"--with-token"}, stdin: "abcd\nefgh\n", want: outcome{code: 2,
			stderr: "artifact: the token from standard input: it contains a line break: copy it again without that\n"}},
		"too long": {args: []string{"--with-token"}, stdin: strings.Repeat("x", 64<<10+1), want: outcome{code: 2,
			stderr: "artifact: reading the token from standard input: it is larger than 64 KiB\n"}},
		"no page": {args: []string{"--web"}, want: outcome{code: 2,
			stderr: "artifact: --web: nobody knows the page where " + cache.URL + " hands out tokens; ask whoever runs it\n"}},
		"no directory": {args: []string{"--with-token"}, stdin: token, env: []string{"HOME="}, want: outcome{code: 2,
			stderr: "artifact: no directory for settings: neither HOME nor XDG_CONFIG_HOME is set\n"}},
		"no keyring": {args: []string{"--with-token"}, stdin: token, want: outcome{code: 3,
			stderr: "artifact: the token was not stored: the keyring of the operating system: there is none: this session has no D-Bus\n" +
				"artifact: hint: Unlock the keyring, or set ARTIFACT_TOKEN. Without a keyring: artifact login --insecure-storage stores in a file.\n"}},
	} {
		if name == "no keyring" && hasSessionBus() {
			continue
		}
		c := me.call(append([]string{"login", "--api", cache.URL}, test.args...), test.stdin, test.env...)
		cmd := c.command(t)
		detach(cmd)
		got := finish(t, cmd)
		if got != test.want {
			t.Errorf("%s: %+v\nwant %+v", name, got, test.want)
		}
	}
}

// TestLoginsAtOnce has many processes store at the same time.
func TestLoginsAtOnce(t *testing.T) {
	t.Parallel()
	me := newPerson(t)
	caches := make([]*recorder, 8)
	var group sync.WaitGroup
	for i := range caches {
		caches[i] = guarded(t)
		cmd := me.call([]string{"login", "-q", "--with-token", "--insecure-storage", "--api", caches[i].URL}, token).command(t)
		group.Go(func() {
			if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	group.Wait()
	for _, cache := range caches {
		me.call([]string{"status", "-q", "--api", cache.URL}, "").run(t).check(t, outcome{stdout: "enabled\n"})
	}
}

// TestLoginSaysWhatWins names the variables that make it useless.
func TestLoginSaysWhatWins(t *testing.T) {
	t.Parallel()
	cache, me := guarded(t), newPerson(t)
	got := me.call([]string{"login", "--with-token", "--insecure-storage", "--api", cache.URL}, token,
		"TURBO_TOKEN=another-token", "ARTIFACT_API=https://another.example").run(t)
	got.check(t, outcome{stderr: "Logged in to " + cache.URL + "\nRemote Caching is enabled there.\n" +
		"artifact: warning: TURBO_TOKEN is set, and wins over what was stored\n" +
		"artifact: warning: ARTIFACT_API is set, and wins over the default API\n"})
}

// TestHomes works in homes that are not one's own.
func TestHomes(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("takes root, to become somebody else")
	}
	cache := guarded(t)
	nobody := func(home, stdin string, env []string, args ...string) outcome {
		c := call{args: args, stdin: strings.NewReader(stdin), env: append(env, "HOME="+home)}
		cmd := c.command(t)
		asNobody(t, cmd)
		return finish(t, cmd)
	}
	readOnly, err := os.MkdirTemp("", "home") // below nothing that is closed to others
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(readOnly) })
	if err := os.Chmod(readOnly, 0o755); err != nil {
		t.Fatal(err)
	}
	got := nobody(readOnly, token, nil, "login", "--with-token", "--insecure-storage", "--api", cache.URL)
	got.check(t, outcome{code: 2, stderr: "artifact: making " + readOnly + "/.config/artifact: permission denied\n"})
	if sent := cache.all(); len(sent) != 0 {
		t.Errorf("sent %v", sent)
	}
	// As under sudo -u, with root's HOME: its files cannot be read, and are not
	// missed.
	closed := t.TempDir()
	for _, name := range []string{".config/artifact/login.json", ".config/turborepo/config.json", ".local/share/com.vercel.cli/auth.json"} {
		path := filepath.Join(closed, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		writeFile(t, path, "broken")
	}
	if err := os.Chmod(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	nobody(closed, hello, cache.env(), "put", "-q", "--no-git", "-").check(t, outcome{stdout: helloSHA256 + "\n"})
	if got := nobody(closed, hello, []string{"ARTIFACT_API=" + cache.URL}, "put", "-q", "--no-git", "-"); got.code != 3 {
		t.Errorf("%+v", got)
	}
	for _, home := range []string{"", "/nonexistent", readOnly} {
		nobody(home, hello, cache.env(), "put", "-q", "--no-git", "-").check(t, outcome{stdout: helloSHA256 + "\n"})
		nobody(home, "", nil, "logout", "--all").check(t, outcome{stderr: "Nothing was stored.\n"})
	}
	got = call{args: []string{"put", "-"}, env: []string{"ARTIFACT_API=" + cache.URL, "SUDO_USER=jane", "SUDO_UID=1000"}}.run(t)
	if got.code != 3 || !strings.Contains(got.stderr, "This runs under sudo, and sees nothing that jane logged in to.\n") {
		t.Errorf("%+v", got)
	}
}

// detach takes away the controlling terminal, if the tests have one.
func detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }
