package provenance

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/artifact-cli/artifact/pkg/internal/must"
)

// TestUsersSettings sets everything that could change git's output: settings
// apply as in a shell, but run no program.
func TestUsersSettings(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	config := filepath.Join(home, "gitconfig")
	marker := filepath.Join(home, "was-run")
	program := filepath.Join(home, "program")
	must.Do(t, os.WriteFile(program, []byte("#!/bin/sh\necho >>'"+marker+"'\nexit 1\n"), 0o755))
	must.Do(t, os.WriteFile(filepath.Join(home, "attributes"), []byte("* diff=x\n"), 0o644))
	hostile := strings.NewReplacer("HOME", home, "PROGRAM", program).Replace(`
		color.ui=always color.status=always column.ui=always column.status=always
		status.relativePaths=true status.showUntrackedFiles=no status.renames=copies status.short=true status.branch=false
		status.showStash=true status.submoduleSummary=true status.displayCommentPrefix=true
		diff.ignoreSubmodules=all diff.noprefix=true diff.mnemonicPrefix=true diff.renames=copies diff.external=PROGRAM
		diff.relative=true diff.orderFile=PROGRAM diff.wsErrorHighlight=all diff.x.textconv=PROGRAM diff.x.command=PROGRAM
		submodule.sub.ignore=all core.quotePath=true core.untrackedCache=true core.fsmonitor=PROGRAM core.pager=PROGRAM
		core.hooksPath=HOME core.preloadIndex=false core.attributesFile=HOME/attributes pager.status=PROGRAM alias.status=!PROGRAM`)
	w := baseTree(t)
	for _, setting := range strings.Fields(hostile) {
		name, value, _ := strings.Cut(setting, "=")
		w.git("config", "--file", config, name, value)
	}
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

// BenchmarkAsk measures Ask in a tree of 10,000 committed files.
func BenchmarkAsk(b *testing.B) {
	const files = 10_000
	w := newTree(b)
	for i := range files {
		w.write(fmt.Sprintf("d%02d/f%04d", i%100, i), fmt.Sprintf("%d\n", i))
	}
	w.commit()
	states := []struct {
		name  string
		make  func()
		dirty bool
	}{
		{"clean", func() {}, false},
		{"one modified", func() { w.write("d00/f0000", "another\n") }, true},
		{"10000 untracked", func() {
			for i := range files {
				w.write(fmt.Sprintf("new%02d/f%04d", i%100, i), fmt.Sprintf("%d\n", i))
			}
		}, true},
	}
	for _, state := range states {
		state.make()
		b.Run(state.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				rev, err := ask(context.Background(), w.dir, w.environ)
				if err != nil || (rev.DirtyHash != "") != state.dirty {
					b.Fatalf("%+v, %v", rev, err)
				}
			}
		})
	}
}
