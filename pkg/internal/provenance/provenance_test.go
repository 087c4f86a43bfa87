package provenance

import (
	"crypto/sha256"
	"encoding/hex"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// The states of a work tree, and the untracked files in the order in which they
// are hashed. nothing marks states for which git diff prints nothing.
var states = []struct {
	name      string
	make      func(t tree)
	untracked []string
	nothing   bool
}{
	{"clean", func(tree) {}, nil, true},
	{"modified", func(t tree) { t.write("a.txt", "new\n") }, nil, false},
	{"staged", func(t tree) { t.write("a.txt", "new\n"); t.git("add", "a.txt") }, nil, false},
	{"staged and modified again", func(t tree) { t.write("a.txt", "new\n"); t.git("add", "a.txt"); t.write("a.txt", "b\n") }, nil, false},
	{"staged, then reverted", func(t tree) { t.write("a.txt", "new\n"); t.git("add", "a.txt"); t.write("a.txt", "a\n") }, nil, true},
	{"written again as it was", func(t tree) { t.remove("a.txt"); t.write("a.txt", "a\n") }, nil, true},
	{"deleted", func(t tree) { t.remove("a.txt") }, nil, false},
	{"deleted and staged", func(t tree) { t.git("rm", "-q", "a.txt") }, nil, false},
	{"deleted in the index only", func(t tree) { t.git("rm", "-q", "--cached", "a.txt") }, []string{"a.txt"}, false},
	{"added", func(t tree) { t.write("new", "new\n"); t.git("add", "new") }, nil, false},
	{"intent to add", func(t tree) { t.write("new", "new\n"); t.git("add", "-N", "new") }, nil, false},
	{"renamed", func(t tree) { t.git("mv", "a.txt", "z.txt") }, nil, false},
	{"binary", func(t tree) { t.write("a.txt", "a\x00b\n") }, nil, false},
	{"executable bit set", func(t tree) { t.chmod("a.txt", 0o755) }, nil, false},
	{"symlink to elsewhere", func(t tree) { t.remove("link"); t.symlink("b", "link") }, nil, false},
	{"a file for a directory", func(t tree) { t.remove("dir"); t.write("dir", "new\n") }, []string{"dir"}, false},
	{"unmerged", func(t tree) {
		t.git("checkout", "-q", "-b", "other")
		t.write("a.txt", "b\n")
		t.commit()
		t.git("checkout", "-q", "-b", "mine", "HEAD^")
		t.write("a.txt", "new\n")
		t.commit()
		t.git("read-tree", "-m", "other^", "mine", "other")
		t.write("a.txt", "run\n")
	}, nil, false},
	{"untracked", func(t tree) {
		t.write("n/b", "b\n")
		t.write("n/a/c", "a\n")
		t.write("Z", "")
		t.write("n.x", "")
		t.mkdir("empty")
	},
		[]string{"Z", "n.x", "n/a/c", "n/b"}, true},
	{"untracked and modified", func(t tree) { t.write("x.txt", ""); t.write("a.txt", "new\n") }, []string{"x.txt"}, false},
	{"untracked links", func(t tree) {
		t.symlink("a.txt", "l")
		t.symlink("nowhere", "A")
		t.symlink("dir", "d")
		t.write("m", "")
	},
		[]string{"m", "A", "d", "l"}, true},
	{"ignored", func(t tree) {
		t.write(".git/info/exclude", "*.p\n")
		t.write("x.p", "a\n")
		t.write("excludes", "*.q\nexcludes\n")
		t.git("config", "core.excludesFile", t.path("excludes"))
		t.write("x.q", "a\n")
	}, nil, true},
	{"names that need quotes", func(t tree) {
		for _, name := range []string{"new\nline", `"quoted"`, `back\slash`, "-dash", "tab\t", " space ", "ü", ":(top)x", "160000 0 0\tx"} {
			t.write(name, "new\n")
		}
		t.git("mv", "a.txt", "ö")
	}, []string{" space ", `"quoted"`, "-dash", "160000 0 0\tx", ":(top)x", `back\slash`, "new\nline", "tab\t", "ü"}, false},
	{"repositories inside", func(t tree) {
		t.mkdir("in/again")
		in := t.at("in")
		in.git("init", "-q")
		in.write("tracked", "")
		in.write(".gitignore", "*.o\n")
		in.write("x.o", "")
		in.commit()
		in.symlink("tracked", "link")
		in.at("again").git("init", "-q")
		in.write("again/new", "")
	}, []string{"in/.gitignore", "in/again/new", "in/tracked", "in/link"}, true},
	{"an empty repository inside", func(t tree) { t.mkdir("in"); t.at("in").git("init", "-q") }, nil, true},
	{"a clean submodule", func(t tree) { t.submodule() }, []string{"sub/lib.c"}, true},
	{"a dirty submodule", func(t tree) { t.submodule(); t.write("sub/new", "") }, []string{"sub/lib.c", "sub/new"}, true},
	{"a changed submodule", func(t tree) { t.submodule(); t.write("sub/lib.c", "b\n") }, []string{"sub/lib.c"}, false},
	{"a submodule that is not checked out", func(t tree) { t.submodule(); t.git("submodule", "deinit", "-q", "-f", "sub") }, nil, true},
	{"what the user's settings change", func(t tree) {
		t.git("config", "diff.noprefix", "true")
		t.git("config", "diff.context", "1")
		t.git("config", "status.showUntrackedFiles", "no")
		t.write("a.txt", "new\n")
		t.write("new", "")
	}, []string{"new"}, false},
}

// submodule adds one at sub, in a commit.
func (t tree) submodule() {
	t.Helper()
	lib := newTree(t.TB)
	lib.write("lib.c", "a\n")
	lib.commit()
	t.git("submodule", "add", "-q", lib.dir, "sub")
	t.commit()
}

// formula is the dirty hash as a shell gets it.
func (t tree) formula(untracked []string, more ...string) string {
	t.Helper()
	var hashed strings.Builder
	for _, path := range untracked {
		hashed.WriteString("?\x00" + path + "\x00")
	}
	hashed.WriteString(t.output(append([]string{"diff", "HEAD", "--no-ext-diff", "--no-color"}, more...)...))
	if hashed.Len() == 0 {
		return ""
	}
	sum := sha256.Sum256([]byte(hashed.String()))
	return hex.EncodeToString(sum[:])
}

func TestDirtyHash(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows has neither these names nor modes")
	}
	for _, state := range states {
		t.Run(state.name, func(t *testing.T) {
			t.Parallel()
			w := baseTree(t)
			state.make(w)
			if diff := w.output("diff", "HEAD"); (diff == "") != state.nothing {
				t.Errorf("git diff prints %q", diff)
			}
			want := Revision{w.git("rev-parse", "HEAD"), w.formula(state.untracked)}
			if got := w.revision(); got != want {
				t.Errorf("%+v, want %+v", got, want)
			}
			w.mkdir("some/where")
			if got := w.at("some/where").revision(); got != want {
				t.Errorf("in a subdirectory: %+v, want %+v", got, want)
			}
		})
	}
}

// TestDirtyHashIsPinned compares with hashes from real turbo.
func TestDirtyHashIsPinned(t *testing.T) {
	t.Parallel()
	w := baseTree(t)
	w.write("a.txt", "new\n")
	const modified = "ec5260735a9dd8efcf52f3e0fa97176d0984e27eb672a47e2d75a019f800b1d4"
	if got := w.revision().DirtyHash; got != modified {
		t.Errorf("modified: %s, want %s", got, modified)
	}
	w.git("config", "diff.relative", "true")
	if got := w.at("dir").revision().DirtyHash; got != modified {
		t.Errorf("in a subdirectory, with diff.relative: %s, want %s", got, modified)
	}
}

// TestKindsOfRepository checks that the kind of a repository does not change the
// state.
func TestKindsOfRepository(t *testing.T) {
	t.Parallel()
	change := func(w tree) tree {
		w.write("a.txt", "new\n")
		w.write("new", "")
		return w
	}
	plain := baseTree(t)
	plain.git("worktree", "add", "-q", "--detach", "../linked")
	linked := change(plain.at("../linked"))
	separate := baseTree(t)
	separate.git("init", "-q", "--separate-git-dir", "../elsewhere")
	named := baseTree(t)
	named.environ = append(slices.Clone(named.environ), "GIT_DIR="+named.path(".git"), "GIT_WORK_TREE="+named.dir)
	named.dir = t.TempDir() // a variable names the tree
	want := change(plain).revision()
	change(separate)
	change(tree{TB: t, dir: strings.TrimSuffix(named.environ[len(named.environ)-2][len("GIT_DIR="):], "/.git"), environ: named.environ})
	for name, w := range map[string]tree{"linked": linked, "separate": separate, "named": named} {
		if got := w.revision(); got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
	sha256Tree := newTree(t, "--object-format=sha256")
	sha256Tree.write("a.txt", "a\n")
	if head := sha256Tree.commit(); sha256Tree.revision() != (Revision{SHA: head}) || len(head) != 64 {
		t.Errorf("SHA-256: %+v, want %s", sha256Tree.revision(), head)
	}
}
