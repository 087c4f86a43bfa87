package provenance

import (
	"path/filepath"
	"slices"
	"testing"
)

// Where the root is told without git, git would say the same; where something
// could lead git elsewhere, it is asked.
func TestPlainRoot(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		prepare func(tree) tree
		sure    bool
	}{
		"root":         {func(w tree) tree { return w }, true},
		"subdirectory": {func(w tree) tree { return w.at("dir") }, true},
		"an empty .git below": {func(w tree) tree {
			w.mkdir("dir/.git")
			return w.at("dir")
		}, true},
		"a repository inside": {func(w tree) tree {
			w.mkdir("in/side")
			w.at("in").git("init", "-q")
			w.at("in").commit()
			return w.at("in/side")
		}, true},
		"core.worktree": {func(w tree) tree {
			w.git("config", "core.worktree", w.path("dir"))
			return w.at("dir")
		}, false},
		"an included file": {func(w tree) tree {
			w.git("config", "include.path", "other")
			return w
		}, false},
		"a linked work tree": {func(w tree) tree {
			w.git("worktree", "add", "-q", "--detach", w.path("../linked"))
			return w.at(w.path("../linked"))
		}, false},
		"a .git file": {func(w tree) tree {
			elsewhere := filepath.Join(w.TempDir(), "elsewhere")
			w.git("init", "-q", "--separate-git-dir", elsewhere)
			return w
		}, false},
		"GIT_DIR": {func(w tree) tree {
			w.environ = append(slices.Clone(w.environ), "GIT_DIR="+w.path(".git"))
			return w
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := baseTree(t)
			w.TB = t
			w = test.prepare(w)
			r, err := openRepository(w.dir, w.environ)
			w.must(err)
			root, sure := r.plainRoot()
			if sure != test.sure {
				t.Fatalf("sure of %q: %v, want %v", root, sure, test.sure)
			}
			if want := w.git("rev-parse", "--show-toplevel"); sure && !sameFile(root, want) {
				t.Errorf("root %q, git says %q", root, want)
			}
		})
	}
}
