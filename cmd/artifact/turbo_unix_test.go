//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// turbo is a version of turbo, with a workspace of one task whose output has more
// than 8 MiB.
type turbo struct {
	program    string
	scheme     string // its signature scheme
	workspace  string
	remoteOnly string // the flag that disables the local cache
}

func newTurbo(t *testing.T, version, scheme string) *turbo {
	t.Helper()
	w := &turbo{program: peer(t, version+"/bin/turbo"), scheme: scheme, workspace: t.TempDir(), remoteOnly: "--cache=remote:rw"}
	tasks := "tasks"
	switch version {
	case "turbo-1.10.16":
		tasks = "pipeline"
		fallthrough
	case "turbo-2.0.14":
		w.remoteOnly = "--remote-only"
	}
	for name, content := range map[string]string{
		"package.json":      `{"name":"w","private":true,"packageManager":"npm@10.0.0","scripts":{"build":"mkdir -p dist && head -c 9000000 /dev/urandom >dist/big"}}`,
		"package-lock.json": `{"name":"w","lockfileVersion":3,"requires":true,"packages":{"":{"name":"w"}}}`,
		"turbo.json":        `{"remoteCache":{"signature":true},"` + tasks + `":{"build":{"outputs":["dist/**"]}}}`,
		".gitignore":        ".turbo\nnode_modules\ndist\n",
	} {
		writeFile(t, filepath.Join(w.workspace, name), content)
	}
	return w
}

var executed = regexp.MustCompile(`cache (miss, executing|bypass, force executing|hit, replaying logs) ([0-9a-f]{16})`)

// build runs the task against a cache, without turbo's local one, and returns the
// task's hash and whether it was a hit.
func (w *turbo) build(t *testing.T, at remote, env []string) (hash string, hit bool) {
	t.Helper()
	return w.run(t, at, env, w.remoteOnly)
}

func (w *turbo) run(t *testing.T, at remote, env []string, caches string) (hash string, hit bool) {
	t.Helper()
	mustDo(t, os.RemoveAll(filepath.Join(w.workspace, "dist")))
	out := w.exec(t, at, env, "run", "build", caches)
	found := executed.FindStringSubmatch(out)
	if found == nil {
		t.Fatalf("turbo:\n%s", out)
	}
	if _, err := os.Stat(filepath.Join(w.workspace, "dist/big")); err != nil {
		t.Fatalf("after turbo: %v\n%s", err, out)
	}
	return found[2], strings.HasPrefix(found[1], "hit")
}

// exec runs turbo, which must succeed, and returns its output.
func (w *turbo) exec(t *testing.T, at remote, env []string, args ...string) string {
	t.Helper()
	cmd := exec.Command(w.program, args...)
	home := t.TempDir()
	cmd.Dir = w.workspace
	cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "XDG_CONFIG_HOME=" + home, "GIT_CONFIG_NOSYSTEM=1",
		"TURBO_TELEMETRY_DISABLED=1", "DO_NOT_TRACK=1", "TURBO_API=" + at.api, "TURBO_TOKEN=" + at.token,
	}, env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("turbo: %v\n%s", err, out)
	}
	return string(out)
}
