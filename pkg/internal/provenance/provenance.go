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
// The state of a work tree is what git status and git add say of it: ignore
// rules, attributes and filters, and what the repository's configuration says
// of its file system (core.fileMode, core.autocrlf, core.trustctime and so on),
// count as they do there; how the user wants changes shown does not. Files that
// git status cannot see are not seen here either: those that are marked
// assume-unchanged, those in a directory that cannot be read, and those in a
// submodule of a submodule that the configuration in between says to ignore.
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

// Git tells the state of the work tree that dir is in, found as git finds it;
// "" is the current directory. environ is the environment, as [os.Environ]
// gives it, of which git gets what it needs.
//
// The dirty hash is the same in every directory of a work tree, and in another
// clone in the same state. It is the SHA-256 over the changed entries, in the
// order of their paths' bytes, each written as
//
//	PATH NUL INDEX NUL WORKTREE NUL
//
// where INDEX and WORKTREE are empty for what is not there, and else the mode
// in octal, a space and the object id that git records, as in
// "100644 ce013625030ba8dba906f756967f9e9ca394464a". For a submodule, and for
// an untracked repository inside the tree, that id is its commit ("-" where it
// has none), and where it is dirty a space and its own dirty hash follow. For
// an unmerged path INDEX holds the three stages, each after a comma.
//
// An error with an empty revision says in one line why there is none: no git,
// no work tree, no commit ([ErrNoCommit]), a repository of another owner. An
// error with a SHA says why the dirty hash is not known; the caller should not
// take the tree for clean. When ctx ends, git is killed and the error wraps
// that of ctx.
//
// Memory grows with the number of changed entries, by about 300 bytes and the
// path for each; more than 1,048,576 of them in one repository are an error.
func Git(ctx context.Context, dir string, environ []string) (Revision, error) {
	return Ask(ctx, dir, environ)()
}

// Ask is [Git] in two halves: it starts git, and answer, which must be called,
// waits for what git says.
func Ask(ctx context.Context, dir string, environ []string) (answer func() (Revision, error)) {
	r, git, err := begin(ctx, dir, environ)
	if err != nil {
		return func() (Revision, error) { return Revision{}, err }
	}
	return func() (Revision, error) {
		defer r.early.end()
		st, err := readStatus(git)
		if err != nil {
			return Revision{}, err
		}
		if st.head == "" {
			return Revision{}, ErrNoCommit
		}
		dirty, err := r.dirtyHash(ctx, st)
		if err != nil {
			return Revision{SHA: st.head}, fmt.Errorf("determining uncommitted changes: %w", err)
		}
		return Revision{SHA: st.head, DirtyHash: dirty}, nil
	}
}

// begin starts git status, and beside it what hashes, which so takes no time of
// its own.
func begin(ctx context.Context, dir string, environ []string) (repository, *process, error) {
	r, err := openRepository(dir, environ)
	if err != nil {
		return r, nil, err
	}
	if r.isNowhere() {
		return r, nil, ErrNoWorkTree
	}
	git, err := r.startStatus(ctx)
	if err != nil {
		return r, nil, err
	}
	if r.early, err = r.startHashing(ctx); err != nil {
		_ = git.wait() // with nobody to read it, that is soon
		return r, nil, err
	}
	return r, git, nil
}

// dirtyHash hashes the entries of st that really differ.
func (r repository) dirtyHash(ctx context.Context, st status) (string, error) {
	entries, err := r.changes(ctx, st)
	if err != nil {
		return "", err
	}
	return digest(entries), nil
}

// nested tells the state of the repository in dir, which lies inside the work
// tree of r. It may be without a commit.
func (r repository) nested(ctx context.Context, dir string) (Revision, error) {
	n := r.inside(dir)
	st, err := n.status(ctx)
	if err != nil {
		return Revision{}, err
	}
	dirty, err := n.dirtyHash(ctx, st)
	return Revision{SHA: st.head, DirtyHash: dirty}, err
}
