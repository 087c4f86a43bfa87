//go:build unix

package main

import (
	"encoding/json"
	"path/filepath"
	"testing"
)

// TestTurboDirtyHash compares the dirty hashes of turbo and the program.
func TestTurboDirtyHash(t *testing.T) {
	t.Parallel()
	const submodule = "git -c protocol.file.allow=always submodule add -q ./lib sub && git commit -qm sub && "
	for name, test := range map[string]struct {
		script string
		in     string // the directory of artifact
		clean  bool
	}{
		"clean":           {clean: true},
		"touched":         {script: "touch -d 2001-01-01 a.txt", clean: true},
		"staged":          {script: "echo new >a.txt; git add a.txt"},
		"unstaged":        {script: "echo new >a.txt"},
		"both":            {script: "echo new >a.txt; git add a.txt; echo newer >a.txt; git add -N ."},
		"deleted":         {script: "rm a.txt; git rm -q dir/b.txt"},
		"renamed":         {script: "git mv a.txt ü; git mv dir other"},
		"untracked":       {script: "mkdir -p n/m; touch n/m/f n/b n.x Z '\"q\" ü'"},
		"untracked links": {script: "ln -s a.txt l; ln -s nowhere A; ln -s dir d; touch m"},
		"ignored":         {script: "touch x.o; echo '*.p' >.git/info/exclude; touch dir/x.p", clean: true},
		"binary":          {script: `printf 'a\0b' >a.txt; printf '\0' >new; git add new`},
		"mode":            {script: "chmod +x a.txt"},
		"repository":      {script: "git init -q in; touch in/new; mkdir in/dir; touch in/dir/f"},
		"submodule":       {script: submodule + "touch sub/new; echo new >sub/l"},
		"clean submodule": {script: submodule + "true"},
		"settings":        {script: "git config diff.noprefix true; git config diff.context 1; echo new >a.txt"},
		"subdirectory":    {script: "echo new >a.txt; touch x dir/x", in: "dir"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			turbo := committed(t)
			turbo.git(t, test.script)
			dirty := turbo.compare(t, test.in)
			if (dirty == "") != test.clean {
				t.Errorf("turbo says %q", dirty)
			}
		})
	}
	t.Run("linked work tree", func(t *testing.T) {
		t.Parallel()
		turbo := committed(t)
		linked := filepath.Join(t.TempDir(), "linked")
		turbo.git(t, "echo main >a.txt; git worktree add -q "+linked)
		turbo.workspace = linked
		turbo.git(t, "echo linked >a.txt; touch new")
		if turbo.compare(t, "dir") == "" {
			t.Error("turbo says that it is clean")
		}
	})
}

// committed is a workspace in a commit, with a repository beside its files.
func committed(t *testing.T) *turbo {
	t.Helper()
	turbo := newTurbo(t, "turbo", "")
	for name, content := range map[string]string{
		"package.json": `{"name":"w","private":true,"packageManager":"npm@10.0.0","scripts":{"build":"mkdir -p dist && echo >dist/big"}}`,
		"turbo.json":   `{"tasks":{"build":{"outputs":["dist/**"]}}}`,
		".gitignore":   ".turbo\nnode_modules\ndist\nlib\n*.o\n",
		"a.txt":        "a\n",
	} {
		writeFile(t, filepath.Join(turbo.workspace, name), content)
	}
	turbo.git(t, "git init -q lib; cd lib; echo >l; git add l; git commit -qm lib")
	turbo.git(t, "mkdir dir; echo b >dir/b.txt; git init -q; git add .; git commit -qm first")
	return turbo
}

// git runs a script in the workspace.
func (w *turbo) git(t *testing.T, script string) {
	t.Helper()
	got := shellCall{call: call{dir: w.workspace, env: []string{
		"GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@localhost", "GIT_COMMITTER_NAME=A", "GIT_COMMITTER_EMAIL=a@localhost",
	}}, shell: "sh", script: "set -e\n" + script}.run(t)
	if got.code != 0 {
		t.Fatal(got)
	}
}

// compare uploads with both, and returns the dirty hash.
func (w *turbo) compare(t *testing.T, in string) (dirty string) {
	t.Helper()
	cache, team := serveCache(t), "TURBO_TEAM=abc"
	hash, _ := w.build(t, cache, []string{team})
	call{
		args: []string{"put", "-q", "--hash", "0a", "-"}, dir: filepath.Join(w.workspace, in),
		env: []string{"TURBO_API=" + cache.api, "TURBO_TOKEN=" + cache.token, team},
	}.run(t).check(t, outcome{stdout: "0a\n"})
	type known struct {
		Metadata struct{ SHA, DirtyHash string }
	}
	var theirs, ours known
	for id, into := range map[string]*known{hash: &theirs, "0a": &ours} {
		text := cache.artifact(t, 0, []string{team}, "stat", "--json", id).stdout
		mustDo(t, json.Unmarshal([]byte(text), into))
	}
	if ours != theirs || ours.Metadata.SHA == "" {
		t.Errorf("artifact %+v, turbo %+v", ours, theirs)
	}
	return theirs.Metadata.DirtyHash
}
