package transfer

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Tree is a directory each file of which is an input.
type Tree struct {
	Root string
	// LeftOut, if not nil, is told of each name that stands for no file: a
	// link to a directory, a socket, a device and the like.
	LeftOut func(path string)
}

// listedAtOnce is how many names of a directory are in memory at most.
const listedAtOnce = 1024

// Files gives the files below the root, in no order that anybody may rely on,
// since a directory is never listed whole. A link stands for the file that it
// leads to; links to directories are not followed. What cannot be listed comes
// as an [*InputError]. Each input is like the one given, with its own path.
func (t Tree) Files(like Input) Inputs {
	return func(yield func(Input, error) bool) { t.walk(t.Root, like, yield) }
}

func (t Tree) walk(path string, like Input, yield func(Input, error) bool) (goesOn bool) {
	directory, err := os.Open(path)
	if err != nil {
		return yield(Input{}, &InputError{Path: path, Err: err})
	}
	defer directory.Close()
	for {
		entries, err := directory.ReadDir(listedAtOnce)
		for _, entry := range entries {
			if !t.visit(filepath.Join(path, entry.Name()), entry.Type(), like, yield) {
				return false
			}
		}
		if errors.Is(err, io.EOF) {
			return true
		}
		if err != nil {
			return yield(Input{}, &InputError{Path: path, Err: err})
		}
	}
}

func (t Tree) visit(path string, kind fs.FileMode, like Input, yield func(Input, error) bool) (goesOn bool) {
	if kind.IsDir() {
		return t.walk(path, like, yield)
	}
	input := like
	input.Path = asFile(path)
	if kind.IsRegular() {
		return yield(input, nil)
	}
	if kind&fs.ModeSymlink != 0 {
		info, err := os.Stat(path)
		if err != nil {
			return yield(input, &InputError{Path: path, Err: err})
		}
		if info.Mode().IsRegular() {
			return yield(input, nil)
		}
	}
	if t.LeftOut != nil {
		t.LeftOut(path)
	}
	return true
}
