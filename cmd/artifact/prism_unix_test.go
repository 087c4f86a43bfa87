//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// judge runs prism before a cache. It answers what breaks the published
// description of the API with an error of its own. violations returns what it
// logged so far about such requests and answers.
func judge(t *testing.T, cache remote) (judged remote, violations func() []string) {
	t.Helper()
	program := peer(t, ".bin/prism")
	port := freePort(t)
	judged = remote{fmt.Sprint("http://127.0.0.1:", port), cache.token}
	cmd := exec.Command(program, "proxy", description(t), cache.api, "--errors", "-h", "127.0.0.1", "-p", fmt.Sprint(port))
	log := startPeer(t, cmd, judged)
	return judged, func() []string {
		t.Helper()
		// It logs after it has answered, and in that order. So this comes last.
		const last = "not-hexadecimal"
		answer, err := judged.get("/v8/artifacts/" + last)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
			lines := unusual.FindAllString(readFile(t, log), -1)
			if n := len(lines) - 1; n >= 0 && strings.Contains(lines[n], last) {
				return lines[:n]
			}
		}
		t.Fatalf("prism took a wrong id:\n%s", readFile(t, log))
		return nil
	}
}

// unusual is a line of prism's log that names something wrong.
var unusual = regexp.MustCompile(`(?m)^.*(✖|⚠).*$`)

// description is a copy of the description that prism can judge by: it takes
// the bodies that errors have for bodies of the answers to HEAD too, which
// cannot have any.
func description(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../testdata/interop/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	var api map[string]any
	if err := json.Unmarshal(text, &api); err != nil {
		t.Fatal(err)
	}
	path := api["paths"].(map[string]any)["/v8/artifacts/{hash}"].(map[string]any)
	for _, response := range path["head"].(map[string]any)["responses"].(map[string]any) {
		delete(response.(map[string]any), "content")
	}
	if text, err = json.Marshal(api); err != nil {
		t.Fatal(err)
	}
	return writeFile(t, filepath.Join(t.TempDir(), "openapi.json"), string(text))
}

// TestPublishedDescription: no request of ours and no answer of serve breaks
// the description, when things go well and when they do not. Bodies are text:
// prism reads them as such.
func TestPublishedDescription(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	one := writeFile(t, filepath.Join(dir, "one"), hello)
	two := writeFile(t, filepath.Join(dir, "two"), "two\n")
	three := writeFile(t, filepath.Join(dir, "three"), "three\n")
	list := writeFile(t, filepath.Join(dir, "list"), strings.Join([]string{one, two, three}, "\n")+"\n")
	const absent = "00000000000000000000000000000000000000000000000000000000deadbeef"
	sum := func(at remote, file string) string {
		return strings.TrimSpace(at.artifact(t, 0, nil, "put", "-q", "--dry-run", file).stdout[:64])
	}
	type run struct {
		code int
		args []string
	}
	good := func(at remote) []run {
		id := sum(at, one)
		return []run{
			{0, []string{"put", one}},
			{0, []string{"put", "--verify", "--hash", "abcdef", "--duration", "263", "--ci", "GITHUB_ACTIONS", "--sha", "abc", "--dirty-hash", "def", one}},
			{0, []string{"put", "--skip-existing", "--files-from", list}},
			{0, []string{"put", "-r", dir}},
			{0, []string{"put", "--dry-run", "--skip-existing", one, two}},
			{0, []string{"get", id, "-o", filepath.Join(dir, "..", filepath.Base(dir)+".got")}},
			{0, []string{"verify", one}},
			{0, []string{"verify", "--quick", one}},
			{0, []string{"verify", one, two, three}},
			{0, []string{"verify", "--quick", "--files-from", list}},
			{0, []string{"stat", id}},
			{0, []string{"stat", id, "abcdef"}},
			{6, []string{"get", absent}},
			{6, []string{"verify", "--hash", absent, one}},
			{6, []string{"verify", "--quick", "--hash", absent, one}},
			{6, []string{"stat", absent}},
			{6, []string{"stat", absent, id}},
			{7, []string{"verify", "--hash", "abcdef", two}},
			{0, []string{"status"}},
		}
	}
	refused := func(code int) func(remote) []run {
		return func(remote) []run {
			return []run{
				{code, []string{"put", one}},
				{code, []string{"put", one, two}},
				{code, []string{"put", "--skip-existing", "--files-from", list}},
				{code, []string{"put", "-r", dir}},
			}
		}
	}
	unknown := func(at remote) []run {
		return append(refused(3)(at), []run{
			{3, []string{"get", absent}},
			{3, []string{"verify", one}},
			{3, []string{"verify", one, two}},
			{3, []string{"verify", "--quick", one}},
			{3, []string{"verify", "--quick", one, two}},
			{3, []string{"stat", absent}},
			{3, []string{"stat", absent, "abcdef"}},
			{3, []string{"status"}},
		}...)
	}
	for name, test := range map[string]struct {
		flags []string // of serve
		token string   // if it is not the server's
		runs  func(remote) []run
	}{
		"known":     {nil, "", good},
		"unknown":   {nil, "wrong", unknown},
		"read-only": {[]string{"--read-only"}, "", refused(5)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cache, violations := judge(t, serveCache(t, test.flags...))
			if test.token != "" {
				cache.token = test.token
			}
			for _, env := range [][]string{{"TURBO_TEAM=local", "CI=1"}, {"TURBO_TEAMID=team_abc", signatureKey}} {
				for _, run := range test.runs(cache) {
					cache.artifact(t, run.code, env, run.args...)
				}
				login := call{
					args: []string{"login", "--api", cache.api, "--with-token", "--insecure-storage"},
					env:  env, stdin: strings.NewReader(cache.token),
				}.run(t)
				if wrong := test.token != ""; login.code != map[bool]int{true: 3, false: 0}[wrong] {
					t.Errorf("login: %+v", login)
				}
			}
			if found := violations(); len(found) > 0 {
				t.Errorf("prism complains:\n%s", strings.Join(found, "\n"))
			}
		})
	}
}

// TestJudge: prism names a wrong answer too.
func TestJudge(t *testing.T) {
	t.Parallel()
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `{"error":{"code":"forbidden","message":"The flat form is missing."}}`)
	}))
	defer upstream.Close()
	_, violations := judge(t, remote{upstream.URL, token})
	if found := violations(); len(found) != 1 || !strings.Contains(found[0], "get /v8/artifacts/status") || !strings.Contains(found[0], "#VIOLATIONS") {
		t.Errorf("prism complains: %q", found)
	}
}
