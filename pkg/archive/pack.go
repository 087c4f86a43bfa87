package archive

import (
	"archive/tar"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// Packer packs files and directories into one archive. The same tree gives the
// same bytes, whatever its times, owners, order of directory entries and the
// number of processors. Another version of this package may give others.
//
// Modes are reduced to 0755 for directories and for files that their owner may
// execute, and 0644 for others. On Windows every file is 0755. Hard links are
// stored as files.
type Packer struct {
	// Dir is the directory that names in the archive and relative paths start
	// from, by default the current one. No link may lead out of it.
	Dir string
	// Exclude leaves out files and whole directories whose names in the archive
	// match one of these patterns, in doublestar's syntax.
	Exclude []string
	// Packed, if not nil, is called with the entries and the bytes of files packed
	// so far. Pack waits for each call.
	Packed func(entries int, bytes int64)
}

// ErrRoot reports that the whole file system was to be packed.
var ErrRoot = errors.New("packing the root of the file system is not supported")

// Pack writes an archive of paths to w. A path is a file or directory below Dir.
// A file below two of them is packed once. .git, in any case and at any depth, is
// left out.
//
// If a file was written within the last tick of its file system's clock, another write
// might not change its time, so Pack waits for that tick to pass: up to
// 20 ms, or 2 s where times are whole seconds.
//
// The error is an [*EntryError] if it is about one file. It wraps [ErrChanged] if
// the file changed while it was packed, and [ErrUnsupported] if it is not a file,
// directory or link, or is a link that leads out of Dir. It is ctx's cause once
// ctx has ended, and otherwise w's.
func (p Packer) Pack(ctx context.Context, w io.Writer, paths ...string) error {
	for _, pattern := range p.Exclude {
		if !doublestar.ValidatePattern(pattern) {
			return fmt.Errorf("the pattern %q: %w", pattern, doublestar.ErrBadPattern)
		}
	}
	place, err := newPlace(p.Dir)
	if err != nil {
		return err
	}
	defer place.root.Close()
	tops, err := place.tops(paths)
	if err != nil {
		return err
	}
	frames, err := newFrameWriter(ctx, w)
	if err != nil {
		return err
	}
	run := packing{Packer: p, place: place, archive: tar.NewWriter(frames), buffer: make([]byte, 128<<10)}
	for _, top := range tops {
		if err := run.add(ctx, place.root, top.name); err != nil {
			return frames.abort(err)
		}
	}
	if err := run.archive.Close(); err != nil {
		return frames.abort(err)
	}
	return frames.finish()
}

// Check finds what is wrong with paths before anything is packed, with the errors of
// [Packer.Pack]. It returns the name that the first one has in the archive, or "." for
// Dir itself. At least one path must be given.
func (p Packer) Check(paths ...string) (name string, err error) {
	place, err := newPlace(p.Dir)
	if err != nil {
		return "", err
	}
	defer place.root.Close()
	if _, err := place.tops(paths); err != nil {
		return "", err
	}
	return place.nameOf(paths[0])
}

// place is the directory that names in the archive are relative to.
type place struct {
	root *os.Root
	path string // absolute
}

func newPlace(dir string) (_ place, err error) {
	dir = cmp.Or(dir, ".")
	defer func() {
		if err != nil {
			err = &EntryError{Name: dir, Err: err}
		}
	}()
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return place{}, err
	}
	root, err := os.OpenRoot(absolute)
	return place{root, absolute}, err
}

// nameOf returns a path's name in the archive. If the path leads to the place
// through a link, as the working directory often does, it is resolved.
func (p place) nameOf(given string) (string, error) {
	absolute := given
	if !filepath.IsAbs(given) {
		absolute = filepath.Join(p.path, given)
	}
	name, err := filepath.Rel(p.path, absolute)
	if err != nil || !filepath.IsLocal(name) {
		name, err = p.realName(absolute)
	}
	if err != nil || !filepath.IsLocal(name) {
		return "", &EntryError{Name: given, Reason: "it is not below " + p.path, Err: ErrUnsupported}
	}
	if name == "." && filepath.Dir(p.path) == p.path {
		return "", ErrRoot
	}
	return filepath.ToSlash(name), nil
}

func (p place) realName(absolute string) (string, error) {
	dir, err := filepath.EvalSymlinks(p.path)
	if err != nil {
		return "", err
	}
	above, err := filepath.EvalSymlinks(filepath.Dir(absolute))
	if err != nil {
		return "", err
	}
	return filepath.Rel(dir, filepath.Join(above, filepath.Base(absolute)))
}

// tops returns the paths to pack, in order, without those that lie below others.
func (p place) tops(paths []string) ([]child, error) {
	var tops []child
	for _, given := range paths {
		name, err := p.nameOf(given)
		if err != nil {
			return nil, err
		}
		info, err := p.lstat(name)
		if err != nil {
			return nil, &EntryError{Name: given, Err: err}
		}
		if reason := checkName(name); reason != "" && name != "." {
			return nil, &EntryError{Name: given, Reason: reason, Err: ErrUnsupported}
		}
		tops = append(tops, child{name, info.IsDir()})
	}
	slices.SortFunc(tops, inOrder)
	var kept []child
	for _, top := range tops {
		switch {
		case top.name == ".":
			return []child{top}, nil
		case !slices.ContainsFunc(kept, func(k child) bool { return k.name == top.name || strings.HasPrefix(top.name, k.name+"/") }):
			kept = append(kept, top)
		}
	}
	return kept, nil
}

// lstat describes a file, none of whose parents may be a link: its entry would lie
// below that link, which turbo refuses.
func (p place) lstat(name string) (fs.FileInfo, error) {
	for i, char := range name {
		if char != '/' {
			continue
		}
		info, err := p.root.Lstat(name[:i])
		if err == nil && info.Mode()&fs.ModeSymlink != 0 {
			err = fmt.Errorf("%s is a link: name what it leads to", name[:i])
		}
		if err != nil {
			return nil, err
		}
	}
	return p.root.Lstat(name)
}

// child is a directory entry or a path to pack.
type child struct {
	name  string
	isDir bool
}

// inOrder sorts files as their names in the archive, where a directory's ends in
// a slash. So each directory comes before what it holds.
func inOrder(a, b child) int { return strings.Compare(a.sortKey(), b.sortKey()) }

func (c child) sortKey() string {
	if c.isDir {
		return c.name + "/"
	}
	return c.name
}

// childrenOf returns the files of a directory, in order.
func childrenOf(dir *os.Root) ([]child, error) {
	opened, err := dir.Open(".")
	if err != nil {
		return nil, err
	}
	defer opened.Close()
	var children []child
	for {
		entries, err := opened.ReadDir(1024)
		for _, entry := range entries {
			children = append(children, child{entry.Name(), entry.IsDir()})
		}
		if err == io.EOF {
			slices.SortFunc(children, inOrder)
			return children, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// excludes reports whether an entry of this name is left out.
func (p Packer) excludes(name string) bool {
	return isGit(path.Base(name)) || slices.ContainsFunc(p.Exclude, func(pattern string) bool {
		return doublestar.MatchUnvalidated(pattern, name)
	})
}
