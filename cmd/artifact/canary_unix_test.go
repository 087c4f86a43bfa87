//go:build unix

package main

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The secrets of TestCanaries. Each has a character that escaping changes.
const (
	canaryToken = `tok"en\<canary-51f0>`
	canaryKey   = `key&canary%7e22`
	canaryProxy = "proxy-canary-9a4b"
	canaryFile  = "file-canary-03c8"
	canaryGate  = "6b1d-6b1d-6b1d-6b1d-6b1d-gate" // wherever it is cut
	canaryGates = "2e8c-2e8c-2e8c-2e8c-2e8c-file"
	canaryGiven = "c7d2-c7d2-c7d2-c7d2-c7d2-c7d2-c7d2-c7d2-last"
	canaryJob   = "job-canary-5d0e"
)

// canaryParts reveal a secret, even if it is encoded or truncated.
var canaryParts = []string{
	"51f0", "7e22", "9a4b", "03c8", "6b1d", "2e8c", "c7d2", "5d0e",
	base64.StdEncoding.EncodeToString([]byte("7d2-c7")), // as it stands in "user:" and the password
}

// parrot echoes everything in every part of an answer.
func parrot(status int) http.HandlerFunc {
	return parroting(status, func(w io.Writer, said string) {
		fmt.Fprintf(w, `{"error":{"code":%q,"message":%q},"status":%q,"urls":[%q]}`, said, "you sent "+strings.Repeat(said+" ", 20), said, said)
	})
}

// plainParrot echoes in plain text.
func plainParrot(status int) http.HandlerFunc {
	return parroting(status, func(w io.Writer, said string) {
		_, _ = io.WriteString(w, "you sent "+strings.Repeat(said+" ", 20))
	})
}

func parroting(status int, body func(w io.Writer, said string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		said := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ") + r.Header.Get("X-Gate") + r.Header.Get("Proxy-Authorization")
		w.Header().Set("X-Request-Id", said)
		w.Header().Set("X-Artifact-Tag", said)
		w.Header().Set("Retry-After", said)
		w.WriteHeader(status)
		if r.Method != http.MethodHead {
			body(w, said)
		}
	}
}

// TestCanaries looks for tokens, the signature key, a gate's headers and proxies'
// passwords in the output of every command, in every mode.
func TestCanaries(t *testing.T) {
	t.Parallel()
	commands := [][]string{
		{"put", "--no-git", "-"}, {"put", "--no-git", "--dry-run", "-"}, {"put", "--no-git", "--warn-only", "-"},
		{"put", canaryToken}, {"put", "--no-git", canaryProxy}, {"put", "--no-git", canaryFile}, {"put", "--hash", canaryKey + "/", "-"}, {"put", "--tag", canaryToken, "-"},
		{"put", "--" + canaryToken}, {"put", "--sha", canaryToken, "--ci", canaryKey, "-"},
		{"verify", "-"}, {"verify", "--hash", canaryToken, "-"}, {"get", "abc"}, {"get", canaryToken, "-o", canaryProxy + "/x"},
		{"stat", "abc", canaryToken}, {"put", "--signature-key-file", canaryToken, "-"},
		{"login", "--with-token", "--insecure-storage"}, {"login", "--with-token"}, {"login"}, {"login", "--web"},
		{"login", "--with-token", "--api", "https://user:" + canaryToken + "@cache.example"},
		{"status"}, {"status", "--api", canaryToken}, {"status", "--team", canaryToken}, {"logout"}, {"logout", "--all"},
		{"help"}, {"help", "environment"}, {"help", "exit-codes"}, {"help", canaryToken}, {"put", "--help"}, {"login", "--help"},
		{"version"}, {"completion", "bash"}, {"serve", "--listen", canaryToken}, {"serve", "--", "/" + canaryToken}, {canaryToken},
	}
	me := newPerson(t)
	gates := filepath.Join(me.home, "gates")
	mustDo(t, os.WriteFile(gates, []byte("X-Gate: "+canaryGates), 0o600))
	modes := [][]string{nil, {"--header-file=" + gates}, {"-v"}, {"--json"}, {"-q"}, {"--progress=always", "--color=always"}, {"--json", "-v", "--timeout=" + canaryToken}}
	type story struct {
		api string
		env []string
	}
	servers := map[string]story{
		"accepts": {api: record(t, parrot(202)).URL}, "is missing": {api: record(t, parrot(404)).URL}, "forbids": {api: record(t, parrot(403)).URL},
		"refuses": {api: record(t, parrot(401)).URL}, "fails": {api: record(t, parrot(500)).URL}, "refuses plainly": {api: record(t, plainParrot(400)).URL},
		"redirects": {api: record(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "/"+strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
			w.WriteHeader(http.StatusTemporaryRedirect)
		}).URL},
		"is far": {api: "https://192.0.2.1"}, "is nobody": {api: "http://127.0.0.1:1"},
		"is behind a proxy": {"https://192.0.2.1", []string{"ARTIFACT_PROXY=http://user:" + canaryGiven + "@127.0.0.1:1"}},
		"is behind none":    {"https://192.0.2.1", []string{"ARTIFACT_PROXY=user:" + canaryGiven + "%zz@127.0.0.1:1"}},
		"is behind a parrot": {"http://192.0.2.1", []string{
			"ARTIFACT_PROXY=" + strings.Replace(record(t, plainParrot(407)).URL, "http://", "http://user:"+canaryGiven+"@", 1), "ARTIFACT_ALLOW_HTTP=true",
		}},
	}
	files := map[string]string{
		".config/turborepo/config.json":         `{"token":"another-03c8"}`,
		".local/share/com.vercel.cli/auth.json": `{"token":"another-03c8"}`,
		"project/.turbo/config.json":            `{"token":"` + canaryFile + `"}`,
		"broken/.turbo/config.json":             `{"token":` + canaryFile + `}`,
		"mistyped/.turbo/config.json":           `{"token":["` + canaryFile + `"]}`,
		"broken/.vercel/project.json":           canaryFile,
		"mistyped/turbo.json":                   `{"remoteCache":{"signature":"` + canaryFile + `"}}`,
	}
	for name, text := range files {
		writeFile(t, filepath.Join(me.home, name), text)
	}
	for name, server := range servers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for i, args := range commands {
				mode := modes[(i+len(name))%len(modes)] // each command meets each mode in some story
				for _, dir := range []string{"project", "broken", "mistyped"} {
					if dir != "project" && name != "accepts" {
						continue
					}
					for _, mode := range modesFor(mode, modes, name) {
						checkCanaries(t, me, server.api, filepath.Join(me.home, dir), append(append([]string{}, mode...), args...), server.env...)
					}
				}
			}
		})
	}
}

// modesFor returns every mode for one server, and one mode for the others.
func modesFor(one []string, all [][]string, server string) [][]string {
	if server == "forbids" {
		return all
	}
	return [][]string{one}
}

func checkCanaries(t *testing.T, me person, api, dir string, args []string, more ...string) {
	t.Helper()
	env := append([]string{
		"ARTIFACT_API=" + api, "TURBO_REMOTE_CACHE_SIGNATURE_KEY=" + canaryKey,
		"HTTPS_PROXY=http://user:" + canaryProxy + "@127.0.0.1:1", "https_proxy=user:" + canaryProxy + "@127.0.0.1:1",
		"HTTP_PROXY=http://user:" + canaryProxy + "%zz@127.0.0.1:1", "ALL_PROXY=socks5://user:" + canaryProxy + "@127.0.0.1:1",
		"ARTIFACT_HEADERS=X-Gate: " + canaryGate, "ARTIFACT_ID_TOKEN=" + canaryJob,
	}, more...)
	if strings.Contains(strings.Join(args, " "), canaryToken) || filepath.Base(dir) != "project" || strings.HasSuffix(api, "1") {
		env = append(env, "ARTIFACT_TOKEN="+canaryToken) // else it is the file's that is sent
	}
	call := me.call(args, canaryToken, env...)
	call.dir = dir
	cmd := call.command(t)
	detach(cmd)
	got := finish(t, cmd)
	for _, part := range canaryParts {
		if strings.Contains(got.stdout+got.stderr, part) {
			t.Errorf("%q: %q is in\n%s\n%s", args, part, got.stdout, got.stderr)
		}
	}
}
