//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// TestWholeRequest compares all that arrives, with every header of the API's
// reference, by flags and by variables.
func TestWholeRequest(t *testing.T) {
	t.Parallel()
	tag := strings.Repeat("abcd", 150)
	want := map[string]string{
		"X-Artifact-Duration": "12500", "X-Artifact-Client-Ci": strings.Repeat("c", 50), "X-Artifact-Client-Interactive": "1",
		"X-Artifact-Tag": tag, "X-Artifact-Sha": strings.Repeat("s", 200), "X-Artifact-Dirty-Hash": strings.Repeat("d", 200),
		"Authorization": "Bearer " + token, "Content-Type": "application/octet-stream", "Content-Length": "6",
		"User-Agent": "artifact",
	}
	fixed := []string{"put", "--duration", "12.5s", "--tag", tag, "--hash", "a+b%~é", "file"}
	for name, given := range map[string]struct{ args, env []string }{
		"flags": {args: []string{
			"--ci", want["X-Artifact-Client-Ci"], "--interactive", "1", "--sha", want["X-Artifact-Sha"],
			"--dirty-hash", want["X-Artifact-Dirty-Hash"], "--team", "team_x",
		}},
		"variables": {env: []string{
			"ARTIFACT_CI=" + want["X-Artifact-Client-Ci"], "ARTIFACT_INTERACTIVE=1", "ARTIFACT_SHA=" + want["X-Artifact-Sha"],
			"ARTIFACT_DIRTY_HASH=" + want["X-Artifact-Dirty-Hash"], "ARTIFACT_TEAM=team_x",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := record(t, nil)
			dir := t.TempDir()
			writeFile(t, filepath.Join(dir, "file"), hello)
			env := append(given.env, "ARTIFACT_API="+server.URL+"/base/", "ARTIFACT_TOKEN="+token)
			call{args: append(given.args, fixed...), env: env, dir: dir}.run(t).check(t, outcome{stdout: "a+b%~é  file\n"})
			got := server.only(t)
			if uri := "/base/v8/artifacts/a%2Bb%25~%C3%A9?teamId=team_x"; got.Method != http.MethodPut || got.URI != uri {
				t.Errorf("%s %s, want PUT %s", got.Method, got.URI, uri)
			}
			arrived := flatten(got.Header)
			agent := arrived["User-Agent"]
			if !regexp.MustCompile(`^artifact/\S+ \(\w+; \w+\)$`).MatchString(agent) {
				t.Errorf("User-Agent: %s", agent)
			}
			arrived["User-Agent"] = "artifact"
			if !reflect.DeepEqual(arrived, want) {
				t.Errorf("headers %v\nwant %v", arrived, want)
			}
		})
	}
}

func flatten(header http.Header) map[string]string {
	flat := map[string]string{}
	for name, values := range header {
		flat[name] = strings.Join(values, "\n")
	}
	return flat
}

// TestEmptyValuesLeaveHeadersOut also in a CI, where they would be detected.
func TestEmptyValuesLeaveHeadersOut(t *testing.T) {
	t.Parallel()
	server := record(t, nil)
	got := call{
		args:  []string{"put", "-q", "--ci=", "--interactive=", "--sha=", "--dirty-hash=", "--duration=", "--tag=", "-"},
		env:   append(server.env(), "GITHUB_ACTIONS=true", "GITHUB_SHA="+strings.Repeat("a", 40)),
		stdin: strings.NewReader(hello),
	}.run(t)
	got.check(t, outcome{stdout: helloSHA256 + "\n"})
	for name, values := range server.only(t).Header {
		if strings.HasPrefix(name, "X-Artifact-") {
			t.Errorf("%s: %q", name, values)
		}
	}
}

// TestIDs derives ids, and refuses those that break a rule.
func TestIDs(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 127) + "x"
	for _, test := range []struct {
		id, input string
		args      []string
	}{
		{helloSHA256, hello, []string{"--algorithm=sha256"}},
		{"e7c22b994c59d9cf2b48e549b1e24666636045930d3da7c1acb299d1c3b7f931" +
			"f94aae41edda2c2b207a36e10f8bcb8d45223e54878f5b316e7ce3b6bc019629", hello, []string{"--algorithm=sha512"}},
		{"af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262", "", []string{"--algorithm=blake3"}},
		{long, hello, []string{"--hash", long}},
	} {
		got := call{args: append([]string{"put", "-q", "--dry-run", "-"}, test.args...), stdin: strings.NewReader(test.input)}.run(t)
		got.check(t, outcome{stdout: test.id + "\n"})
	}
}

// TestBadValues sends nothing of what breaks a limit.
func TestBadValues(t *testing.T) {
	t.Parallel()
	const rules = "slashes, white space and control characters are not allowed"
	for _, test := range []struct {
		why  string
		args []string
	}{
		{"--hash: invalid artifact id: it has 256 bytes, 255 are allowed", []string{"--hash", strings.Repeat("x", 256), "file"}},
		{`--hash: invalid artifact id ".": it is another route of the API`, []string{"--hash", ".", "file"}},
		{`--hash: invalid artifact id "..": it is another route of the API`, []string{"--hash", "..", "file"}},
		{`--hash: invalid artifact id "status": it is another route of the API`, []string{"--hash", "status", "file"}},
		{`--hash: invalid artifact id "events": it is another route of the API`, []string{"--hash", "events", "file"}},
		{`--hash: invalid artifact id "a/b": it contains '/'; ` + rules, []string{"--hash", "a/b", "file"}},
		{`--hash: invalid artifact id "a b": it contains ' '; ` + rules, []string{"--hash", "a b", "file"}},
		{`--hash: invalid artifact id "a\nb": it contains '\n'; ` + rules, []string{"--hash", "a\nb", "file"}},
		{`--hash: invalid artifact id "a\x7fb": it contains '\x7f'; ` + rules, []string{"--hash", "a\x7fb", "file"}},
		{`--hash: invalid artifact id "a\xffb": it is no valid UTF-8`, []string{"--hash", "a\xffb", "file"}},
		{"--hash: invalid artifact id: it is empty", []string{"--hash=", "file"}},
		{"one --hash is for one input, and 2 are given", []string{"--hash", "k", "file", "file"}},
		{"one --tag is for one input; a manifest has one for each", []string{"--tag", "YQ==", "file", "other"}},
		{"- is standard input, which can be read once, and is no directory", []string{"-", "-"}},
		{"--recursive needs the name of a directory", []string{"-r"}},
		{"--null is about the names of --files-from", []string{"-0", "file"}},
		{"give FILE, --files-from or --manifest, and only one of them", []string{"--files-from", "list", "file"}},
		{"one --hash is for one input", []string{"--hash", "key", "--files-from", "list"}},
		{"--jobs: at least one has to be worked on", []string{"-j", "0", "file"}},
		{`--shard: "5/4": it must be I/N with I from 1 to N, as 1/4`, []string{"--shard", "5/4", "file"}},
		{"--shard is for a list", []string{"--shard", "1/4"}},
		{`--algorithm: no algorithm "md5"; there are sha256, sha512, blake3`, []string{"--algorithm", "md5", "file"}},
		{"--ci: it has 51 characters, 50 are allowed", []string{"--ci", strings.Repeat("c", 51), "file"}},
		{"--ci: character 2 is not printable ASCII", []string{"--ci", "aé", "file"}},
		{"--ci: character 2 is not printable ASCII", []string{"--ci", "a\nX-Evil: 1", "file"}},
		{"--ci: it begins or ends with a space", []string{"--ci", " a", "file"}},
		{"--sha: it has 201 characters, 200 are allowed", []string{"--sha", strings.Repeat("s", 201), "file"}},
		{"--dirty-hash: it has 201 characters, 200 are allowed", []string{"--dirty-hash", strings.Repeat("s", 201), "file"}},
		{"--tag: it has 604 characters, 600 are allowed", []string{"--tag", strings.Repeat("abcd", 151), "file"}},
		{"--tag: it is not base64", []string{"--tag", "a-b=", "file"}},
		{`--interactive: it is "2", and must be 0 or 1`, []string{"--interactive", "2", "file"}},
		{`--duration: "-1" is neither a number of milliseconds nor a duration such as 1.5s`, []string{"--duration", "-1", "file"}},
		{`--duration: "-1s" is neither a number of milliseconds nor a duration such as 1.5s`, []string{"--duration=-1s", "file"}},
		{`--duration: "soon" is neither a number of milliseconds nor a duration such as 1.5s`, []string{"--duration", "soon", "file"}},
		{`--duration: "1.5" is neither a number of milliseconds nor a duration such as 1.5s`, []string{"--duration", "1.5", "file"}},
		{"unknown flag: --nonsense", []string{"--nonsense", "file"}},
		{"--hash: it needs a value", []string{"file", "--hash"}},
	} {
		t.Run(test.why, func(t *testing.T) {
			t.Parallel()
			server := record(t, nil)
			dir := t.TempDir()
			writeFile(t, filepath.Join(dir, "file"), hello)
			got := call{args: append([]string{"put"}, test.args...), env: server.env(), dir: dir}.run(t)
			got.check(t, outcome{code: 2, stderr: "artifact: " + test.why + "\nartifact: hint: See artifact put --help.\n"})
			if requests := server.all(); len(requests) > 0 {
				t.Errorf("sent %v", requests)
			}
		})
	}
}

// TestWholeObjects compares what --json prints, member by member.
func TestWholeObjects(t *testing.T) {
	t.Parallel()
	refused := func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `{"error":{"code":"forbidden","message":"Not you."}}`)
	}
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		args   []string
		code   int
		want   string
	}{
		"uploaded": {args: []string{"--ci=X", "--sha=S", "--dirty-hash=D", "--duration=1.5s", "file"}, want: `{
			"path":"file","hash":"` + helloSHA256 + `","algorithm":"sha256","size":6,"status":"uploaded",
			"urls":["https://cache.example/x"],"attempts":1,"signed":false,
			"metadata":{"ci":"X","interactive":0,"sha":"S","dirtyHash":"D","durationMs":1500}}`},
		"planned": {args: []string{"--dry-run", "--hash=k", "file"}, want: `{
			"path":"file","hash":"k","size":6,"status":"planned","signed":false,"metadata":{"interactive":0}}`},
		"refused": {answer: refused, args: []string{"file"}, code: 5, want: `{
			"path":"file","hash":"` + helloSHA256 + `","algorithm":"sha256","size":6,"status":"failed","attempts":1,"signed":false,
			"error":{"exit":5,"code":"forbidden","status":403,
				"message":"uploading file: the server answered 403 Forbidden: Not you."}}`},
		"unreadable": {args: []string{"missing"}, code: 2, want: `{
			"path":"missing","status":"failed","signed":false,"error":{"exit":2,"message":"reading missing: no such file or directory"}}`},
		"no artifact": {args: []string{"-", "-"}, code: 2, want: `{
			"error":{"exit":2,"message":"- is standard input, which can be read once, and is no directory"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := record(t, test.answer)
			dir := t.TempDir()
			writeFile(t, filepath.Join(dir, "file"), hello)
			got := call{args: append([]string{"put", "--json"}, test.args...), env: server.env(), dir: dir}.run(t)
			var object, want map[string]any
			if err := json.Unmarshal([]byte(test.want), &want); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal([]byte(got.stdout), &object); err != nil || strings.Count(got.stdout, "\n") != 1 {
				t.Fatalf("%v: %q", err, got.stdout)
			}
			if seconds, ok := object["seconds"].(float64); ok != (want["path"] != nil) || seconds < 0 {
				t.Errorf("seconds: %v", object["seconds"])
			}
			delete(object, "seconds")
			if got.code != test.code || !reflect.DeepEqual(object, want) {
				t.Errorf("exit %d, %s\nwant exit %d, %v", got.code, got.stdout, test.code, want)
			}
		})
	}
}
