//go:build unix

package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// elapsed is all of a summary that differs from run to run.
var elapsed = regexp.MustCompile(` in [0-9.a-zµ]+( \([^)]*\))?\n`)

// steady is an outcome without the times in it.
func (o outcome) steady() outcome {
	o.stderr = elapsed.ReplaceAllString(o.stderr, " in TIME\n")
	return o
}

// bulkDir has three files, two of which are the same.
func bulkDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{"a": "one", "b": "two", "c": "one"} {
		writeFile(t, filepath.Join(dir, name), content)
	}
	return dir
}

const (
	oneSHA256 = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"
	twoSHA256 = "3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3"
)

// TestLists gives results in the order of the list, whatever fails.
func TestLists(t *testing.T) {
	t.Parallel()
	sums := oneSHA256 + "  a\n" + twoSHA256 + "  b\n" + oneSHA256 + "  c\n"
	for name, test := range map[string]struct {
		args  []string
		stdin string
		want  outcome
		sent  []string
	}{
		"names": {args: []string{"a", "b", "c"}, sent: []string{oneSHA256, twoSHA256},
			want: outcome{0, sums, "artifact: 2 uploaded, 1 skipped, 0 failed, 0 not sent; 6 B in TIME\n"}},
		"one job": {args: []string{"-j", "1", "a", "b", "c"}, sent: []string{oneSHA256, twoSHA256},
			want: outcome{0, sums, "artifact: 2 uploaded, 1 skipped, 0 failed, 0 not sent; 6 B in TIME\n"}},
		"NUL": {args: []string{"--files-from", "-", "-0"}, stdin: "a\x00b\x00c", sent: []string{oneSHA256, twoSHA256},
			want: outcome{0, sums, "artifact: 2 uploaded, 1 skipped, 0 failed, 0 not sent; 6 B in TIME\n"}},
		"quiet": {args: []string{"-q", "--files-from", "-"}, stdin: "a\nb\n", sent: []string{oneSHA256, twoSHA256},
			want: outcome{0, oneSHA256 + "\n" + twoSHA256 + "\n", ""}},
		"a missing one among them": {args: []string{"a", "missing", "b"}, sent: []string{oneSHA256, twoSHA256},
			want: outcome{2, oneSHA256 + "  a\n" + twoSHA256 + "  b\n",
				"artifact: reading missing: no such file or directory\n" +
					"artifact: 2 uploaded, 0 skipped, 1 failed, 0 not sent; 6 B in TIME\n" +
					"artifact: 1 of 3 artifacts failed\n"}},
		"a directory among them": {args: []string{"a", "."}, sent: []string{oneSHA256},
			want: outcome{2, oneSHA256 + "  a\n",
				"artifact: reading .: is a directory\n" +
					"artifact: 1 uploaded, 0 skipped, 1 failed, 0 not sent; 3 B in TIME\n" +
					"artifact: 1 of 2 artifacts failed\nartifact: hint: Pack it: tar -cf - . | zstd | artifact put -\nartifact: hint: Or take each file below it: artifact put -r .\n"}},
		"an empty list": {args: []string{"--files-from", "-"}, want: outcome{0, "",
			"artifact: warning: nothing was uploaded: the list has no entry\n"}},
		"no list": {args: []string{"--files-from", "missing"}, want: outcome{2, "",
			"artifact: --files-from: open missing: no such file or directory\n"}},
		"a list that cannot be read": {args: []string{"--files-from", "."}, want: outcome{2, "",
			"artifact: reading ., line 1: read .: is a directory\n" +
				"artifact: 0 uploaded, 0 skipped, 1 failed, 0 not sent; 0 B in TIME\n" +
				"artifact: 1 artifact failed\n"}},
		"a manifest with bad lines": {args: []string{"--manifest", "-"}, sent: []string{"key"},
			stdin: `{"path":"a","hash":"key","durationMs":5}` + "\n{\n" + `{"path":"b","size":1}` + "\n",
			want: outcome{2, "key  a\n",
				"artifact: reading standard input, line 2: it is no entry of a manifest: unexpected EOF\n" +
					"artifact: reading standard input, line 3: it is no entry of a manifest: json: unknown field \"size\"\n" +
					"artifact: 1 uploaded, 0 skipped, 2 failed, 0 not sent; 3 B in TIME\n" +
					"artifact: 2 of 3 artifacts failed\n"}},
		"one id for different bytes": {args: []string{"--manifest", "-"}, sent: []string{"key"},
			stdin: `{"path":"a","hash":"key"}` + "\n" + `{"path":"b","hash":"key"}` + "\n" + `{"path":"c","hash":"key"}` + "\n",
			want: outcome{2, "key  a\nkey  c\n",
				"artifact: reading b: the list has this id for other bytes too, those of a\n" +
					"artifact: 1 uploaded, 1 skipped, 1 failed, 0 not sent; 3 B in TIME\n" +
					"artifact: 1 of 3 artifacts failed\n"}},
		"a dry run": {args: []string{"--dry-run", "a", "b"}, want: outcome{0, oneSHA256 + "  a\n" + twoSHA256 + "  b\n",
			"artifact: 2 to upload, 0 skipped, 0 failed, 0 not sent; 6 B in TIME\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := record(t, nil)
			got := call{args: append([]string{"put"}, test.args...), stdin: strings.NewReader(test.stdin),
				dir: bulkDir(t), env: server.env()}.run(t)
			got.steady().check(t, test.want)
			var sent []string
			for _, request := range server.all() {
				sent = append(sent, strings.TrimPrefix(request.URI, "/v8/artifacts/"))
			}
			slices.Sort(sent)
			slices.Sort(test.sent)
			if !slices.Equal(sent, test.sent) {
				t.Errorf("sent %q, want %q", sent, test.sent)
			}
		})
	}
}

// TestRecursive takes each file below a directory, and says what it leaves out.
func TestRecursive(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "d", "deep"), 0o777); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "d", "deep", "a"), "one")
	writeFile(t, filepath.Join(dir, "b"), "two")
	for link, target := range map[string]string{"file": "../b", "directory": "deep"} {
		if err := os.Symlink(target, filepath.Join(dir, "d", link)); err != nil {
			t.Fatal(err)
		}
	}
	got := call{args: []string{"put", "-r", "d", "b"}, dir: dir, env: record(t, nil).env()}.run(t)
	lines := strings.SplitAfter(got.stdout, "\n")
	slices.Sort(lines)
	got.stdout = strings.Join(lines, "")
	got.steady().check(t, outcome{0, twoSHA256 + "  b\n" + twoSHA256 + "  d/file\n" + oneSHA256 + "  d/deep/a\n",
		"artifact: warning: d/directory is left out: it is no file\n" +
			"artifact: 2 uploaded, 1 skipped, 0 failed, 0 not sent; 6 B in TIME\n"})
}

// TestGivingUp ends a run that cannot succeed, and names what was not tried.
func TestGivingUp(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	list := files(t, dir, 200)
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		args   []string
		code   int
		reason string
	}{
		"401":  {answer: refuse(401, ""), code: 3, reason: "the server refuses all of them"},
		"402":  {answer: refuse(402, ""), code: 4, reason: "the server refuses all of them"},
		"over": {answer: refuse(403, "remote_caching_over_limit"), code: 5, reason: "the server refuses all of them"},
		"first question": {answer: refuse(401, ""), args: []string{"--skip-existing"}, code: 3,
			reason: "the server refuses all of them"},
		"cut": {answer: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, code: 9,
			reason: "10 in a row were lost to the same cause"},
		"fail fast": {answer: refuse(400, ""), args: []string{"--fail-fast"}, code: 8, reason: "another one failed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := record(t, test.answer)
			got := call{args: append([]string{"put", "-j", "2", "--files-from", "-"}, test.args...),
				stdin: strings.NewReader(list), dir: dir, env: server.env()}.run(t)
			notSent := strings.Count(got.stderr, " was not sent: "+test.reason+"\n")
			failed := strings.Count(got.stderr, ": the server answered ") + strings.Count(got.stderr, ": EOF")
			if got.code != test.code || notSent < 150 || !strings.Contains(got.stderr, fmt.Sprintf(" %d not sent;", notSent)) ||
				!strings.Contains(got.stderr, fmt.Sprintf("%d failed,", 200-notSent)) {
				t.Errorf("exit %d, %d failed and %d not sent:\n%s", got.code, failed, notSent, got.stderr)
			}
			if n := len(server.all()); n > 50 {
				t.Errorf("%d requests", n)
			}
		})
	}
}

// TestGivingUpChecks: verify and stat end in the same way, and name what they
// did not try.
func TestGivingUpChecks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	list := files(t, dir, 200)
	cut := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	const all, lost = "the server refuses all of them", "10 in a row were lost to the same cause"
	for name, test := range map[string]struct {
		args   []string
		answer http.HandlerFunc
		code   int
		meant  string // nothing where all were asked for together
		reason string
	}{
		"verify, 401":       {[]string{"verify"}, refuse(401, ""), 3, "checked", all},
		"verify, paused":    {[]string{"verify"}, refuse(403, "remote_caching_paused"), 5, "checked", all},
		"verify, cut":       {[]string{"verify"}, cut, 9, "checked", lost},
		"verify quick, 402": {[]string{"verify", "--quick"}, refuse(402, ""), 4, "looked up", all},
		"verify quick, cut": {[]string{"verify", "--quick"}, cut, 9, "", ""},
		"stat, 401":         {[]string{"stat"}, refuse(401, ""), 3, "looked up", all},
		"stat, one at a time": {[]string{"stat"}, func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodPost {
				panic(http.ErrAbortHandler)
			}
			w.WriteHeader(http.StatusNotFound)
		}, 9, "looked up", lost},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := record(t, test.answer)
			got := call{args: append(test.args, "-j", "2", "--files-from", "-"), stdin: strings.NewReader(list),
				dir: dir, env: server.env()}.run(t)
			untried := strings.Count(got.stderr, " was not "+test.meant+": "+test.reason+"\n")
			sum := fmt.Sprintf("artifact: %d of 200 artifacts failed, and %d were not tried\n", 200-untried, untried)
			if test.meant == "" {
				untried, sum = 0, "artifact: 200 of 200 artifacts failed\n"
			}
			if got.code != test.code || got.stdout != "" || test.meant != "" && untried < 150 || !strings.Contains(got.stderr, sum) {
				t.Errorf("exit %d, %d not tried:\n%s%s", got.code, untried, got.stdout, got.stderr)
			}
			if n := len(server.all()); n > 50 {
				t.Errorf("%d requests", n)
			}
		})
	}
}

// TestReasonsAreToldApart in the sum of what failed, each with its count and
// its next step.
func TestReasonsAreToldApart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	args := []string{"put", "-j", "1", "d"}
	for i := range 11 {
		args = append(args, fmt.Sprintf("missing%02d", i))
	}
	if err := os.Mkdir(filepath.Join(dir, "d"), 0o777); err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		name := fmt.Sprintf("f%d", i)
		writeFile(t, filepath.Join(dir, name), name)
		args = append(args, name)
	}
	got := call{args: args, dir: dir, env: record(t, refuse(403, "")).env()}.run(t)
	want := `artifact: 14 of 14 artifacts failed
artifact: 1 failed: is a directory
artifact: hint: Pack it: tar -cf - d | zstd | artifact put -
artifact: hint: Or take each file below it: artifact put -r d
artifact: 11 failed: no such file or directory
artifact: 2 failed: the server answered 403 Forbidden: No.
artifact: hint: The token may not write here: check --team.
artifact: hint: Or Remote Caching is disabled, over its limit or paused by the spend cap: an owner can tell in the billing settings.
`
	if got.code != 1 || !strings.HasSuffix(got.stderr, want) {
		t.Errorf("exit %d, %s", got.code, got.stderr)
	}
}

func refuse(status int, code string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"error":{"code":%q,"message":"No."}}`, code)
	}
}
