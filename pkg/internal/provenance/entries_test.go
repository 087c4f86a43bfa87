package provenance

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// The states of a work tree, and the entries that make up their dirty hash.
// {x} in an entry stands for the id of the blob "x\n".
var states = []struct {
	name string
	make func(t tree)
	want []string
}{
	{"clean", func(t tree) {}, nil},
	{"modified", func(t tree) { t.write("a.txt", "new\n") }, []string{"a.txt|100644 {a}|100644 {new}|"}},
	{"modified in a directory", func(t tree) { t.write("dir/b.txt", "new\n") }, []string{"dir/b.txt|100644 {b}|100644 {new}|"}},
	{"staged", func(t tree) { t.write("a.txt", "new\n"); t.git("add", "a.txt") }, []string{"a.txt|100644 {new}|100644 {new}|"}},
	{"staged and modified again", func(t tree) { t.write("a.txt", "new\n"); t.git("add", "a.txt"); t.write("a.txt", "b\n") },
		[]string{"a.txt|100644 {new}|100644 {b}|"}},
	{"staged, then reverted", func(t tree) { t.write("a.txt", "new\n"); t.git("add", "a.txt"); t.write("a.txt", "a\n") },
		[]string{"a.txt|100644 {new}|100644 {a}|"}},
	{"written again as it was", func(t tree) { t.remove("a.txt"); t.write("a.txt", "a\n") }, nil},
	{"deleted", func(t tree) { t.remove("a.txt") }, []string{"a.txt|100644 {a}||"}},
	{"deleted and staged", func(t tree) { t.git("rm", "-q", "a.txt") }, []string{"a.txt|||"}},
	{"deleted in the index only", func(t tree) { t.git("rm", "-q", "--cached", "a.txt") }, []string{"a.txt||100644 {a}|"}},
	{"added", func(t tree) { t.write("new", "new\n"); t.git("add", "new") }, []string{"new|100644 {new}|100644 {new}|"}},
	{"added and deleted", func(t tree) { t.write("new", "new\n"); t.git("add", "new"); t.remove("new") }, []string{"new|100644 {new}||"}},
	{"intent to add", func(t tree) { t.write("new", "new\n"); t.git("add", "-N", "new") }, []string{"new||100644 {new}|"}},
	{"renamed is a removal and an addition", func(t tree) { t.git("mv", "a.txt", "z.txt") },
		[]string{"a.txt|||", "z.txt|100644 {a}|100644 {a}|"}},
	{"untracked, sorted among the tracked", func(t tree) { t.write("dir/new", "new\n"); t.write("0", "b\n"); t.write("a.txt", "b\n") },
		[]string{"0||100644 {b}|", "a.txt|100644 {a}|100644 {b}|", "dir/new||100644 {new}|"}},
	{"untracked directory", func(t tree) { t.write("n/b", "b\n"); t.write("n/a", "a\n"); t.mkdir("empty") },
		[]string{"n/a||100644 {a}|", "n/b||100644 {b}|"}},
	{"ignored", func(t tree) {
		t.write(".gitignore", "*.o\n")
		t.write("x.o", "a\n")
		t.write(".git/info/exclude", "*.p\n")
		t.write("x.p", "a\n")
		t.write("excludes", "*.q\nexcludes\n.gitignore\n")
		t.git("config", "core.excludesFile", t.path("excludes"))
		t.write("x.q", "a\n")
	}, nil},
	{"unmerged, modified on both sides", func(t tree) {
		t.git("checkout", "-q", "-b", "other")
		t.write("a.txt", "b\n")
		t.commit()
		t.git("checkout", "-q", "-b", "mine", "HEAD^")
		t.write("a.txt", "new\n")
		t.commit()
		t.git("read-tree", "-m", "other^", "mine", "other")
		t.write("a.txt", "run\n")
	}, []string{"a.txt|,100644 {a},100644 {new},100644 {b}|100644 {run}|"}},
	{"unmerged, deleted by us and in the work tree", func(t tree) {
		t.git("checkout", "-q", "-b", "other")
		t.write("a.txt", "b\n")
		t.commit()
		t.git("checkout", "-q", "-b", "mine", "HEAD^")
		t.remove("a.txt")
		t.commit()
		t.git("read-tree", "-m", "other^", "mine", "other")
	}, []string{"a.txt|,100644 {a},,100644 {b}||"}},
	{"a file for a directory", func(t tree) { t.remove("dir"); t.write("dir", "new\n") },
		[]string{"dir||100644 {new}|", "dir/b.txt|100644 {b}||"}},
	{"a directory for a file", func(t tree) { t.remove("a.txt"); t.write("a.txt/x", "new\n") },
		[]string{"a.txt|100644 {a}||", "a.txt/x||100644 {new}|"}},
	{"assumed unchanged", func(t tree) { t.git("update-index", "--assume-unchanged", "a.txt"); t.write("a.txt", "new\n") }, nil},
	{"names that need quotes, and some that look like it", func(t tree) {
		for _, name := range []string{"new\nline", "cr\r", `"quoted"`, `back\slash`, "-dash", "tab\t", " space ", "ü", ":(top)x", "#", "del\x7f", "bell\a"} {
			t.write(name, "new\n")
		}
	}, []string{" space ||100644 {new}|", `"quoted"||100644 {new}|`, "#||100644 {new}|", "-dash||100644 {new}|", ":(top)x||100644 {new}|",
		`back\slash||100644 {new}|`, "bell\a||100644 {new}|", "cr\r||100644 {new}|", "del\x7f||100644 {new}|",
		"new\nline||100644 {new}|", "tab\t||100644 {new}|", "ü||100644 {new}|"}},

	{"executable bit set", func(t tree) { t.chmod("a.txt", 0o755) }, []string{"a.txt|100644 {a}|100755 {a}|"}},
	{"executable bit set, which does not count", func(t tree) {
		t.git("config", "core.fileMode", "false")
		t.chmod("a.txt", 0o755)
		t.chmod("run.sh", 0o644)
		t.write("run.sh", "new\n")
	}, []string{"run.sh|100755 {run}|100755 {new}|"}},
	{"untracked executables", func(t tree) {
		t.write("new", "new\n")
		t.chmod("new", 0o755)
		t.write("group", "new\n")
		t.chmod("group", 0o654)
	}, []string{"group||100644 {new}|", "new||100755 {new}|"}},
	{"untracked executable, which does not count", func(t tree) {
		t.git("config", "core.fileMode", "no")
		t.write("new", "new\n")
		t.chmod("new", 0o755)
	}, []string{"new||100644 {new}|"}},

	{"symlink to elsewhere", func(t tree) { t.remove("link"); t.symlink("b\n", "link") }, []string{"link|120000 {link}|120000 {b}|"}},
	{"untracked symlinks, one broken, one to a directory", func(t tree) { t.symlink("new\n", "n"); t.symlink("dir", "d") },
		[]string{"d||120000 87245193225f8ff56488ceab0dcd11467fe098d0|", "n||120000 {new}|"}},
	{"file becomes a symlink", func(t tree) { t.remove("a.txt"); t.symlink("b\n", "a.txt") }, []string{"a.txt|100644 {a}|120000 {b}|"}},
	{"symlink becomes a file", func(t tree) { t.remove("link"); t.write("link", "b\n") }, []string{"link|120000 {link}|100644 {b}|"}},
	{"no symlinks here, and none changed", func(t tree) {
		t.git("config", "core.symlinks", "false")
		t.remove("link")
		t.must(os.WriteFile(t.path("link"), []byte("a.txt"), 0o644))
	}, nil},
	{"no symlinks here, and one changed", func(t tree) {
		t.git("config", "core.symlinks", "false")
		t.remove("link")
		t.write("link", "new\n")
	}, []string{"link|120000 {link}|120000 {new}|"}},
}

func TestEntries(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows has neither these names nor modes")
	}
	ids := []string{"{link}", blob(t, "a.txt")}
	for _, word := range []string{"a", "b", "run", "new"} {
		ids = append(ids, "{"+word+"}", blob(t, word+"\n"))
	}
	fill := strings.NewReplacer(ids...)
	for _, state := range states {
		t.Run(state.name, func(t *testing.T) {
			t.Parallel()
			w := baseTree(t)
			state.make(w)
			var want []string
			for _, line := range state.want {
				want = append(want, fill.Replace(line))
			}
			if got := w.entries(); !slices.Equal(got, want) {
				t.Errorf("entries:\n%q\nwant:\n%q", got, want)
			}
			rev := Revision{SHA: w.git("rev-parse", "HEAD")}
			if len(want) > 0 {
				sum := sha256.Sum256([]byte(strings.ReplaceAll(strings.Join(want, ""), "|", "\x00")))
				rev.DirtyHash = hex.EncodeToString(sum[:])
			}
			if got := w.revision(); got != rev {
				t.Errorf("revision %+v, want %+v", got, rev)
			}
			w.mkdir("some/where")
			if got := w.at("some/where").revision(); got != rev {
				t.Errorf("in a subdirectory: revision %+v, want %+v", got, rev)
			}
		})
	}
}
