package provenance

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/artifact-cli/artifact/pkg/internal/must"
)

// As a helper, the test binary prints the state of a work tree.
const helperVariable = "PROVENANCE_TEST_HELPER"

func TestMain(m *testing.M) {
	if os.Getenv(helperVariable) == "" {
		os.Exit(m.Run())
	}
	rev, err := ask(context.Background(), os.Args[1], os.Environ())
	fmt.Printf("%+v %v", rev, err)
}

// cleanEnviron returns an environment without the developer's settings.
func cleanEnviron(tb testing.TB, more ...string) []string {
	tb.Helper()
	return append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + tb.TempDir(), "TMPDIR=" + os.TempDir(),
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_CONFIG_SYSTEM=" + os.DevNull,
	}, more...)
}

// A tree is a work tree to try things in.
type tree struct {
	testing.TB
	dir     string
	environ []string
}

// newTree creates a repository with a commit of base.
func newTree(tb testing.TB, initArgs ...string) tree {
	tb.Helper()
	t := tree{TB: tb, dir: filepath.Join(tb.TempDir(), "tree"), environ: cleanEnviron(tb)}
	t.mkdir("")
	t.git(append([]string{"init", "-q"}, initArgs...)...)
	return t
}

// baseTree has a commit of some files.
func baseTree(tb testing.TB) tree {
	tb.Helper()
	t := newTree(tb)
	t.write("a.txt", "a\n")
	t.write("dir/b.txt", "b\n")
	t.write("run.sh", "run\n")
	t.chmod("run.sh", 0o755)
	t.symlink("a.txt", "link")
	t.commit()
	return t
}

// git runs git as the user does, for setup.
func (t tree) git(args ...string) string {
	t.Helper()
	return strings.TrimSpace(t.output(args...))
}

// output returns git's output.
func (t tree) output(args ...string) string {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "user.name=a", "-c", "user.email=a@b.invalid", "-c", "commit.gpgSign=false",
		"-c", "protocol.file.allow=always", "-c", "init.defaultBranch=main", "-c", "advice.addEmbeddedRepo=false"}, args...)...)
	cmd.Dir, cmd.Env = t.dir, append(slices.Clone(t.environ), "LC_ALL=C",
		"GIT_AUTHOR_DATE=1700000000 +0000", "GIT_COMMITTER_DATE=1700000000 +0000")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %q: %v\n%s", args, err, out)
	}
	return string(out)
}

func (t tree) commit() string {
	t.Helper()
	t.git("add", "--all")
	t.git("commit", "-q", "--allow-empty", "-m", "x")
	return t.git("rev-parse", "HEAD")
}

// at returns a tree for another directory with the same environment.
func (t tree) at(dir string) tree {
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(t.dir, dir)
	}
	t.dir = dir
	return t
}

func (t tree) path(name string) string { return filepath.Join(t.dir, name) }

func (t tree) mkdir(name string) { t.Helper(); must.Do(t, os.MkdirAll(t.path(name), 0o755)) }

func (t tree) write(name, content string) {
	t.Helper()
	must.Do(t, os.MkdirAll(filepath.Dir(t.path(name)), 0o755))
	must.Do(t, os.WriteFile(t.path(name), []byte(content), 0o644))
}

func (t tree) remove(name string) { t.Helper(); must.Do(t, os.RemoveAll(t.path(name))) }

func (t tree) chmod(name string, mode os.FileMode) {
	t.Helper()
	must.Do(t, os.Chmod(t.path(name), mode))
}

func (t tree) symlink(target, name string) { t.Helper(); must.Do(t, os.Symlink(target, t.path(name))) }

// revision returns the state of t, without an error.
func (t tree) revision() Revision {
	t.Helper()
	rev := must.Get(ask(context.Background(), t.dir, t.environ))(t)
	return rev
}

// ask waits for the answer.
func ask(ctx context.Context, dir string, environ []string) (Revision, error) {
	return Ask(ctx, dir, environ)()
}
