package main

import (
	"bytes"
	"debug/elf"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// goreleaser is pinned: later ones ask for another Go.
const goreleaser = "github.com/goreleaser/goreleaser/v2@v2.16.0"

// largestProgram is the promised limit of the linux program's size.
const largestProgram = 14 << 20

// TestRelease builds a release of the last commit twice, compares both, and tries
// the result. It takes minutes, and tools from the module proxy.
func TestRelease(t *testing.T) {
	t.Parallel()
	if os.Getenv("ARTIFACT_TEST_LONG") == "" {
		t.Skip("needs ARTIFACT_TEST_LONG=1")
	}
	first := snapshot(t, "umask 022; TZ=UTC")
	second := snapshot(t, "umask 077; TZ=Asia/Tokyo")
	archives := filesOf(t, first, "*.tar.gz", "*.zip", "*.deb", "*.rpm", "*.apk")
	if names := slices.Sorted(maps.Keys(archives)); len(names) != 12 { // 3 systems, 2 processors; 3 packages of linux
		t.Errorf("12 archives and packages are expected: %q", names)
	}
	again := filesOf(t, second, "*.tar.gz", "*.zip", "*.deb", "*.rpm", "*.apk")
	for name, content := range archives {
		if !bytes.Equal(content, again[name]) {
			t.Errorf("%s differs between two builds of one commit", name)
		}
	}
	if boms := filesOf(t, first, "*.cdx.json"); len(boms) != 6 {
		t.Errorf("%d SBOMs, and 6 programs", len(boms))
	}
	checksums := exec.Command("sha256sum", "--check", "--strict", "--quiet", "checksums.txt")
	checksums.Dir = first
	if out, err := checksums.CombinedOutput(); err != nil {
		t.Errorf("checksums.txt: %v\n%s", err, out)
	}
	t.Run("tar.gz", func(t *testing.T) {
		checkPackage(t, first, ".tar.gz", `tar -xpzf "$1" -C "$2"`, "artifact",
			"README.md", "LICENSE", "manual/artifact.1", "manual/artifact-put.1",
			"completions/artifact.bash", "completions/_artifact", "completions/artifact.fish", "completions/artifact.ps1")
	})
	t.Run("deb", func(t *testing.T) {
		checkPackage(t, first, ".deb", `dpkg-deb --extract "$1" "$2"`, "usr/bin/artifact",
			"usr/share/doc/artifact/copyright", "usr/share/man/man1/artifact.1", "usr/share/man/man1/artifact-put.1",
			"usr/share/bash-completion/completions/artifact", "usr/share/zsh/vendor-completions/_artifact",
			"usr/share/fish/vendor_completions.d/artifact.fish")
	})
}

// snapshot makes a release without publishing it and returns its directory.
// A clone has a remote, without which goreleaser makes up the commit.
func snapshot(t *testing.T, circumstances string) string {
	t.Helper()
	clone := filepath.Join(t.TempDir(), "clone")
	script := circumstances + `; export TZ; git clone -q --no-local -- "$1" "$2" && cd "$2" &&
		go run "$3" check && go run "$3" release --snapshot --clean`
	root := must(filepath.Abs("../.."))(t)
	if out, err := exec.Command("sh", "-c", script, "sh", root, clone, goreleaser).CombinedOutput(); err != nil {
		t.Fatalf("making a release: %v\n%s", err, out)
	}
	return filepath.Join(clone, "dist")
}

func filesOf(t *testing.T, dir string, patterns ...string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for _, pattern := range patterns {
		names, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil || len(names) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(names), err)
		}
		for _, name := range names {
			content := must(os.ReadFile(name))(t)
			files[filepath.Base(name)] = content
		}
	}
	return files
}

// checkPackage unpacks a package with a shell command and checks its texts and
// program.
func checkPackage(t *testing.T, dist, ending, unpack, program string, texts ...string) {
	t.Helper()
	to := t.TempDir()
	for name := range filesOf(t, dist, "*_linux_"+runtime.GOARCH+ending) {
		if out, err := exec.Command("sh", "-c", unpack, "sh", filepath.Join(dist, name), to).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", unpack, err, out)
		}
	}
	for _, name := range texts {
		checkText(t, filepath.Join(to, name))
	}
	checkProgram(t, filepath.Join(to, program))
}

// checkText checks that a file exists, and is readable for everyone.
func checkText(t *testing.T, path string) {
	t.Helper()
	if info, err := os.Stat(path); err != nil || info.Size() == 0 || info.Mode().Perm() != 0o644 {
		t.Errorf("%s: %v, %v", path, info, err)
	}
}

// checkProgram runs the program as users get it.
func checkProgram(t *testing.T, path string) {
	t.Helper()
	checkStatic(t, path)
	commit := must(exec.Command("git", "rev-parse", "--short", "HEAD").Output())(t)
	out, err := exec.Command(path, "version").Output()
	if err != nil || !strings.Contains(string(out), strings.TrimSpace(string(commit))) {
		t.Errorf("version: %q, %v; the commit is %s", out, err, commit)
	}
	story := exec.Command(path, "serve", "--dir", t.TempDir(), "--", "artifact", "put", "-q", writeFile(t, filepath.Join(t.TempDir(), "hello"), hello))
	if out, err := story.Output(); err != nil || string(out) != helloSHA256+"\n" {
		t.Errorf("an upload printed %q, %v", out, err)
	}
}

// checkStatic checks that a program is static, is not too large, and can be run.
func checkStatic(t *testing.T, path string) {
	t.Helper()
	program := must(elf.Open(path))(t)
	defer program.Close()
	if libraries, err := program.ImportedLibraries(); err != nil || len(libraries) > 0 || program.Section(".interp") != nil {
		t.Errorf("the program is not static: %q, %v", libraries, err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Size() > largestProgram || info.Mode().Perm() != 0o755 {
		t.Errorf("the program: %d bytes, at most %d are promised; %v, %v", info.Size(), largestProgram, info.Mode(), err)
	}
}
