// Package archive packs directories into the archives that turbo restores, reads
// such archives, checks whether turbo would restore one, and unpacks them.
//
// An archive is a tar in Zstandard frames. It holds files, directories and
// symbolic links, named relative to the root of a repository. What turbo accepts
// was read from its source, and is tested with turbo 2.9.17 and 2.11.11. Memory
// does not grow with the size of files.
//
// Start at [Packer.Pack], [NewReader], [Check] and [Unpacker.Stage].
package archive

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// The reasons for which an archive, or a tree to pack, is refused.
var (
	// ErrNotArchive reports bytes that are not a tar in Zstandard frames.
	ErrNotArchive = errors.New("not a tar archive compressed with Zstandard")
	// ErrUnsafe reports an entry that turbo refuses. turbo ignores an archive that
	// has one.
	ErrUnsafe = errors.New("unsafe entry")
	// ErrUnstorable is an [ErrUnsafe] of a name that this system or file system
	// cannot store.
	ErrUnstorable = fmt.Errorf("%w: a name that cannot be stored", ErrUnsafe)
	// ErrTooLarge reports an archive that exceeds [Limits].
	ErrTooLarge = errors.New("the archive is too large")
	// ErrNoMatch reports an archive in which no entry is wanted.
	ErrNoMatch = errors.New("nothing in it matches the patterns")
	// ErrChanged reports a file that changed while it was packed.
	ErrChanged = errors.New("it changed while it was packed")
	// ErrUnsupported reports a file that cannot be stored in an archive.
	ErrUnsupported = errors.New("it cannot be stored in an archive")
)

// EntryError is an error about one entry of an archive, or one file of a tree.
type EntryError struct {
	// Name is the name in the archive, or the path that was to be packed.
	Name string
	// Reason, if not empty, says in one sentence what is wrong.
	Reason string
	// Err is one of this package's errors, or the file system's.
	Err error
}

// Error returns the name and the reason.
func (e *EntryError) Error() string {
	if e.Reason == "" {
		return fmt.Sprintf("%s: %v", e.Name, cause(e.Err))
	}
	return fmt.Sprintf("%s: %s", e.Name, e.Reason)
}

// Unwrap returns Err.
func (e *EntryError) Unwrap() error { return e.Err }

// cause returns an error of the file system without the operation and the path, which
// is relative to an [os.Root].
func cause(err error) error {
	if inPath := (*fs.PathError)(nil); errors.As(err, &inPath) {
		return inPath.Err
	}
	if inLink := (*os.LinkError)(nil); errors.As(err, &inLink) {
		return inLink.Err
	}
	if inCall := (*os.SyscallError)(nil); errors.As(err, &inCall) {
		return inCall.Err
	}
	return err
}

func unsafe(name, reason string, args ...any) error {
	return &EntryError{Name: name, Reason: fmt.Sprintf(reason, args...), Err: ErrUnsafe}
}

// Entry is one file, directory or symbolic link of an archive.
type Entry struct {
	// Name is the path below the root, with slashes and none at the end.
	Name string
	// Mode has the permission bits, and [fs.ModeDir] or [fs.ModeSymlink].
	Mode fs.FileMode
	// Size is the number of bytes of a file.
	Size int64
	// Target is what a symbolic link points to.
	Target string
}

// maxName is the maximum length, in bytes, of a name and of a link's target: Linux opens no
// longer path.
const maxName = 4095

// checkName returns why turbo refuses an entry of this name, which has no slash at
// its end. It returns "" for a good name.
func checkName(name string) string {
	switch {
	case !utf8.ValidString(name):
		return "its name is not UTF-8"
	case strings.ContainsRune(name, 0):
		return "its name contains a NUL byte"
	case name == "":
		return "it has no name"
	case len(name) > maxName:
		return fmt.Sprintf("its name is longer than %d bytes", maxName)
	case name[0] == '/' || name[0] == '\\' || len(name) > 2 && name[1] == ':' && (name[2] == '\\' || name[2] == '/'):
		return "its name is an absolute path"
	}
	for part := range strings.SplitSeq(name, "/") {
		switch {
		case part == "" || part == ".":
			return "its name is not a clean path"
		case part == "..":
			return "its name leads out of the root"
		case isGit(part):
			return "it lies in a .git directory"
		}
	}
	return ""
}

func isGit(name string) bool { return strings.EqualFold(name, ".git") }

// leaves reports whether a relative link leads out of the root, here or on Windows. It
// looks only at the names, as turbo does.
func leaves(name, target string) bool {
	to := path.Join(path.Dir(name), strings.ReplaceAll(target, `\`, "/"))
	return to == ".." || strings.HasPrefix(to, "../")
}

// within reports whether an absolute path lies in a directory, by its name.
func within(dir, target string) bool {
	relative, err := filepath.Rel(dir, target)
	return err == nil && filepath.IsLocal(relative)
}
