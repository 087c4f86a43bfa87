//go:build unix

package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// hostileNames are what a directory may hold. Not all systems take the one that
// is no UTF-8.
func hostileNames(t *testing.T, dir string) []string {
	t.Helper()
	names := []string{
		"a\nb", "a\rb", "\n", "\x1b[2Jx", "\x1b]0;title\x07", "\u009b31m", "gpj.\u202eexe", `a\b`, `\n`, "-n", "--hash", "-", "- ", " ", " x ", "...", "$(id)",
		"a\tb", "\x7f", "*", "'\"", strings.Repeat("x", 255),
	}
	if os.WriteFile(filepath.Join(dir, "a\xffb"), nil, 0o600) == nil {
		names = append(names, "a\xffb")
	}
	for _, name := range names {
		writeFile(t, filepath.Join(dir, name), "in "+name)
	}
	return names
}

// TestHostileNames uploads files with such names in every way that there is,
// and checks what was printed for them with verify and sha256sum.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	for way, put := range map[string]string{
		"arguments":    `artifact put -- ./* ./...`,
		"-r":           `artifact put -r .`,
		"--files-from": `find . -type f ! -name '*` + "\n" + `*' | artifact put --files-from -`,
		"-0":           `find . -type f -print0 | artifact put -0 --files-from -`,
	} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			dir, sums := t.TempDir(), filepath.Join(t.TempDir(), "sums")
			var want []string
			for _, name := range hostileNames(t, dir) {
				if way == "--files-from" && strings.Contains(name, "\n") {
					continue // it cannot stand in such a list
				}
				path := "./" + name
				if way == "-r" && name != "-" {
					path = name
				}
				line := fmt.Sprintf("%x  %s", sha256.Sum256([]byte("in "+name)), path)
				if strings.ContainsAny(path, "\n\r\\") {
					line = `\` + strings.NewReplacer("\n", `\n`, "\r", `\r`, `\`, `\\`).Replace(line)
				}
				want = append(want, line)
			}
			// The line with the number of artifacts ends with it.
			script := put + ` >"$SUMS" && sha256sum -c --quiet "$SUMS" && artifact verify -q -c "$SUMS"`
			got := call{args: []string{"serve", "--", "sh", "-c", script}, dir: dir, env: []string{"SUMS=" + sums}}.run(t).steady()
			if got.code != 0 || got.stdout != "" || !strings.HasPrefix(got.stderr, fmt.Sprintf("artifact: %d uploaded, 0 skipped", len(want))) ||
				strings.ContainsAny(got.stderr, "\x1b\x07\r\x7f\u009b\u202e") {
				t.Errorf("%+v", got)
			}
			content, err := os.ReadFile(sums)
			if err != nil {
				t.Fatal(err)
			}
			lines := strings.Split(strings.TrimSuffix(string(content), "\n"), "\n")
			slices.Sort(lines)
			slices.Sort(want)
			if !slices.Equal(lines, want) {
				t.Errorf("printed %q\nwant %q", lines, want)
			}
		})
	}
}

// TestHostileTree takes what can be read of a directory, and names the rest.
func TestHostileTree(t *testing.T) {
	t.Parallel()
	server, dir := record(t, nil), t.TempDir()
	writeFile(t, filepath.Join(dir, "good"), hello)
	for name, make := range map[string]func(string) error{
		"loop":   func(path string) error { return os.Symlink("loop", path) },
		"gone":   func(path string) error { return os.Symlink("nowhere", path) },
		"above":  func(path string) error { return os.Symlink("..", path) },
		"secret": func(path string) error { return os.WriteFile(path, nil, 0) },
		"closed": func(path string) error { return os.Mkdir(path, 0) },
	} {
		if err := make(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	cmd := call{args: []string{"put", "-q", "-r", "."}, dir: dir, env: server.env()}.command(t)
	asNobody(t, cmd)
	got := finish(t, cmd)
	lines := strings.SplitAfter(got.stderr, "\n")
	slices.Sort(lines)
	got.stderr = strings.Join(lines, "")
	got.check(t, outcome{code: 2, stdout: helloSHA256 + "\n", stderr: "artifact: 1 failed: no such file or directory\nartifact: 1 failed: too many levels of symbolic links\n" +
		"artifact: 2 failed: permission denied\nartifact: 4 of 5 artifacts failed\n" +
		"artifact: reading closed: permission denied\nartifact: reading gone: no such file or directory\n" +
		"artifact: reading loop: too many levels of symbolic links\nartifact: reading secret: permission denied\n"})
	server.only(t)
}

// TestFewDescriptors works where hardly any file may be open, on many inputs
// and however many jobs are wanted.
func TestFewDescriptors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for i := range 100 { // too large to be kept in memory
		writeFile(t, filepath.Join(dir, fmt.Sprintf("f%02d", i)), strings.Repeat(fmt.Sprintf("%08d", i), 10_000))
	}
	const script = `limited() { (ulimit -n 16 && exec artifact "$@"); }
limited put f* >sums && limited verify -q -c sums && limited put -j 1000 --skip-existing f* >/dev/null &&
head -c 3000000 /dev/zero | limited put -q --hash k - && limited get -o got k && cat sums | wc -l`
	got := call{args: []string{"serve", "--", "sh", "-c", script}, dir: dir}.run(t).steady()
	got.stdout = strings.ReplaceAll(got.stdout, " ", "") // wc on some systems
	got.check(t, outcome{stdout: "k\n100\n",
		stderr: "artifact: 100 uploaded, 0 skipped, 0 failed, 0 not sent; 7.6 MiB in TIME\n" +
			"artifact: 0 uploaded, 100 skipped, 0 failed, 0 not sent; 0 B in TIME\n"})
}

// TestSparse uploads a file that is mostly a hole, and one over 4 GiB where
// there is time for it: there and back it is the same, byte for byte.
func TestSparse(t *testing.T) {
	t.Parallel()
	size, limit := int64(20<<20), patience
	if os.Getenv("ARTIFACT_TEST_LONG") != "" {
		size, limit = 4<<30+20<<20, 10*time.Minute
	}
	dir := t.TempDir()
	file, err := os.Create(filepath.Join(dir, "big"))
	if err != nil {
		t.Fatal(err)
	}
	if err := file.Truncate(size); err != nil {
		t.Fatal(err)
	}
	for _, at := range []int64{0, 10 << 20, size/2 + 1, size - 6} {
		if _, err := file.WriteAt([]byte(hello), at); err != nil {
			t.Fatal(err)
		}
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	const script = `artifact put --hash k big && artifact verify --hash k big && artifact stat --json k`
	got := call{args: []string{"serve", "--dir", "cache", "--", "sh", "-c", script}, dir: dir, limit: limit,
		env: []string{"ARTIFACT_NO_GIT=1", "ARTIFACT_INTERACTIVE=0", "ARTIFACT_PROGRESS=never"}}.run(t)
	got.check(t, outcome{stdout: fmt.Sprintf("k  big\nbig: OK\n"+`{"hash":"k","size":%d,"metadata":{}}`+"\n", size)})
}
