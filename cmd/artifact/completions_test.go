package main

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "write completions/ and testdata/screens/ anew")

// TestCompletions compares completions/, which is part of releases, with the
// program's output. Update it with
//
//	go test ./cmd/artifact -run TestCompletions -update
func TestCompletions(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"bash": "artifact.bash", "zsh": "_artifact", "fish": "artifact.fish", "powershell": "artifact.ps1",
	}
	for shell, name := range files {
		cmd := exec.Command("artifact", "completion", shell)
		// Nothing of ARTIFACT_* may get in, and a process with the race
		// detector would sleep a second before it ends.
		cmd.Env = []string{"GORACE=atexit_sleep_ms=0"}
		want, err := cmd.Output()
		if err != nil || len(want) == 0 {
			t.Fatalf("artifact completion %s: %d bytes, %v", shell, len(want), err)
		}
		path := filepath.Join("../../completions", name)
		if *update {
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Error(err)
			}
			continue
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != string(want) {
			t.Errorf("%s is not what artifact completion %s prints (%v)", path, shell, err)
		}
	}
	kept, err := os.ReadDir("../../completions")
	if err != nil || len(kept) != len(files) {
		t.Errorf("completions/ holds %d files, and %d shells are known (%v)", len(kept), len(files), err)
	}
}
