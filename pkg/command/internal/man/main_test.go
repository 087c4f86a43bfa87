package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestManual writes the manual as a release does, and renders it.
func TestManual(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "1234567890")
	dir := t.TempDir()
	gone, foreign := filepath.Join(dir, "artifact-gone.1"), filepath.Join(dir, "foreign.1")
	for _, path := range []string{gone, foreign} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := write(dir); err != nil {
		t.Fatal(err)
	}
	pages, err := filepath.Glob(filepath.Join(dir, "artifact*.1"))
	if err != nil || len(pages) < 5 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	if _, err := os.Stat(gone); err == nil {
		t.Error("the page of a command that is gone is still there")
	}
	if _, err := os.Stat(foreign); err != nil {
		t.Error("the page of another program is gone")
	}
	for page, want := range map[string][]string{
		"artifact.1":     {".SH COMMANDS\n", "\n  verify      Check that", ".SH EXIT STATUS", ".SH ENVIRONMENT", "ARTIFACT_TOKEN", "interrupted (SIGINT)", "artifact-put(1)"},
		"artifact-put.1": {`"2009-02-13"`, `\fB--hash\fP=\fIID\fP`, "\n\\fB--dry-run\\fP\n", "artifact put --pack dist"},
	} {
		text, err := os.ReadFile(filepath.Join(dir, page))
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range want {
			if !strings.Contains(string(text), part) {
				t.Errorf("%s lacks %q", page, part)
			}
		}
	}
	if _, err := exec.LookPath("mandoc"); err != nil {
		t.Skip("no mandoc")
	}
	// Ignore long lines of the source.
	if out, err := exec.Command("mandoc", append([]string{"-Tlint", "-Wwarning"}, pages...)...).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("mandoc -Tlint: %v\n%s", err, out)
	}
}

// TestRoff escapes plain text, and does not fill tables.
func TestRoff(t *testing.T) {
	t.Parallel()
	got := roff("A \\n\n.SH and\n'so:\n\n  1  x\n\n  2  .y\n\nEnd.\n")
	want := "A \\en\n\\&.SH and\n\\&'so:\n.PP\n.EX\n  1  x\n\n  2  .y\n.EE\n.PP\nEnd.\n"
	if got != want {
		t.Errorf("got:\n%q\nwant:\n%q", got, want)
	}
}
