package archive

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"
)

var small = tree{
	"d/a": "one", "d/b/c": "two", "d/b/run*": "#!/bin/sh\n", "d-e": "three", "d/l": "-> b/c", "d/empty/": "",
	"d/.git/config": "no", "d/b/.GIT": "no",
}

// TestPackPinsTheBytes of a small tree: another version of the compressor may
// change them, and with them every derived id. CHANGELOG names such a change.
func TestPackPinsTheBytes(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	small.write(t, root)
	packed := pack(t, Packer{Dir: root}, ".")
	want := []string{"d-e", "d/", "d/a", "d/b/", "d/b/c", "d/b/run", "d/empty/", "d/l"}
	if got := names(t, packed); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if runtime.GOOS == "windows" {
		return // files are 0755 there
	}
	const sum = "d1e49a7f9402d3dae33ad74f5ed64a29b8f28b562c6bd0ee3fa1da3f96653d8b"
	if got := fmt.Sprintf("%x", sha256.Sum256(packed)); got != sum {
		t.Errorf("%s, want %s", got, sum)
	}
}

// TestPackIsReproducible whatever the times, the number of processors and the order
// in which files were made.
func TestPackIsReproducible(t *testing.T) {
	// Not parallel: it changes the number of processors.
	tr := tree{}
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 300 {
		content := make([]byte, random.IntN(40_000))
		for j := range content {
			content[j] = byte(random.IntN(7))
		}
		tr[fmt.Sprintf("d%d/f%d", i%17, i)] = string(content)
	}
	first, second := t.TempDir(), t.TempDir()
	tr.write(t, first)
	for name, content := range tr { // in another order
		tree{name: content}.write(t, second)
		must(t, os.Chtimes(filepath.Join(second, name), time.Unix(0, 0), time.Unix(1, 0)))
	}
	want := pack(t, Packer{Dir: first}, ".")
	for _, processors := range []int{1, 8} {
		before := runtime.GOMAXPROCS(processors)
		got := pack(t, Packer{Dir: second}, ".")
		runtime.GOMAXPROCS(before)
		if !bytes.Equal(got, want) {
			t.Errorf("%d processors give other bytes", processors)
		}
	}
}

func TestPackTakes(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	small.write(t, root)
	tree{"x/deep/y": "", "x/skip/z": "", "x/a.map": ""}.write(t, root)
	for _, test := range []struct {
		paths, exclude, want []string
	}{
		{paths: []string{"d/b/c"}, want: []string{"d/b/c"}},
		{paths: []string{"d/b", "d-e", "d/b/c", "d/b"}, want: []string{"d-e", "d/b/", "d/b/c", "d/b/run"}},
		{paths: []string{"d/empty"}, want: []string{"d/empty/"}},
		{paths: []string{"x", "."}, exclude: []string{"d*", "**/*.map", "x/skip"}, want: []string{"x/", "x/deep/", "x/deep/y"}},
	} {
		got := names(t, pack(t, Packer{Dir: root, Exclude: test.exclude}, test.paths...))
		if !slices.Equal(got, test.want) {
			t.Errorf("%q: %q, want %q", test.paths, got, test.want)
		}
	}
}

// TestPackNoticesChanges has a file changed when its header is written.
func TestPackNoticesChanges(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(path string) error{
		"grown":   func(path string) error { return os.WriteFile(path, []byte("longer than before"), 0o600) },
		"shrunk":  func(path string) error { return os.Truncate(path, 1) },
		"touched": func(path string) error { return os.Chtimes(path, time.Time{}, time.Unix(1, 0)) },
	} {
		root := t.TempDir()
		tree{"d/f": "content", "d/g": "content"}.write(t, root)
		p := Packer{Dir: root, Packed: func(entries int, bytes int64) {
			if entries == 2 && bytes == 0 {
				must(t, change(filepath.Join(root, "d/f")))
			}
		}}
		err := p.Pack(t.Context(), new(bytes.Buffer), filepath.Join(root, "d"))
		if !is(err, ErrChanged) || text(err) != "d/f: it changed while it was packed" {
			t.Errorf("%s: %v", name, err)
		}
	}
	root := t.TempDir()
	tree{"d/f": "content", "d/g": "content"}.write(t, root)
	p := Packer{Dir: root, Packed: func(entries int, _ int64) {
		if entries == 2 {
			_ = os.Remove(filepath.Join(root, "d/g"))
		}
	}}
	err := p.Pack(t.Context(), new(bytes.Buffer), filepath.Join(root, "d"))
	if !is(err, ErrChanged) || text(err) != "d/g: it vanished while it was packed" {
		t.Errorf("%v", err)
	}
}

var errFull = errors.New("no space left")

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

// TestPackEndsWithItsWriter however much is left to pack.
func TestPackEndsWithItsWriter(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	tree{"big": string(make([]byte, 40<<20))}.write(t, root)
	if err := (Packer{Dir: root}).Pack(t.Context(), fullDisk{}, root); err != errFull {
		t.Error(err)
	}
}

type panicking struct{}

func (panicking) Write([]byte) (int, error) { panic("oops") }

// TestPackSurvivesPanics in its goroutines: they come back as errors.
func TestPackSurvivesPanics(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	tree{"big": string(make([]byte, 10<<20))}.write(t, root)
	err := Packer{Dir: root}.Pack(t.Context(), panicking{}, ".")
	if text(err) != "a bug in this program: oops" {
		t.Error(err)
	}
}

// TestSettles waits a tick of the file system's clock after a write.
func TestSettles(t *testing.T) {
	t.Parallel()
	now := time.Unix(1000, 5_000_000)
	for modified, want := range map[time.Time]time.Duration{
		now:                              20 * time.Millisecond,
		now.Add(-5*time.Millisecond + 1): 15*time.Millisecond + 1,
		now.Add(-20 * time.Millisecond):  0,
		now.Add(10 * time.Millisecond):   30 * time.Millisecond,
		now.Add(time.Hour):               0,
		time.Unix(1000, 0):               2*time.Second - 5*time.Millisecond,
		time.Unix(999, 0):                time.Second - 5*time.Millisecond,
		time.Unix(998, 0):                0,
	} {
		if got := settles(modified, now); got != want {
			t.Errorf("%v: %v, want %v", now.Sub(modified), got, want)
		}
	}
}
