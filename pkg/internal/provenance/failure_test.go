package provenance

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/artifact-cli/artifact/pkg/internal/must"
)

func TestNoRevision(t *testing.T) {
	t.Parallel()
	bare := newTree(t, "--bare")
	unborn := newTree(t)
	unborn.write("new", "a\n")
	inGit := baseTree(t)
	nowhere := tree{TB: t, dir: t.TempDir(), environ: cleanEnviron(t, "GIT_CEILING_DIRECTORIES="+os.TempDir())}
	noGit := baseTree(t)
	noGit.environ = append(noGit.environ, "PATH=.:relative:"+t.TempDir())
	broken := baseTree(t)
	broken.write(".git/HEAD", "\x1b[31mnonsense\n")
	broken.environ = append(broken.environ, "GIT_CEILING_DIRECTORIES="+filepath.Dir(broken.dir))
	tests := []struct {
		name string
		tree tree
		want string
		is   error
	}{
		{"no commit", unborn, "the current branch has no commit yet", ErrNoCommit},
		{"bare", bare, "not in a git work tree", ErrNoWorkTree},
		{"inside .git", inGit.at(".git"), "git status: this operation must be run in a work tree", nil},
		{"no repository", nowhere, "not in a git work tree", ErrNoWorkTree},
		{"no git", noGit, "looking for git on PATH: executable file not found in $PATH", exec.ErrNotFound},
		{"broken", broken, "git status: not a git repository (or any of the parent directories): .git", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			rev, err := ask(context.Background(), test.tree.dir, test.tree.environ)
			if rev != (Revision{}) || err == nil || err.Error() != test.want {
				t.Errorf("got %+v, %v, want an error %q", rev, err, test.want)
			}
			if test.is != nil && !errors.Is(err, test.is) {
				t.Errorf("%v is not %v", err, test.is)
			}
		})
	}
	if _, err := ask(context.Background(), inGit.path("missing"), cleanEnviron(t)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a directory that does not exist: %v", err)
	}
}

func TestReasonIsOnePrintableLine(t *testing.T) {
	t.Parallel()
	got := reasonIn("warning: x\nfatal: a\x1b[31mb\tc" + strings.Repeat("ü", 400) + "\nhint: y\n")
	if want := "a?[31mb c" + strings.Repeat("ü", 400); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := reasonIn("\nerror: first\nlast\n"); got != "error: first" {
		t.Errorf("%q", got)
	}
}

func TestTailIsBounded(t *testing.T) {
	t.Parallel()
	w := &tail{limit: 10}
	if _, err := io.Copy(w, strings.NewReader(strings.Repeat("x", 1<<20)+"\nfatal: y\n")); err != nil {
		t.Fatal(err)
	}
	if len(w.kept) > 20 || cap(w.kept) > 100 || reasonIn(w.lines()) != "y" {
		t.Errorf("%d bytes of %d kept: %q", len(w.kept), cap(w.kept), w.kept)
	}
	w = &tail{limit: 10}
	if _, err := io.WriteString(w, "the token is canary-9c1f3a5e7d"); err != nil || w.lines() != "" {
		t.Errorf("the end of a line is kept as one: %q, %v", w.lines(), err)
	}
}

func TestCleanFilterSeesNoToken(t *testing.T) {
	t.Parallel()
	w := baseTree(t)
	seen := filepath.Join(t.TempDir(), "environment")
	w.git("config", "filter.env.clean", "env >"+seen+"; cat")
	w.write(".git/info/attributes", "*.env filter=env\n")
	w.write("x.env", "a")
	w.git("add", "x.env")
	w.write("x.env", "b")
	must.Do(w, os.RemoveAll(seen))
	w.environ = append(w.environ, "ARTIFACT_TOKEN=secret", "TURBO_TOKEN=secret", "AWS_SECRET_ACCESS_KEY=secret", "GIT_ASKPASS=secret",
		"SSH_AUTH_SOCK=secret", "GIT_CONFIG_PARAMETERS='http.extraHeader=secret'", "XDG_CONFIG_HOME=/nowhere",
		"GIT_CONFIG_COUNT=2", "GIT_CONFIG_KEY_0=http.https://github.com/.extraheader", "GIT_CONFIG_VALUE_0=secret",
		"GIT_CONFIG_KEY_1=core.sshCommand", "GIT_CONFIG_VALUE_1=secret")
	if w.revision().DirtyHash == "" {
		t.Error("clean")
	}
	text := must.Get(os.ReadFile(seen))(w)
	if s := string(text); strings.Contains(s, "secret") || !strings.Contains(s, "XDG_CONFIG_HOME=/nowhere\n") || !strings.Contains(s, "LC_ALL=C\n") {
		t.Errorf("a filter sees\n%s", text)
	}
}

func TestGitEnviron(t *testing.T) {
	t.Parallel()
	got := gitEnviron([]string{
		"PATH=/first", "PATH=/bin", "HOME=/h", "TOKEN=x", "GIT_DIR=d", "GIT_PAGER=p", "GIT_EDITOR=e", "broken",
		"GIT_CONFIG_COUNT=1000000000", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*",
		"GIT_CONFIG_KEY_1=http.extraHeader", "GIT_CONFIG_VALUE_1=x", "GIT_CONFIG_KEY_2=Core.AutoCRLF", "GIT_CONFIG_VALUE_2=true",
		"GIT_CONFIG_KEY_3=url.https://token@host/.insteadOf", "GIT_CONFIG_VALUE_3=x", "GIT_CONFIG_KEY_4=core.askPass", "GIT_CONFIG_VALUE_4=x",
		"GIT_CONFIG_KEY_5=diff.x.textconv", "GIT_CONFIG_VALUE_5=x", "GIT_CONFIG_KEY_6=diff.noprefix", "GIT_CONFIG_VALUE_6=true",
	})
	want := append(slices.Clone(fixed), "PATH=/bin", "HOME=/h", "GIT_DIR=d",
		"GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*", "GIT_CONFIG_KEY_1=Core.AutoCRLF", "GIT_CONFIG_VALUE_1=true",
		"GIT_CONFIG_KEY_2=diff.noprefix", "GIT_CONFIG_VALUE_2=true", "GIT_CONFIG_COUNT=3")
	if !slices.Equal(got, want) {
		t.Errorf("environment %q, want %q", got, want)
	}
}
