// Package provenance determines where an artifact comes from: the CI vendor, and
// the git revision and uncommitted changes of a work tree.
//
// The repository is not trusted. Its configuration can make git run programs
// (clean filters), so git gets only those environment variables that hold no
// token. It does not use the network, prompt, or change anything. If the state
// cannot be determined, that is an error, never a clean tree.
//
// Start at [Ask] and [DetectCI].
package provenance

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// ErrNoCommit is returned by [Ask] in a repository without a commit.
var ErrNoCommit = errors.New("the current branch has no commit yet")

// ErrNoWorkTree is returned by [Ask] outside of a work tree.
var ErrNoWorkTree = errors.New("not in a git work tree")

// Revision is the state of a work tree.
type Revision struct {
	SHA       string // of the commit that is checked out, 40 or 64 hex digits
	DirtyHash string // of all that differs from it, 64 hex digits; empty for a clean tree
}

// Ask starts git in the work tree of dir, or of the current directory if dir is
// empty. environ is the environment, as from [os.Environ], of which git gets what
// it needs. The returned function waits for git and returns the state of the work
// tree; it must be called exactly once.
//
// The dirty hash is the one that turbo 2.11.11 sends for the same tree: the
// SHA-256 over
//
//	? NUL PATH NUL
//
// for each untracked file that is not ignored, sorted by the bytes of the path,
// with symbolic links after all other files; and then over the output of "git
// diff HEAD --no-ext-diff --no-color" under the user's settings. All files in
// submodules and in repositories inside the tree that are not ignored there
// count as untracked. Unlike turbo's git, ours runs no textconv programs.
//
// If the revision is empty, the error is one line with the reason: no git, no
// work tree, no commit ([ErrNoCommit]), or another owner ([OwnerError]). If the
// SHA is known but not the dirty hash, it returns the SHA with an error, and the
// tree must not be taken for clean. When ctx ends, git is killed and the error
// wraps ctx's.
//
// Memory grows with the list of untracked files; a list of more than 128 MiB is
// an error.
func Ask(ctx context.Context, dir string, environ []string) (answer func() (Revision, error)) {
	r, err := openRepository(dir, environ)
	if err != nil {
		return func() (Revision, error) { return Revision{}, err }
	}
	ctx, cancel := context.WithCancel(ctx)
	// Both run in parallel.
	status := r.start(ctx, statusCommand...)
	diff := r.start(ctx, "diff", "HEAD", "--no-ext-diff", "--no-color", "--no-textconv")
	return func() (Revision, error) {
		defer func() {
			cancel()
			_ = diff.wait() // its error was returned, or does not matter
		}()
		u := &untracked{repository: r}
		sha, err := u.add(status, "")
		if err != nil {
			return Revision{}, err
		}
		if sha == "" {
			return Revision{}, ErrNoCommit
		}
		dirty, err := u.hash(ctx, diff)
		if err != nil {
			return Revision{SHA: sha}, fmt.Errorf("determining uncommitted changes: %w", err)
		}
		return Revision{SHA: sha, DirtyHash: dirty}, nil
	}
}

// statusCommand lists the commit and then the untracked files.
var statusCommand = []string{
	"status", "--porcelain=v2", "-z", "--branch", "--no-ahead-behind", "--no-renames", "--untracked-files=all", "--ignore-submodules=all",
}

// untracked collects paths relative to the root of the work tree.
type untracked struct {
	repository   repository
	isTop        bool // repository.top comes from git
	files        []string
	repositories []string // inside the work tree
}

// add adds what statusCommand lists in the repository at prefix, which is empty
// or ends with a slash, and returns the commit, or "" before the first.
func (u *untracked) add(status *process, prefix string) (sha string, err error) {
	list, err := status.list()
	for record := range strings.SplitSeq(list, "\x00") {
		if commit, ok := strings.CutPrefix(record, "# branch.oid "); ok && isObjectID(commit) {
			sha = commit
		}
		path, ok := strings.CutPrefix(record, "? ")
		dir, isDir := strings.CutSuffix(path, "/")
		switch {
		case isDir:
			u.repositories = append(u.repositories, prefix+dir)
		case ok:
			u.files = append(u.files, prefix+path)
		}
	}
	return sha, err
}

// isObjectID reports whether s is a SHA-1 or SHA-256 in lower-case hex.
func isObjectID(s string) bool {
	return (len(s) == 40 || len(s) == 64) && strings.Trim(s, "0123456789abcdef") == ""
}

// hash hashes the untracked files and the output of git diff. It returns "" for
// a clean tree.
func (u *untracked) hash(ctx context.Context, diff *process) (string, error) {
	if err := u.addRepositories(ctx); err != nil {
		return "", err
	}
	slices.Sort(u.files)
	sum := sha256.New()
	write := func(path string) { _, _ = io.WriteString(sum, "?\x00"+path+"\x00") } // a hash never fails
	var links []string
	for _, path := range u.files {
		isLink, err := u.isLink(ctx, path)
		if err != nil {
			return "", err
		}
		if isLink {
			links = append(links, path)
		} else {
			write(path)
		}
	}
	for _, path := range links {
		write(path)
	}
	// With os/exec's own copy, waiting for the process would take a thread that
	// competes with git for a core.
	n, err := io.Copy(sum, diff.stdout)
	err = cmp.Or(diff.wait(), err)
	if err != nil || n == 0 && len(u.files) == 0 {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// addRepositories adds the files of submodules and other repositories in the
// tree, and of those inside them.
func (u *untracked) addRepositories(ctx context.Context) error {
	if _, err := os.Lstat(u.path(".gitmodules")); err == nil {
		list, err := u.repository.start(ctx, "ls-files", "-z", "--stage", "--full-name", "--", ":/").list()
		if err != nil {
			return err
		}
		for record := range strings.SplitSeq(list, "\x00") {
			if entry, path, _ := strings.Cut(record, "\t"); strings.HasPrefix(entry, "160000 ") {
				u.repositories = append(u.repositories, path)
			}
		}
	}
	for len(u.repositories) > 0 {
		path := u.repositories[0]
		u.repositories = u.repositories[1:]
		if _, err := os.Lstat(u.path(path + "/.git")); err != nil {
			continue // a submodule that is not checked out
		}
		if _, err := u.add(u.repository.inside(u.path(path)).start(ctx, statusCommand...), path+"/"); err != nil {
			return fmt.Errorf("in %q: %w", path, err)
		}
	}
	return nil
}

// isLink reports whether an untracked file is a symbolic link. If the file is not
// in the probable root of the work tree, it asks git for the root.
func (u *untracked) isLink(ctx context.Context, path string) (bool, error) {
	info, err := os.Lstat(u.path(path))
	if u.isTop || !errors.Is(err, fs.ErrNotExist) {
		return err == nil && info.Mode().Type() == fs.ModeSymlink, nil
	}
	top, err := u.repository.start(ctx, "rev-parse", "--show-toplevel").list()
	if err != nil {
		return false, err
	}
	u.repository.top, u.isTop = filepath.FromSlash(strings.TrimRight(top, "\r\n")), true
	return u.isLink(ctx, path)
}

// path converts git's path to one of the file system.
func (u *untracked) path(path string) string {
	return filepath.Join(u.repository.top, filepath.FromSlash(path))
}
