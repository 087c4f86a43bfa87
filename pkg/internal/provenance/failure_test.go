package provenance

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
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
