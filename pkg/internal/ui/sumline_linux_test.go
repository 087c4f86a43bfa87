package ui

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Compare with sha256sum, which before coreutils 9 did not escape carriage
// returns.
func TestSumLineAsSha256sum(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("sha256sum")
	if err != nil {
		t.Skip("no sha256sum here")
	}
	if version, _ := exec.Command(program, "--version").Output(); !strings.Contains(string(version), "GNU coreutils") {
		t.Skip("another sha256sum than GNU's")
	}
	dir := t.TempDir()
	for _, name := range []string{"plain", "a b", "new\nline", `back\slash`, `\n`, "日本", "\xff", "esc\x1b"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name), 0o600); err != nil {
			continue // a file system may refuse a name
		}
		command := exec.Command(program, "--", name)
		command.Dir = dir
		want, err := command.Output()
		if err != nil {
			t.Fatal(err)
		}
		if got := SumLine(fmt.Sprintf("%x", sha256.Sum256([]byte(name))), name) + "\n"; got != string(want) {
			t.Errorf("%q gives %q, sha256sum %q", name, got, want)
		}
	}
}
