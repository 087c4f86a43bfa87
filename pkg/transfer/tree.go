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

// Glob is a pattern for slash-separated paths, from [ParseGlob].
type Glob string

// ParseGlob parses a pattern in the syntax of github.com/bmatcuk/doublestar,
// where * matches within one directory and ** across directories.
func ParseGlob(text string) (Glob, error) {
	if text == "" || !doublestar.ValidatePattern(text) {
		return "", fmt.Errorf("%q is not a valid pattern", text)
	}
	return Glob(text), nil
}

func (g Glob) matches(name string) bool { return doublestar.MatchUnvalidated(string(g), name) }

// Tree is a directory whose files are inputs.
type Tree struct {
	Root string
	// Exclude is matched against paths relative to Root. Excluding a directory
	// excludes everything in it.
	Exclude []Glob
	// Skipped, if not nil, is called for each file that is skipped.
	Skipped func(path string, why Skip)
}

// Files returns the regular files below the root, in byte order of their
// slash-separated paths. It keeps the names of one directory and of those above
// it in memory. Each input is a copy of like with its own path.
//
// Links to files inside the root are followed. Links that point outside or to a
// directory are skipped, as are special files, and .git in any case and at any
// depth. Files are opened through an [os.Root], which stays open as long as an
// input refers to it, so that a link that replaces a file later cannot lead
// outside either.
//
// A file or directory that cannot be read yields an [*InputError].
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

// walk is one walk through a tree. Names are relative to the root and
// slash-separated.
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

func (w *walk) fail(name string, err error) (ok bool) {
	if inPath := (*fs.PathError)(nil); errors.As(err, &inPath) {
		err = &fs.PathError{Op: inPath.Op, Path: w.path(name), Err: inPath.Err}
	}
	return w.yield(Input{Path: asFile(w.path(name))}, &InputError{Path: w.path(name), Err: err})
}

func (w *walk) directory(name string) (ok bool) {
	entries, err := w.entries(name)
	for _, entry := range entries {
		if !w.visit(path.Join(name, entry.Name()), entry.Type()) {
			return false
		}
	}
	return err == nil || w.fail(name, err)
}

// entries lists a directory in the order of the files' paths.
func (w *walk) entries(name string) ([]fs.DirEntry, error) {
	// With the dot, os.Root opens only a directory: opening a FIFO would block.
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

// slashOf returns what follows an entry's name in a path.
func slashOf(entry fs.DirEntry) string {
	if entry.IsDir() {
		return "/"
	}
	return ""
}

func (w *walk) visit(name string, kind fs.FileMode) (ok bool) {
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

// follow returns the name of the file that a link finally points to. os.Root
// rejects absolute links, and knows nothing of .git.
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
