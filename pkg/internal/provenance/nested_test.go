package provenance

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// withSubmodules is a tree with a submodule "sub" that has one, "deep", too.
func withSubmodules(tb testing.TB) tree {
	tb.Helper()
	deep := newTree(tb)
	deep.write("deep.c", "a\n")
	deep.commit()
	sub := newTree(tb)
	sub.write("sub.c", "a\n")
	sub.git("submodule", "add", "-q", deep.dir, "deep")
	sub.git("config", "-f", ".gitmodules", "submodule.deep.url", "../deep")
	sub.commit()
	w := baseTree(tb)
	w.git("submodule", "add", "-q", sub.dir, "sub")
	w.git("config", "-f", ".gitmodules", "submodule.sub.url", "../sub")
	w.at("sub").git("config", "submodule.deep.url", deep.dir)
	w.at("sub").git("submodule", "update", "-q", "--init")
	w.commit()
	return w
}

func TestSubmodules(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		make func(w tree)
		// want may name {sub}, the commit of the submodule that is
		// recorded, {now}, the one that is checked out, and {dirty}, its
		// own dirty hash.
		want []string
	}{
		{"clean", func(w tree) {}, nil},
		{"modified", func(w tree) { w.write("sub/sub.c", "b\n") }, []string{"sub|160000 {sub}|160000 {sub} {dirty}|"}},
		{"untracked", func(w tree) { w.write("sub/new", "b\n") }, []string{"sub|160000 {sub}|160000 {sub} {dirty}|"}},
		{"rewritten as it was", func(w tree) { w.remove("sub/sub.c"); w.write("sub/sub.c", "a\n") }, nil},
		{"two levels down", func(w tree) { w.write("sub/deep/new", "b\n") }, []string{"sub|160000 {sub}|160000 {sub} {dirty}|"}},
		{"new commit", func(w tree) { w.at("sub").commit() }, []string{"sub|160000 {sub}|160000 {now}|"}},
		{"new commit, staged", func(w tree) { w.at("sub").commit(); w.git("add", "sub") }, []string{"sub|160000 {now}|160000 {now}|"}},
		{"new commit, and dirty", func(w tree) { w.at("sub").commit(); w.write("sub/new", "b\n") }, []string{"sub|160000 {sub}|160000 {now} {dirty}|"}},
		{"not checked out", func(w tree) { w.git("submodule", "deinit", "-q", "-f", "sub") }, nil},
		{"removed", func(w tree) { w.remove("sub") }, []string{"sub|160000 {sub}||"}},
		{"becomes a file", func(w tree) { w.remove("sub"); w.write("sub", "a\n") }, []string{"sub|160000 {sub}|100644 " + "78981922613b2afb6025042ff6bd878ac1994e85|"}},
		{"removed from the index only", func(w tree) { w.git("rm", "-q", "--cached", "sub") }, []string{"sub||160000 {sub}|"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := withSubmodules(t)
			recorded := w.at("sub").git("rev-parse", "HEAD")
			test.make(w)
			names := []string{"{sub}", recorded}
			if _, err := os.Stat(w.path("sub/.git")); err == nil {
				now := w.at("sub").revision()
				names = append(names, "{now}", now.SHA, "{dirty}", now.DirtyHash)
			}
			var want []string
			for _, line := range test.want {
				want = append(want, strings.NewReplacer(names...).Replace(line))
			}
			if got := w.entries(); !slices.Equal(got, want) {
				t.Errorf("entries %q, want %q", got, want)
			}
		})
	}
}

func TestRepositoriesInside(t *testing.T) {
	t.Parallel()
	w := baseTree(t)
	for _, dir := range []string{"with", "without", "dirty"} {
		w.mkdir(dir)
		w.at(dir).git("init", "-q")
	}
	w.at("with").commit()
	w.at("dirty").write("new", "b\n")
	w.at("dirty").symlink("a\n", "link")
	// git takes this for a directory like any other.
	w.write("empty/.git/x", "a\n")
	w.write("empty/x", "a\n")
	sha := w.at("with").git("rev-parse", "HEAD")
	dirty := digest([]entry{
		{path: "link", work: side{mode: modeSymlink, id: blob(t, "a\n")}},
		{path: "new", work: side{mode: modeFile, id: blob(t, "b\n")}},
	})
	want := []string{"dirty||160000 - " + dirty + "|", "empty/x||100644 " + blob(t, "a\n") + "|", "with||160000 " + sha + "|", "without||160000 -|"}
	if got := w.entries(); !slices.Equal(got, want) {
		t.Errorf("entries %q, want %q", got, want)
	}
}

func TestKindsOfRepository(t *testing.T) {
	t.Parallel()
	origin := baseTree(t)
	origin.write("a.txt", "b\n")
	head := origin.commit()
	new := blob(t, "new\n")
	want := []string{"a.txt|100644 " + blob(t, "b\n") + "|100644 " + new + "|", "new||100644 " + new + "|"}

	linked := origin.at(t.TempDir() + "/linked")
	origin.git("worktree", "add", "-q", "--detach", linked.dir)
	shallow := origin.at(t.TempDir() + "/shallow")
	origin.git("clone", "-q", "--depth=1", "file://"+origin.dir, shallow.dir)
	partial := origin.at(t.TempDir() + "/partial")
	origin.git("config", "uploadpack.allowFilter", "true")
	origin.git("clone", "-q", "--filter=blob:none", "file://"+origin.dir, partial.dir)
	separate := origin.at(t.TempDir() + "/separate")
	origin.git("clone", "-q", "--separate-git-dir="+t.TempDir()+"/elsewhere", origin.dir, separate.dir)
	byVariable := origin.at(t.TempDir() + "/by variable")
	origin.git("clone", "-q", origin.dir, byVariable.dir)
	byVariable.must(os.Rename(byVariable.path(".git"), byVariable.path("dir/elsewhere")))
	byVariable.git("--git-dir=dir/elsewhere", "config", "core.excludesFile", byVariable.path("dir/elsewhere/excludes"))
	byVariable.write("dir/elsewhere/excludes", "elsewhere\n")
	byVariable.environ = append(byVariable.environ, "GIT_DIR=dir/elsewhere", "GIT_WORK_TREE=.")
	newline := origin.at(t.TempDir() + "/new\nline")
	origin.git("clone", "-q", origin.dir, newline.dir)

	for name, w := range map[string]tree{"linked": linked, "shallow": shallow, "partial": partial, "separate": separate,
		"by variable": byVariable, "new line in its path": newline} {
		if got := w.revision(); got != (Revision{SHA: head}) {
			t.Errorf("%s: %+v, want %s, clean", name, got, head)
		}
		w.write("a.txt", "new\n")
		w.write("new", "new\n")
		if got := w.entries(); !slices.Equal(got, want) {
			t.Errorf("%s: entries %q, want %q", name, got, want)
		}
	}
}

func TestSHA256(t *testing.T) {
	t.Parallel()
	w := newTree(t, "--object-format=sha256")
	w.write("a.txt", "a\n")
	head := w.commit()
	w.write("new", "a\n")
	w.symlink("a\n", "link")
	id := w.git("rev-parse", ":a.txt")
	want := []string{"link||120000 " + id + "|", "new||100644 " + id + "|"}
	if got := w.entries(); !slices.Equal(got, want) || len(id) != 64 {
		t.Errorf("entries %q, want %q", got, want)
	}
	if got := w.revision(); got.SHA != head || len(head) != 64 {
		t.Errorf("%+v, want %s", got, head)
	}
}

func TestSubmoduleGoneAstray(t *testing.T) {
	t.Parallel()
	// What git finds from here is the tree around it.
	w := withSubmodules(t)
	w.write("sub/new", "a\n")
	r, err := openRepository(w.dir, w.environ)
	w.must(err)
	w.mkdir("dir/sub")
	_, err = r.nested(t.Context(), w.path("dir/sub"))
	if err == nil || err.Error() != "it is no repository that git can read" {
		t.Errorf("got %v", err)
	}
}

// TestUsersSettingsInSubmodules has a change that git hears of only from the
// git status that it runs in the submodule.
func TestUsersSettingsInSubmodules(t *testing.T) {
	t.Parallel()
	for _, setting := range []string{"diff.ignoreSubmodules=all", "status.showUntrackedFiles=no"} {
		w := withSubmodules(t)
		w.write("sub/deep/new", "a\n")
		want := w.revision()
		key, value, _ := strings.Cut(setting, "=")
		config := w.path(".git/user")
		w.git("config", "-f", config, key, value)
		w.environ = append(w.environ, "GIT_CONFIG_GLOBAL="+config)
		if got := w.revision(); got != want || got.DirtyHash == "" {
			t.Errorf("with %s %+v, without %+v", setting, got, want)
		}
	}
}

// TestRepositoryByVariable names the repository in the environment, as git does
// for hooks: that must not hold in the repositories inside.
func TestRepositoryByVariable(t *testing.T) {
	t.Parallel()
	w := withSubmodules(t)
	w.write("sub/new", "a\n")
	w.mkdir("in")
	w.at("in").git("init", "-q")
	w.at("in").commit()
	want := w.revision()
	hook := w
	hook.environ = append(hook.environ, "GIT_DIR="+w.path(".git"), "GIT_WORK_TREE="+w.dir, "GIT_INDEX_FILE="+w.path(".git/index"))
	if got := hook.revision(); got != want || got.DirtyHash == "" {
		t.Errorf("%+v, want %+v", got, want)
	}
}
