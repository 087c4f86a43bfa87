// Package provenance finds out where an artifact comes from: the CI vendor
// that runs the command, and the git revision and the uncommitted changes of a
// work tree.
//
// The repository is not trusted. Its configuration can make git run programs
// (clean filters), so git sees an allow-list of the environment that holds no
// token, reaches no network, asks no question and changes nothing. What cannot
// be determined is an error, never a made-up clean tree. The package prints
// nothing.
//
// Start at [Git] and [DetectCI].
package provenance

import (
	"context"
	"errors"
	"fmt"
)

// ErrNoCommit is the error of [Git] in a repository without a commit.
var ErrNoCommit = errors.New("the current branch has no commit yet")

// ErrNoWorkTree is the error of [Git] where neither a directory nor one above
// it is a work tree.
var ErrNoWorkTree = errors.New("not in a git work tree")

// Revision is the state of a work tree.
type Revision struct {
	// SHA is the commit that is checked out, 40 or 64 hex digits.
	SHA string
	// DirtyHash stands for everything that differs from that commit, 64 hex
	// digits. It is empty for a clean tree.
	DirtyHash string
}

// Git returns the state of the work tree that dir is in, found as git finds it;
// "" is the current directory. environ is the environment, as [os.Environ]
// gives it, of which git gets what it needs.
//
// The dirty hash is the one that turbo 2.11.11 sends for the same tree: the
// SHA-256 over
//
//	? NUL PATH NUL
//
// for each untracked file that is not ignored, in the order of the paths'
// bytes, with symbolic links after all other files; and then over what "git
// diff HEAD --no-ext-diff --no-color" prints, as the user's settings have it.
// All files in submodules and in repositories inside the tree that are not
// ignored there count as untracked. Unlike turbo's git, ours runs no textconv
// programs.
//
// An error with an empty revision says in one line why there is none: no git,
// no work tree, no commit ([ErrNoCommit]), a repository of another owner
// ([OwnerError]). An error with a SHA says why the dirty hash is not known; the
// caller should not take the tree for clean. When ctx ends, git is killed and
// the error wraps that of ctx.
//
// Memory grows with the number of untracked files; more than 1,048,576 in all
// are an error.
func Git(ctx context.Context, dir string, environ []string) (Revision, error) {
	return Ask(ctx, dir, environ)()
}

// Ask is [Git] in two halves: it starts git, and answer, which must be called,
// waits for what git says.
func Ask(ctx context.Context, dir string, environ []string) (answer func() (Revision, error)) {
	r, err := openRepository(dir, environ)
	if err != nil {
		return func() (Revision, error) { return Revision{}, err }
	}
	ctx, cancel := context.WithCancel(ctx)
	// They run side by side.
	status := r.start(ctx, listFiles...)
	diff := r.start(ctx, "diff", "HEAD", "--no-ext-diff", "--no-color", "--no-textconv")
	return func() (Revision, error) {
		defer func() {
			cancel()
			_ = diff.wait() // what counted was read
		}()
		u := &untracked{repository: r}
		sha, err := u.read(status, "")
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
