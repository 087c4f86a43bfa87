package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestReport compares all output, for malicious names.
func TestReport(t *testing.T) {
	t.Parallel()
	input := `{"path":"a|b\n<img src=x>","hash":"5891","status":"uploaded","size":6,"urls":["http://x/1","http://x/2"],"seconds":0.1}
{"path":"@all","hash":"77","status":"failed","error":{"exit":5,"message":"no [link](x)"}}
{"error":{"exit":3,"message":"no credential"}}
`
	dir := t.TempDir()
	env := map[string]string{"GITHUB_OUTPUT": filepath.Join(dir, "output"), "GITHUB_STEP_SUMMARY": filepath.Join(dir, "summary")}
	if err := os.WriteFile(env["GITHUB_OUTPUT"], []byte("before=1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var passed strings.Builder
	if err := report(strings.NewReader(input), &passed, func(name string) string { return env[name] }); err != nil {
		t.Fatal(err)
	}
	if passed.String() != input {
		t.Errorf("passed on: %q", passed.String())
	}
	output, err := os.ReadFile(env["GITHUB_OUTPUT"])
	if err != nil {
		t.Fatal(err)
	}
	delimiter := strings.TrimPrefix(strings.Split(string(output), "\n")[1], "hash<<")
	if len(delimiter) < 20 {
		t.Errorf("the delimiter %q can be guessed", delimiter)
	}
	want := "before=1\nhash<<D\n5891\nD\nurls<<D\nhttp://x/1\nhttp://x/2\nD\n"
	if got := strings.ReplaceAll(string(output), delimiter, "D"); got != want {
		t.Errorf("output %q, want %q", got, want)
	}
	table, err := os.ReadFile(env["GITHUB_STEP_SUMMARY"])
	if err != nil {
		t.Fatal(err)
	}
	want = `### Remote Cache

| File | Id | Bytes | Status |
|---|---|--:|---|
| a&#124;b` + "\uFFFD" + `&#60;img src&#61;x&#62; | 5891 | 6 | uploaded |
| &#64;all | 77 |  | failed&#58; no &#91;link&#93;&#40;x&#41; |
|  |  |  | failed&#58; no credential |
`
	if string(table) != want {
		t.Errorf("summary:\n%s\nwant:\n%s", table, want)
	}
}

// TestReportElsewhere writes nothing outside of GitHub, and fails for invalid
// results.
func TestReportElsewhere(t *testing.T) {
	t.Parallel()
	nothing := func(string) string { return "" }
	if err := report(strings.NewReader(""), new(strings.Builder), nothing); err != nil {
		t.Error(err)
	}
	if err := report(strings.NewReader("nonsense\n"), new(strings.Builder), nothing); err == nil {
		t.Error("nonsense was no error")
	}
}
