package transfer

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/tempfile"
)

// targetIn returns a target for a regular file below root, which no link leads out
// of. It is opened before its first byte, and missing directories are created then.
func targetIn(root *os.Root, name string) *Target {
	return &Target{path: filepath.Join(root.Name(), name), temporary: true, root: root, name: name}
}

// open opens the file of a target below a root.
func (t *Target) open() error {
	if err := t.openInRoot(); err != nil {
		return &OutputError{Path: t.path, Err: outsideOf(err), Unopened: true}
	}
	return nil
}

// outsideOf returns [ErrOutside] for what os.Root itself refuses, which has no type,
// and any other error as it is.
func outsideOf(err error) error {
	isOfRoot := errors.As(err, new(*fs.PathError)) || errors.As(err, new(*os.LinkError))
	if isOfRoot && !errors.As(err, new(syscall.Errno)) {
		return ErrOutside
	}
	return err
}

func (t *Target) openInRoot() error {
	name, err := followLinks(t.name, t.root.Lstat, t.root.Readlink)
	if err != nil {
		return err
	}
	mode := fs.FileMode(0o666) // before umask
	info, err := t.root.Stat(name)
	switch {
	case err == nil && info.IsDir():
		return ErrDirectory
	case err == nil && !info.Mode().IsRegular():
		return artifact.ErrNotRegular
	case err == nil:
		mode = info.Mode().Perm()
	case !errors.Is(err, fs.ErrNotExist):
		return err
	default:
		dir, _ := filepath.Split(name)
		if err := t.root.MkdirAll(cmp.Or(dir, "."), 0o777); err != nil {
			return err
		}
	}
	if t.file, err = tempfile.CreateIn(t.root, name, ".artifact-", mode); err != nil {
		return err
	}
	if info != nil {
		_ = t.file.Chmod(mode) // undo the umask; some file systems have no modes
	}
	t.name = name
	return nil
}
