//go:build unix

package main

import (
	"cmp"
	"crypto/tls"
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var troubleHeading = regexp.MustCompile("(?m)^### `([^`]+)`$")

// trouble is how to run into an error, in a directory that holds a file called
// f.
type trouble struct {
	shell  string // where it is not "artifact put f"
	env    []string
	answer answer
	tls    bool
	demand bool // of a client certificate, by a server that is trusted
}

// answer is what a server does with an upload from dir.
type answer func(t *testing.T, dir string, w http.ResponseWriter, sent io.Reader)

// says is a server's status and body.
func says(status int, body string) answer {
	return func(_ *testing.T, _ string, w http.ResponseWriter, sent io.Reader) {
		_, _ = io.Copy(io.Discard, sent)
		w.Header().Set("Location", "https://elsewhere.example/")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// saysEarly accepts an upload, of which it never reads more than the beginning.
func saysEarly(t *testing.T, _ string, w http.ResponseWriter, sent io.Reader) {
	_, _ = io.ReadFull(sent, make([]byte, 4096))
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		t.Error(err)
		return
	}
	t.Cleanup(func() { _ = conn.Close() })
	_, _ = io.WriteString(conn, "HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}")
}

// meddles writes to the file while it comes in.
func meddles(_ *testing.T, dir string, _ http.ResponseWriter, sent io.Reader) {
	_, _ = io.ReadFull(sent, make([]byte, 4096))
	_ = os.WriteFile(filepath.Join(dir, "f"), []byte("other"), 0o600)
	_, _ = io.Copy(io.Discard, sent)
}

// heldBack answers a preflight without a word about the token, and refuses what
// comes without it.
func heldBack(_ *testing.T, _ string, w http.ResponseWriter, sent io.Reader) {
	if body, _ := io.ReadAll(sent); len(body) > 0 {
		w.WriteHeader(http.StatusUnauthorized)
	}
}

const (
	large   = "head -c 32000000 /dev/zero >f; artifact put f"
	foreign = `git init -q . && mkdir .turbo && echo '{"apiUrl":"https://cache.example.com"}' >.turbo/config.json && artifact put f`
)

// The identity tokens {"exp":1} and {}, with no signature.
const (
	endedToken   = "e30.eyJleHAiOjF9.c2ln"
	endlessToken = "e30.e30.c2ln"
)

// serving is a script whose commands have a cache that works.
func serving(script string) string { return "artifact serve -- sh -c '" + script + "'" }

var troubles = map[string]trouble{
	"no credential":                          {env: []string{"ARTIFACT_TOKEN="}},
	"this is no CI job with an identity":     {env: []string{"ARTIFACT_OIDC=1"}},
	"its workflow grants no id-token: write": {env: []string{"ARTIFACT_OIDC=1", "GITHUB_ACTIONS=true"}},
	"this pull request comes from a fork": {env: []string{"ARTIFACT_OIDC=1", "GITHUB_ACTIONS=true", "GITHUB_EVENT_NAME=pull_request", "GITHUB_EVENT_PATH=event"},
		shell: `echo '{"pull_request":{"head":{"repo":{"full_name":"a/b"}}}}' >event; artifact put f`},
	"the token is not valid at this time":       {env: []string{"ARTIFACT_OIDC=1", "ARTIFACT_ID_TOKEN=" + endedToken}},
	"the token is for another audience":         {env: []string{"ARTIFACT_OIDC=1", "ARTIFACT_ID_TOKEN=" + endlessToken, "ARTIFACT_OIDC_AUDIENCE=other"}},
	"it says that it is":                        {shell: "artifact put --oidc-issuer \"$ARTIFACT_API\" f", env: []string{"ARTIFACT_OIDC=1", "ARTIFACT_ID_TOKEN=" + endlessToken}, answer: says(200, `{"issuer":"https://other.example"}`)},
	"which nobody has confirmed":                {env: []string{"ARTIFACT_API="}, shell: foreign},
	"plain http leaves this machine":            {env: []string{"ARTIFACT_API=http://192.0.2.1"}},
	"invalid artifact id":                       {shell: "artifact put --hash a/b f"},
	"is a directory":                            {shell: "artifact put ."},
	"it is empty":                               {shell: ": | artifact put"},
	"the list has no entry":                     {shell: "artifact verify -c /dev/null"},
	"unknown flag: --insecure":                  {shell: "artifact put --insecure f"},
	"connection refused":                        {env: []string{"ARTIFACT_API=http://127.0.0.1:1"}},
	"certificate signed by unknown authority":   {tls: true},
	"the answer is not a Remote Cache's":        {answer: says(200, "<html>")},
	"reports an error in spite of its status":   {answer: says(200, `{"error":"no"}`)},
	"the redirect is not followed":              {answer: says(302, "")},
	"success before it was sent the whole body": {answer: saysEarly, shell: large},
	"changed while it was read":                 {answer: meddles, shell: large},
	"the server refuses all of them":            {answer: says(401, ""), shell: "cp f g; echo h >h; artifact put -j 1 f g h"},
	"were lost to the same cause":               {shell: "for i in 1 2 3 4 5 6 7 8 9 10 11; do echo $i >$i; done; artifact put -j 1 1 2 3 4 5 6 7 8 9 10 11", env: []string{"ARTIFACT_API=http://127.0.0.1:1"}},
	"the list has this id for other bytes":      {shell: `echo other >g; printf '{"path":"%s","hash":"k"}\n' f g | artifact put --manifest -`},
	"it is not an entry of a manifest":          {shell: `echo '{"path":"f","hahs":"k"}' | artifact put --manifest -`},
	"401 Unauthorized":                          {answer: says(401, "")},
	"402 Payment Required":                      {answer: says(402, "")},
	"artifacts failed":                          {shell: "artifact put f missing"},
	"it can be reached from other machines":     {shell: "artifact serve --listen 0.0.0.0:0"},
	"403 Forbidden":                             {answer: says(403, "")},
	"404 Not Found":                             {answer: says(404, "")},
	"407 Proxy Authentication Required":         {answer: says(407, "")},
	"the environment's proxy has no valid address": {
		env: []string{"ARTIFACT_API=https://cache.example", "HTTPS_PROXY=http://user:pa#ss@proxy.example:3128"},
	},
	"413 Request Entity Too Large":                        {answer: says(413, "")},
	"429 Too Many Requests":                               {answer: says(429, "")},
	"500 Internal Server Error":                           {answer: says(500, "")},
	"the cache holds other bytes":                         {shell: serving("artifact put f >sums && echo more >>f && artifact verify -c sums")},
	"there is nothing to check it against":                {shell: serving("artifact put --hash key f && artifact verify --hash key")},
	"others can read it":                                  {shell: "echo A: b >h; chmod 644 h; artifact put --header-file h f"},
	"there is no private key in it":                       {shell: "openssl req -x509 -newkey ed25519 -nodes -subj /CN=x -keyout k -out c 2>/dev/null; artifact put --client-cert c f"},
	"a password in an argument":                           {shell: "artifact put --proxy http://u:pass@127.0.0.1:1 f"},
	"the server wants a client certificate":               {tls: true, demand: true},
	"the server has no preflight":                         {shell: "artifact put --preflight f", answer: says(404, "")},
	"the preflight's answer does not allow Authorization": {shell: "artifact put --preflight f", answer: heldBack},
	"it is not signed": {
		env:   []string{"TURBO_REMOTE_CACHE_SIGNATURE_KEY=01234567890123456789012345678901"},
		shell: serving("artifact put --no-sign --hash key f && artifact verify --hash key"),
	},
}

// run gives what the program said.
func (tr trouble) run(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "f"), hello)
	answer := tr.answer
	if answer == nil {
		answer = says(http.StatusAccepted, "")
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { answer(t, dir, w, r.Body) }))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	env := []string{"ARTIFACT_TOKEN=" + token}
	if tr.demand {
		server.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	}
	if tr.tls {
		server.StartTLS()
	} else {
		server.Start()
	}
	if tr.demand {
		authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
		env = append(env, "ARTIFACT_CA_CERT="+writeFile(t, filepath.Join(dir, "ca"), string(authority)))
	}
	t.Cleanup(server.Close)
	env = append(env, "ARTIFACT_API="+server.URL)
	cmd := call{dir: dir, env: append(env, tr.env...)}.command(t)
	cmd.Path, cmd.Args = "/bin/sh", []string{"sh", "-c", cmp.Or(tr.shell, "artifact put f")}
	got := finish(t, cmd)
	if got.code == 0 {
		t.Errorf("it went well: %+v", got)
	}
	return got.stderr
}

// TestTroubleshooting runs into every error that TROUBLESHOOTING.md has a
// heading for.
func TestTroubleshooting(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../TROUBLESHOOTING.md")
	if err != nil {
		t.Fatal(err)
	}
	headings := troubleHeading.FindAllStringSubmatch(string(page), -1)
	if len(headings) != len(troubles) {
		t.Errorf("%d headings, and %d troubles", len(headings), len(troubles))
	}
	for _, heading := range headings {
		t.Run(heading[1], func(t *testing.T) {
			t.Parallel()
			trouble, ok := troubles[heading[1]]
			if !ok {
				t.Fatal("nobody knows how to run into it")
			}
			if stderr := trouble.run(t); !strings.Contains(stderr, heading[1]) {
				t.Errorf("%q", stderr)
			}
		})
	}
}
