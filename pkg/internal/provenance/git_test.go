package provenance

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/artifact-cli/artifact/pkg/internal/must"
)

// TestUsersSettings sets whatever could change how git shows changes: they
// count as they do in a shell, and run no program.
func TestUsersSettings(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	config := filepath.Join(home, "gitconfig")
	marker := filepath.Join(home, "was-run")
	program := filepath.Join(home, "program")
	must.Do(t, os.WriteFile(program, []byte("#!/bin/sh\necho >>'"+marker+"'\nexit 1\n"), 0o755))
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
	must.Do(t, os.WriteFile(config, []byte(strings.ReplaceAll(hostile, "PROGRAM", program)), 0o644))
	must.Do(t, os.WriteFile(filepath.Join(home, "attributes"), []byte("* diff=x\n"), 0o644))
	w := baseTree(t)
	w.submodule()
	w.write("ü\n", "a\n")
	w.write("dir/untracked", "a\n")
	w.git("mv", "dir/b.txt", "moved.txt")
	w.write("a.txt", "a\r\nb\r\n")
	w.write("sub/untracked", "a\n")
	w.git("config", "submodule.sub.active", "false")
	w.environ = append(w.environ, "GIT_CONFIG_GLOBAL="+config)
	want := w.formula([]string{"dir/untracked", "sub/lib.c", "sub/untracked", "ü\n"}, "--no-textconv")
	if err := os.Remove(marker); err != nil {
		t.Error("the settings run no program: ", err)
	}
	w.environ = append(w.environ, "GIT_EXTERNAL_DIFF="+program, "GIT_PAGER="+program,
		"GIT_DIFF_OPTS=-U9", "GIT_TRACE="+marker, "GIT_LITERAL_PATHSPECS=1", "GIT_TEST_FSMONITOR="+program, "LANG=de_DE.UTF-8")
	for _, dir := range []string{"", "dir"} {
		if got := w.at(dir).revision().DirtyHash; got != want {
			t.Errorf("in %q: %s, want %s", dir, got, want)
		}
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
