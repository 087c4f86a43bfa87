package main

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestInstall runs README's command that builds the program, which must start
// without glibc.
func TestInstall(t *testing.T) {
	t.Parallel()
	readme := must(os.ReadFile("../../README.md"))(t)
	commands := regexp.MustCompile(`(?m)^.*go (install|build) .*\./cmd/artifact\b`).FindAllString(string(readme), -1)
	if len(commands) == 0 {
		t.Fatal("README has no command to build the program")
	}
	for _, command := range commands {
		dir := t.TempDir()
		build := exec.Command("sh", "-c", strings.Replace(command, " -o . ", ` -o "$GOBIN" `, 1))
		build.Dir = "../.."
		build.Env = append(os.Environ(), "GOBIN="+dir, "CGO_ENABLED=1")
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", command, err, out)
		}
		program := must(elf.Open(filepath.Join(dir, "artifact")))(t)
		if slices.ContainsFunc(program.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP }) {
			t.Errorf("%s makes a program that needs a dynamic linker", command)
		}
		_ = program.Close()
	}
}
