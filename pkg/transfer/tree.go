package transfer

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/bmatcuk/doublestar/v4"
)

// Skip is why [Tree] skips a file.
type Skip string

// The values of [Skip].
const (
	LinkLeaves      Skip = "the link points outside the directory"
	LinkToDirectory Skip = "the link points to a directory"
	LinkToGit       Skip = "the link points into .git"
	SpecialFile     Skip = "not a regular file"
)

// Glob is a pattern for slash-separated paths, as [ParseGlob] made it.
type Glob string

// ParseGlob reads a pattern in the syntax of github.com/bmatcuk/doublestar, where *
// stays in one directory and ** crosses them.
func ParseGlob(text string) (Glob, error) {
	if !doublestar.ValidatePattern(text) {
		return "", fmt.Errorf("%q is not a valid pattern", text)
	}
	return Glob(text), nil
}

func (g Glob) matches(name string) bool { return doublestar.MatchUnvalidated(string(g), name) }

// Tree is a directory whose files are inputs.
type Tree struct {
	Root string
	// Exclude is matched against paths relative to Root. With a directory, all
	// that is in it is left out.
	Exclude []Glob
	// Skipped, if not nil, is called for each file that is skipped.
	Skipped func(path string, why Skip)
}

// Files returns the regular files below the root, in the byte order of their
// slash-separated paths. The names of one directory at a time and of those above
// it are in memory. Each input is like the one given, with its own path.
//
// A link stands for the file it leads to, if that is inside the root. Links that
// leave the root or lead to a directory are skipped, as are special files. Files
// are opened through an [os.Root], which stays open as long as an input refers
// to it: a link that takes the place of a file or directory later cannot lead
// out either. .git, in any case and at any depth, is left out.
//
// What cannot be read comes as an [*InputError].
func (t Tree) Files(like Input) Inputs {
	return func(yield func(Input, error) bool) {
		w := walk{Tree: t, like: like, yield: yield}
		if err := w.open(); err != nil {
			w.fail(".", err)
			return
		}
		w.directory(".")
	}
}

// walk is one walk through a tree. Names in it are relative to the root and have
// slashes.
type walk struct {
	Tree
	root  *os.Root
	real  string // the root's path without links
	like  Input
	yield func(Input, error) bool
}

func (w *walk) open() (err error) {
	if w.root, err = os.OpenRoot(w.Root); err != nil {
		return err
	}
	if w.real, err = filepath.Abs(w.Root); err != nil {
		return err
	}
	w.real, err = filepath.EvalSymlinks(w.real)
	return err
}

func (w *walk) path(name string) string { return filepath.ToSlash(filepath.Join(w.Root, name)) }

func (w *walk) fail(name string, err error) (goesOn bool) {
	if inPath := (*fs.PathError)(nil); errors.As(err, &inPath) {
		err = &fs.PathError{Op: inPath.Op, Path: w.path(name), Err: inPath.Err}
	}
	return w.yield(Input{Path: asFile(w.path(name))}, &InputError{Path: w.path(name), Err: err})
}

func (w *walk) directory(name string) (goesOn bool) {
	entries, err := w.entries(name)
	for _, entry := range entries {
		if !w.visit(path.Join(name, entry.Name()), entry.Type()) {
			return false
		}
	}
	return err == nil || w.fail(name, err)
}

// entries lists a directory so that the paths of all files come in order.
func (w *walk) entries(name string) ([]fs.DirEntry, error) {
	// The dot makes os.Root open a directory only: a FIFO in its place would block.
	directory, err := w.root.Open(name + "/.")
	if err != nil {
		return nil, err
	}
	defer directory.Close()
	entries, err := directory.ReadDir(-1)
	slices.SortFunc(entries, func(a, b fs.DirEntry) int {
		return strings.Compare(a.Name()+slashOf(a), b.Name()+slashOf(b))
	})
	return entries, err
}

// slashOf returns what comes behind a name in the paths that it begins.
func slashOf(entry fs.DirEntry) string {
	if entry.IsDir() {
		return "/"
	}
	return ""
}

func (w *walk) visit(name string, kind fs.FileMode) (goesOn bool) {
	if isGit(path.Base(name)) || slices.ContainsFunc(w.Exclude, func(g Glob) bool { return g.matches(name) }) {
		return true
	}
	input := w.like
	input.Path, input.root, input.name = asFile(w.path(name)), w.root, name
	var skip Skip
	switch {
	case kind.IsDir():
		return w.directory(name)
	case kind&fs.ModeSymlink != 0:
		var err error
		if input.name, skip, err = w.follow(name); err != nil {
			return w.fail(name, err)
		}
	case !kind.IsRegular():
		skip = SpecialFile
	}
	if skip == "" {
		return w.yield(input, nil)
	}
	if w.Skipped != nil {
		w.Skipped(w.path(name), skip)
	}
	return true
}

func isGit(name string) bool { return strings.EqualFold(name, ".git") }

// follow returns the name of the file that a link leads to in the end. os.Root
// alone would not do: it refuses absolute links, and knows nothing of .git.
func (w *walk) follow(link string) (target string, skip Skip, err error) {
	target, err = filepath.EvalSymlinks(filepath.Join(w.real, link))
	if err != nil {
		_, inside := w.root.Stat(link)
		if inside != nil && !errors.As(inside, new(syscall.Errno)) { // os.Root's own error, which it does not export
			return "", LinkLeaves, nil
		}
		return "", "", cmp.Or(inside, err)
	}
	target, err = filepath.Rel(w.real, target)
	if err != nil || !filepath.IsLocal(target) {
		return "", LinkLeaves, nil
	}
	target = filepath.ToSlash(target)
	info, err := w.root.Lstat(target)
	switch {
	case err != nil:
		return "", "", err
	case slices.ContainsFunc(strings.Split(target, "/"), isGit):
		return "", LinkToGit, nil
	case info.IsDir():
		return "", LinkToDirectory, nil
	case !info.Mode().IsRegular():
		return "", SpecialFile, nil
	}
	return target, "", nil
}
