package provenance

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// settings stand before every command. As settings, and not as arguments, they
// reach the git status that git itself runs in submodules too.
var settings = []string{
	"--no-pager",
	"-c", "core.fsmonitor=false",
	"-c", "core.untrackedCache=false",
	"-c", "core.quotePath=false",
	"-c", "status.showUntrackedFiles=all",
	"-c", "diff.ignoreSubmodules=none",
}

// A repository runs git in one directory.
type repository struct {
	git     string // the program
	dir     string
	environ []string
	// isNested says that dir must be the root of the work tree.
	isNested bool
	// early, if not nil, hashes files by a git that was started before.
	early *hashing
}

func openRepository(dir string, environ []string) (repository, error) {
	git, err := findGit(environ)
	if err != nil {
		return repository{}, err
	}
	return repository{git: git, dir: dir, environ: gitEnviron(environ)}, nil
}

// findGit looks in the absolute directories of PATH, never in the current one:
// that may be a stranger's repository.
func findGit(environ []string) (string, error) {
	path, _ := lookup(environ, "PATH")
	for _, dir := range filepath.SplitList(path) {
		if !filepath.IsAbs(dir) {
			continue
		}
		if git, err := exec.LookPath(filepath.Join(dir, "git")); err == nil {
			return git, nil
		}
	}
	return "", fmt.Errorf("looking for git on PATH: %w", exec.ErrNotFound)
}

// inside is the repository whose root is dir, in the work tree of r.
func (r repository) inside(dir string) repository {
	r.dir, r.isNested, r.early = dir, true, nil
	r.environ = slices.DeleteFunc(slices.Clone(r.environ), func(pair string) bool {
		name, _, _ := strings.Cut(pair, "=")
		return slices.Contains(ofOneRepository, name)
	})
	return r
}
