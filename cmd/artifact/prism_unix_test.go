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

	"github.com/artifact-cli/artifact/internal/freeport"
	"github.com/artifact-cli/artifact/internal/s3test"
)

// judge runs prism in front of a cache. It reports requests and answers that
// violate the published description of the API. violations returns its log of
// them.
func judge(t *testing.T, cache remote) (judged remote, violations func() []string) {
	t.Helper()
	program := peer(t, ".bin/prism")
	port := freeport.Find(t)
	judged = remote{fmt.Sprint("http://127.0.0.1:", port), cache.token}
	cmd := exec.Command(program, "proxy", description(t), cache.api, "--errors", "-h", "127.0.0.1", "-p", fmt.Sprint(port))
	log := startPeer(t, cmd, judged)
	return judged, func() []string {
		t.Helper()
		// It logs after it has answered, and in that order. So this comes last.
		const last = "not-hexadecimal"
		answer := must(judged.get("/v8/artifacts/" + last))(t)
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
// cannot have any. Other errors than the described ones must have their form.
func description(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../testdata/interop/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	var api map[string]any
	mustDo(t, json.Unmarshal(text, &api))
	paths := api["paths"].(map[string]any)
	for _, path := range paths {
		for _, operation := range path.(map[string]any) {
			if described, ok := operation.(map[string]any); ok {
				responses := described["responses"].(map[string]any)
				responses["409"], responses["421"], responses["503"] = responses["403"], responses["403"], responses["403"]
			}
		}
	}
	head := paths["/v8/artifacts/{hash}"].(map[string]any)["head"].(map[string]any)
	for _, response := range head["responses"].(map[string]any) {
		delete(response.(map[string]any), "content")
	}
	if text, err = json.Marshal(api); err != nil {
		t.Fatal(err)
	}
	return writeFile(t, filepath.Join(t.TempDir(), "openapi.json"), string(text))
}

// What is run before prism, line by line: the exit code, and arguments.
const (
	stored = `0 put $one
0 put --verify --hash abcdef --duration 263 --ci GITHUB_ACTIONS --sha abc --dirty-hash def $one
0 put --skip-existing --files-from $list
0 put -r $dir
0 put --dry-run --skip-existing $one $two
0 get $id -o $dir.got
0 verify $one
0 verify --quick $one
0 verify $one $two $three
0 verify --quick --files-from $list
0 stat $id
0 stat $id abcdef
6 get $absent
6 verify --hash $absent $one
6 verify --quick --hash $absent $one
6 stat $absent
6 stat $absent $id
7 verify --hash abcdef $two
0 status
`
	readOnly = `5 put $one
5 put $one $two
5 put --skip-existing --files-from $list
5 put -r $dir
`
	writeOnce = `0 put --hash abcdef $one
0 put --hash abcdef $one
8 put --hash abcdef $two
`
	otherName = `8 put $one
8 get $absent
8 verify $one
8 stat $absent
8 status
`
	unavailable = `9 put $one
9 get $absent
`
	unknown = `3 put $one
3 put $one $two
3 put --skip-existing --files-from $list
3 put -r $dir
3 get $absent
3 verify $one
3 verify $one $two
3 verify --quick $one
3 verify --quick $one $two
3 stat $absent
3 stat $absent abcdef
3 status
`
)

// TestPublishedDescription checks requests of the client and answers of serve
// against the description. Bodies are text, as prism requires.
func TestPublishedDescription(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	named := map[string]string{"dir": dir, "id": helloSHA256, "absent": strings.Repeat("0", 56) + "deadbeef"}
	var list strings.Builder
	for name, content := range map[string]string{"one": hello, "two": "two\n", "three": "three\n"} {
		named[name] = writeFile(t, filepath.Join(dir, name), content)
		fmt.Fprintln(&list, named[name])
	}
	named["list"] = writeFile(t, filepath.Join(dir, "list"), list.String())
	as := func(token string, cache remote) remote { return remote{cache.api, token} }
	reading := []string{"ARTIFACT_SERVE_TOKEN=" + token, "ARTIFACT_SERVE_READ_TOKEN=" + readToken}
	for name, test := range map[string]struct {
		serve func(*testing.T) remote
		runs  string
		login int // its exit code
	}{
		"known":       {func(t *testing.T) remote { return serveCache(t) }, stored, 0},
		"unknown":     {func(t *testing.T) remote { return as("wrong", serveCache(t)) }, unknown, 3},
		"read-only":   {func(t *testing.T) remote { return serveCache(t, "--read-only") }, readOnly, 0},
		"reader":      {func(t *testing.T) remote { return as(readToken, serveWith(t, reading, "--dir", t.TempDir())) }, readOnly, 0},
		"write-once":  {func(t *testing.T) remote { return serveCache(t, "--write-once") }, writeOnce, 0},
		"other name":  {servedByOtherName, otherName, 0},
		"unavailable": {servedWithoutBucket, unavailable, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cache, violations := judge(t, test.serve(t))
			for _, env := range [][]string{{"TURBO_TEAM=local", "CI=1"}, {"TURBO_TEAMID=team_abc", signatureKey}} {
				for line := range strings.Lines(test.runs) {
					words := strings.Fields(os.Expand(line, func(name string) string { return named[name] }))
					cache.artifact(t, int(words[0][0]-'0'), env, words[1:]...)
				}
				login := call{
					args: []string{"login", "--api", cache.api, "--with-token", "--insecure-storage"},
					env:  env, stdin: strings.NewReader(cache.token),
				}.run(t)
				if login.code != test.login {
					t.Errorf("login: %+v", login)
				}
			}
			if found := violations(); len(found) > 0 {
				t.Errorf("prism complains:\n%s", strings.Join(found, "\n"))
			}
		})
	}
}

// servedByOtherName runs a cache, and names it as it does not know itself.
func servedByOtherName(t *testing.T) remote {
	cache := serveCache(t)
	return remote{strings.Replace(cache.api, "127.0.0.1", resolved(t, proxied), 1), cache.token}
}

// servedWithoutBucket runs a cache whose bucket cannot be reached any more.
func servedWithoutBucket(t *testing.T) remote {
	network, bucket := s3test.Start(t).Through(t)
	cache := serveWith(t, bucket.Environ(), "--store", bucket.URL("cache"))
	network.Down()
	return cache
}

// TestJudge checks that prism reports a wrong answer.
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
