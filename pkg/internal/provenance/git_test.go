package provenance

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

func TestContentDecides(t *testing.T) {
	t.Parallel()
	// Each makes the tree dirty in its own way.
	changes := map[string]func(t tree){
		"untracked a":          func(t tree) { t.write("new", "a\n") },
		"untracked b":          func(t tree) { t.write("new", "b\n") },
		"untracked elsewhere":  func(t tree) { t.write("new2", "a\n") },
		"modified":             func(t tree) { t.write("a.txt", "new\n") },
		"staged":               func(t tree) { t.write("a.txt", "new\n"); t.git("add", "a.txt") },
		"untracked symlink":    func(t tree) { t.symlink("a\n", "new") },
		"untracked executable": func(t tree) { t.write("new", "a\n"); t.chmod("new", 0o755) },
		"deleted":              func(t tree) { t.remove("a.txt") },
		"repository inside":    func(t tree) { t.mkdir("in"); in := t.at("in"); in.git("init", "-q"); in.commit() },
		"dirty one inside": func(t tree) {
			t.mkdir("in")
			in := t.at("in")
			in.git("init", "-q")
			in.commit()
			in.write("new", "a\n")
		},
		"another dirty inside": func(t tree) {
			t.mkdir("in")
			in := t.at("in")
			in.git("init", "-q")
			in.commit()
			in.write("new", "b\n")
		},
		"one without a commit":  func(t tree) { t.mkdir("in"); t.at("in").git("init", "-q") },
		"one with a file":       func(t tree) { t.mkdir("in"); in := t.at("in"); in.git("init", "-q"); in.write("new", "a\n") },
		"one with another file": func(t tree) { t.mkdir("in"); in := t.at("in"); in.git("init", "-q"); in.write("new", "b\n") },
	}
	var mu sync.Mutex
	names := make(map[string]string) // by dirty hash
	head := baseTree(t).revision().SHA
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first, second := baseTree(t), baseTree(t)
			change(first)
			change(second)
			a, b := first.revision(), second.revision()
			if a != b || a.SHA != head || len(a.DirtyHash) != 64 {
				t.Errorf("two trees in one state have %+v and %+v, want the commit %s and one hash", a, b, head)
			}
			mu.Lock()
			defer mu.Unlock()
			if other, ok := names[a.DirtyHash]; ok {
				t.Errorf("the same dirty hash as %q", other)
			}
			names[a.DirtyHash] = name
		})
	}
}

// TestUsersSettings sets whatever could change how git shows changes.
func TestUsersSettings(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	config := filepath.Join(home, "gitconfig")
	marker := filepath.Join(home, "was-run")
	program := filepath.Join(home, "program")
	if err := os.WriteFile(program, []byte("#!/bin/sh\necho >>'"+marker+"'\nexit 1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	hostile := `
[color]
	ui = always
	status = always
[column]
	ui = always
	status = always
[status]
	relativePaths = true
	showUntrackedFiles = no
	renames = copies
	short = true
	branch = false
	showStash = true
	submoduleSummary = true
	displayCommentPrefix = true
[diff]
	ignoreSubmodules = all
	noprefix = true
	mnemonicPrefix = true
	renames = copies
	external = PROGRAM
	relative = true
	orderFile = PROGRAM
	wsErrorHighlight = all
[diff "x"]
	textconv = PROGRAM
	command = PROGRAM
[submodule "sub"]
	ignore = all
[core]
	quotePath = true
	untrackedCache = true
	fsmonitor = PROGRAM
	pager = PROGRAM
	hooksPath = ` + home + `
	preloadIndex = false
	attributesFile = ` + filepath.Join(home, "attributes") + `
[pager]
	status = PROGRAM
[alias]
	status = !PROGRAM
`
	if err := os.WriteFile(config, []byte(strings.ReplaceAll(hostile, "PROGRAM", program)), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(home, "attributes"), []byte("* diff=x\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	lib := newTree(t)
	lib.write("lib.c", "a\n")
	lib.commit()
	build := func() tree {
		w := baseTree(t)
		w.git("submodule", "add", "-q", lib.dir, "sub")
		w.git("config", "-f", ".gitmodules", "submodule.sub.url", "../lib")
		w.commit()
		w.write("ü\n", "a\n")
		w.write("dir/untracked", "a\n")
		w.git("mv", "dir/b.txt", "moved.txt")
		w.write("a.txt", "a\r\nb\r\n")
		w.write("sub/untracked", "a\n")
		return w
	}
	plain, user := build(), build()
	want := plain.revision()
	if want.DirtyHash == "" {
		t.Fatal("nothing is dirty")
	}
	user.git("config", "submodule.sub.ignore", "all")
	user.git("config", "submodule.sub.active", "false")
	user.environ = append(user.environ, "GIT_CONFIG_GLOBAL="+config, "GIT_EXTERNAL_DIFF="+program, "GIT_PAGER="+program,
		"GIT_DIFF_OPTS=-U9", "GIT_TRACE="+marker, "GIT_LITERAL_PATHSPECS=1", "GIT_TEST_FSMONITOR="+program, "LANG=de_DE.UTF-8")
	if got := user.revision(); got != want {
		t.Errorf("with the user's settings %+v, without %+v", got, want)
		t.Logf("%q\n%q", user.entries(), plain.entries())
	}
	if got := user.at("dir").revision(); got != want {
		t.Errorf("in a subdirectory with the user's settings %+v, without %+v", got, want)
	}
	if _, err := os.Stat(marker); err == nil {
		t.Error("a program of the user's settings was run")
	}
}

func TestNothingIsWritten(t *testing.T) {
	t.Parallel()
	w := baseTree(t)
	w.write("a.txt", "b\n") // of the same size
	w.write("new", "new\n")
	before := snapshot(t, w.path(".git"))
	w.revision()
	if after := snapshot(t, w.path(".git")); !slices.Equal(before, after) {
		t.Errorf("the repository changed:\n%q\n%q", before, after)
	}
}

// snapshot lists the files below dir with size and time.
func snapshot(t *testing.T, dir string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		files = append(files, path+" "+info.Mode().String()+" "+info.ModTime().String())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
