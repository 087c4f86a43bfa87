package provenance

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxConfig is the most that is read of a repository's configuration, in bytes.
const maxConfig = 1 << 20

// plainRoot is the root of the work tree where that is sure without asking git,
// which would take a process: git has just told the status of a repository, no
// variable has named one, and the next directory upwards that holds one keeps
// its work tree beside it.
func (r repository) plainRoot() (root string, ok bool) {
	dir, err := filepath.Abs(r.dir)
	if r.isNamed() || err != nil {
		return "", false
	}
	for {
		gitDir := filepath.Join(dir, ".git")
		if info, err := os.Lstat(gitDir); err == nil && !info.IsDir() {
			return "", false // of a linked work tree or a submodule
		}
		if isRepository(gitDir) {
			return dir, keepsWorkTreeBeside(gitDir)
		}
		above := filepath.Dir(dir)
		if above == dir || r.isNested {
			return "", false
		}
		dir = above
	}
}

// isNamed tells whether a variable names the repository.
func (r repository) isNamed() bool {
	return slices.ContainsFunc(r.environ, func(pair string) bool {
		name, _, _ := strings.Cut(pair, "=")
		return slices.Contains(ofOneRepository, name)
	})
}

// isNowhere tells whether git would surely find no work tree: no variable names
// one, and no directory upwards has anything called .git.
func (r repository) isNowhere() bool {
	dir, err := filepath.Abs(r.dir)
	if r.isNamed() || err != nil {
		return false
	}
	for {
		if _, err := os.Lstat(filepath.Join(dir, ".git")); !errors.Is(err, fs.ErrNotExist) {
			return false
		}
		above := filepath.Dir(dir)
		if above == dir {
			return true
		}
		dir = above
	}
}

// isRepository tells what git takes for a repository.
func isRepository(gitDir string) bool {
	for _, part := range []string{"HEAD", "objects", "refs"} {
		if _, err := os.Lstat(filepath.Join(gitDir, part)); err != nil {
			return false
		}
	}
	return true
}

// keepsWorkTreeBeside tells whether nothing in the configuration can name
// another work tree. It need not understand it for that.
func keepsWorkTreeBeside(gitDir string) bool {
	file, err := os.Open(filepath.Join(gitDir, "config"))
	if err != nil {
		return false
	}
	defer file.Close()
	config, err := io.ReadAll(io.LimitReader(file, maxConfig))
	config = bytes.ToLower(config)
	return err == nil && len(config) < maxConfig &&
		!bytes.Contains(config, []byte("worktree")) && !bytes.Contains(config, []byte("include"))
}
