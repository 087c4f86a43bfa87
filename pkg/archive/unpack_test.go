package archive

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/artifact-cli/artifact/pkg/internal/fault"
)

func unpack(t *testing.T, u Unpacker, packed []byte) error {
	t.Helper()
	staged, err := u.Stage(t.Context(), bytes.NewReader(packed))
	if err != nil {
		return err
	}
	return staged.Commit(t.Context())
}

func check(t *testing.T, dir string, want tree) {
	t.Helper()
	if got := treeOf(t, dir); !maps.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestUnpack replaces files, merges directories and leaves the rest alone.
func TestUnpack(t *testing.T) {
	t.Parallel()
	from, to := t.TempDir(), t.TempDir()
	small.write(t, from)
	packed := pack(t, Packer{Dir: from}, ".")
	tree{"d/a": "old", "d/other": "stays", "d/l": "-> other", "d/b/x/y": "stays"}.write(t, to)
	must(t, unpack(t, Unpacker{Dir: to}, packed))
	check(t, to, tree{
		"d/a": "one", "d/b/c": "two", "d/b/run*": "#!/bin/sh\n", "d-e": "three", "d/l": "-> b/c", "d/empty/": "",
		"d/other": "stays", "d/b/x/y": "stays",
	})
	only := t.TempDir()
	must(t, unpack(t, Unpacker{Dir: only, Only: []string{"d/b/**"}}, packed))
	check(t, only, tree{"d/b/c": "two", "d/b/run*": "#!/bin/sh\n"})
}

// TestUnpackLeavesNothing of an archive that is refused, or that cannot be put in
// place.
func TestUnpackLeavesNothing(t *testing.T) {
	t.Parallel()
	before := tree{"f": "before", "d/f": "before", "l": "-> d"}
	for _, test := range []struct {
		name   string
		packed []byte
		want   string
	}{
		{"a bad entry at the end", handmade(t, file("f"), file("new"), file("../x")), "../x: its name leads out of the root"},
		{"cut", handmade(t, file("f"), &tar.Header{Typeflag: tar.TypeReg, Name: "g", Size: 3 << 20})[:60], "not a tar archive compressed with Zstandard: unexpected EOF"},
		{"a bomb", handmade(t, file("f"), &tar.Header{Typeflag: tar.TypeReg, Name: "g", Size: 3 << 20}), "g: the archive is too large: it unpacks to more than 1048576 bytes"},
		{"written through a link", handmade(t, link("m", "."), file("m/f")), "m/f: it lies below the link m"},
		{"a file for a directory", handmade(t, file("new"), file("d")), "d: a file cannot replace the directory that is there"},
		{"a directory for a file", handmade(t, file("a"), file("f/g")), "f: a directory cannot replace the file that is there"},
		{"a directory for a link", handmade(t, file("l/f")), "l: a directory cannot replace the link that is there"},
	} {
		to := t.TempDir()
		before.write(t, to)
		err := unpack(t, Unpacker{Dir: to, Limits: Limits{Size: 1 << 20}}, test.packed)
		if text(err) != test.want {
			t.Errorf("%s: %v, want %s", test.name, err, test.want)
		}
		check(t, to, before)
	}
}

// TestUnpackModes takes modes from the archive, less the umask. A directory becomes
// unwritable once its files are in it.
func TestUnpackModes(t *testing.T) {
	t.Parallel()
	to := t.TempDir()
	private := file("d/f")
	private.Mode = 0o4600
	closed := dir("d/")
	closed.Mode = 0o500
	must(t, unpack(t, Unpacker{Dir: to}, handmade(t, closed, private)))
	for name, want := range map[string]fs.FileMode{"d": fs.ModeDir | 0o500, "d/f": 0o600} {
		info, err := os.Lstat(filepath.Join(to, name))
		must(t, err)
		if info.Mode() != want {
			t.Errorf("%s: %v, want %v", name, info.Mode(), want)
		}
	}
	must(t, os.Chmod(filepath.Join(to, "d"), 0o700)) // so that it can be removed
}

// TestUnpackKeepsNamesApart: a file that the archive did not make stands for two of
// its names, as on a file system without upper case.
func TestUnpackKeepsNamesApart(t *testing.T) {
	t.Parallel()
	for _, second := range []string{"b", "b/c"} {
		to := t.TempDir()
		u := Unpacker{Dir: to, Unpacked: func(entries int, _ int64) {
			staging, err := filepath.Glob(filepath.Join(to, ".artifact-*"))
			must(t, err)
			must(t, os.Mkdir(filepath.Join(staging[0], "b"), 0o777))
		}}
		if err := unpack(t, u, handmade(t, file("a"), file(second))); text(err) != "b: this file system cannot tell its name from another entry's" {
			t.Errorf("%s: %v", second, err)
		}
		check(t, to, tree{})
	}
}

// TestUnpackMakesItsDirectory, and leaves none behind for an archive that is refused.
func TestUnpackMakesItsDirectory(t *testing.T) {
	t.Parallel()
	to := t.TempDir()
	must(t, unpack(t, Unpacker{Dir: filepath.Join(to, "a/b")}, handmade(t, file("f"))))
	if err := unpack(t, Unpacker{Dir: filepath.Join(to, "c/d")}, handmade(t, file("f"), file("../f"))); err == nil {
		t.Error("it was not refused")
	}
	check(t, to, tree{"a/b/f": "\x00"})
}

// TestUnpackSurvivesPanics and leaves nothing.
func TestUnpackSurvivesPanics(t *testing.T) {
	t.Parallel()
	to := t.TempDir()
	err := fault.Catch(func() error {
		return unpack(t, Unpacker{Dir: to, Unpacked: func(int, int64) { panic("oops") }}, handmade(t, file("f")))
	})
	if text(err) != "a bug in this program: oops" {
		t.Error(err)
	}
	check(t, to, tree{})
}

// TestPackAfterUnpack gives the same bytes for any tree.
func TestPackAfterUnpack(t *testing.T) {
	t.Parallel()
	for seed := range uint64(30) {
		random := rand.New(rand.NewPCG(seed, 0))
		tr := tree{}
		for i := range 1 + random.IntN(20) {
			name := fmt.Sprintf("%c/%c-%c", 'a'+random.IntN(3), 'a'+random.IntN(3), 'a'+random.IntN(26))
			switch random.IntN(5) {
			case 0:
				tr[name+"/"] = ""
			case 1:
				tr[name+".l"] = "-> ../" + fmt.Sprint(i)
			case 2:
				tr[name+".x*"] = fmt.Sprint(i)
			default:
				tr[name+".é/f"] = string(make([]byte, random.IntN(10000)))
			}
		}
		from, to := t.TempDir(), t.TempDir()
		tr.write(t, from)
		first := pack(t, Packer{Dir: from}, ".")
		must(t, unpack(t, Unpacker{Dir: to}, first))
		check(t, to, treeOf(t, from))
		if second := pack(t, Packer{Dir: to}, "."); !bytes.Equal(first, second) {
			t.Errorf("seed %d: packed again it has other bytes", seed)
		}
	}
}

// endsLater is a context that ends after its error was asked for a number of times.
type endsLater struct {
	context.Context
	left int
}

func (c *endsLater) Err() error {
	if c.left--; c.left < 0 {
		return errFull
	}
	return nil
}

// TestCommitEnds with its context: before the first file is moved, or after the last.
func TestCommitEnds(t *testing.T) {
	t.Parallel()
	for left, want := range []tree{{}, {}, {"a": "\x00", "d/f": "\x00"}} {
		to := t.TempDir()
		staged, err := Unpacker{Dir: to}.Stage(t.Context(), bytes.NewReader(handmade(t, file("a"), file("d/f"))))
		must(t, err)
		if err := staged.Commit(&endsLater{context.Background(), left}); !is(err, errFull) {
			t.Errorf("%d: %v", left, err)
		}
		check(t, to, want)
	}
}
