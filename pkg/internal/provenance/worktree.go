package provenance

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// changes looks at what git status lists in the work tree, and leaves the
// entries whose content really differs, sorted by path.
func (r repository) changes(ctx context.Context, st status) ([]entry, error) {
	if slices.ContainsFunc(st.entries, func(e entry) bool { return e.listed }) {
		w, err := r.worktree(ctx, st)
		if err != nil {
			return nil, err
		}
		if err := w.look(ctx, st.entries); err != nil {
			return nil, err
		}
	}
	return slices.DeleteFunc(st.entries, func(e entry) bool { return !e.changed() }), nil
}

// A worktree is a repository whose files can be looked at.
type worktree struct {
	repository
	root string // absolute
	// newHash makes the hash of the repository's object ids.
	newHash func() hash.Hash
}

// worktree finds out where the work tree is. That may take a process, and only
// the caller knows that it is needed.
func (r repository) worktree(ctx context.Context, st status) (worktree, error) {
	if root, ok := r.plainRoot(); ok && st.head != "" {
		w := worktree{repository: r, root: root, newHash: sha1.New}
		if len(st.head) == hex.EncodedLen(sha256.Size) {
			w.newHash = sha256.New
		}
		return w, nil
	}
	var out bytes.Buffer
	// A git too old to know --show-object-format knows SHA-1 only, and
	// repeats the argument.
	if err := r.run(ctx, &out, "rev-parse", "--show-toplevel", "--show-object-format"); err != nil {
		return worktree{}, err
	}
	answer := strings.TrimSuffix(out.String(), "\n")
	end := strings.LastIndexByte(answer, '\n')
	if end < 0 {
		return worktree{}, fmt.Errorf("git rev-parse: unexpected answer %.100q", answer)
	}
	w := worktree{repository: r, root: filepath.FromSlash(strings.TrimSuffix(answer[:end], "\r")), newHash: sha1.New}
	if strings.TrimSpace(answer[end:]) == "sha256" {
		w.newHash = sha256.New
	}
	if r.isNested && !sameFile(w.root, r.dir) {
		// git found the repository around it, which is being looked at
		// already: this would have no end.
		return worktree{}, errors.New("it is no repository that git can read")
	}
	return w, nil
}

func sameFile(a, b string) bool {
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(infoA, infoB)
}

func (w worktree) path(e *entry) string {
	return filepath.Join(w.root, filepath.FromSlash(e.path))
}

// look fills in what the work tree holds at each listed entry.
func (w worktree) look(ctx context.Context, entries []entry) error {
	var files, executables []*entry
	for i := range entries {
		e := &entries[i]
		if !e.listed {
			continue
		}
		info, err := w.inspect(ctx, e)
		if err != nil {
			return err
		}
		if info == nil {
			continue
		}
		files = append(files, e)
		if !isFileMode(e.work.mode) { // untracked: git has told no mode
			e.work.mode = modeFile
			if info.Mode()&0o100 != 0 {
				executables = append(executables, e)
			}
		}
	}
	if len(executables) > 0 {
		trusted, err := w.trustsFileMode(ctx)
		if err != nil {
			return err
		}
		for _, e := range executables {
			if trusted {
				e.work.mode = modeExecutable
			}
		}
	}
	if err := w.hashFiles(ctx, files); err != nil {
		return err
	}
	return w.hashAgainstIndex(ctx, files)
}

// isFileMode tells whether git status reports mode for a regular file. It
// reports modeSymlink for one where core.symlinks is false.
func isFileMode(mode uint32) bool {
	return mode == modeFile || mode == modeExecutable || mode == modeSymlink
}

// inspect fills in what the work tree holds at e, except for a regular file,
// whose info it returns. What git cannot record, such as a FIFO, and what has
// gone since git status saw it, is nothing.
func (w worktree) inspect(ctx context.Context, e *entry) (fs.FileInfo, error) {
	path := w.path(e)
	info, err := os.Lstat(path)
	switch {
	case isGone(err):
		e.work = side{}
		return nil, nil
	case err != nil:
		return nil, err
	case info.Mode().IsRegular():
		return info, nil
	case info.Mode().Type() == fs.ModeSymlink:
		target, err := os.Readlink(path)
		if err != nil && !isGone(err) {
			return nil, err
		}
		e.work = side{mode: modeSymlink, id: w.blobID(filepath.ToSlash(target))}
		return nil, nil
	case info.IsDir():
		e.work, err = w.inspectDir(ctx, e)
		return nil, err
	}
	e.work = side{}
	return nil, nil
}

// inspectDir tells what a directory is that git status lists as one entry: a
// submodule or an untracked repository.
func (w worktree) inspectDir(ctx context.Context, e *entry) (side, error) {
	path := w.path(e)
	if _, err := os.Lstat(filepath.Join(path, ".git")); isGone(err) {
		return side{}, nil
	}
	rev, err := w.nested(ctx, path)
	if err != nil {
		return side{}, fmt.Errorf("in %q: %w", e.path, err)
	}
	return side{mode: modeSubmodule, id: rev.SHA, dirty: rev.DirtyHash}, nil
}

// isGone tells whether err says that there is nothing at a path.
func isGone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// blobID is the id of a blob that holds content as it is.
func (w worktree) blobID(content string) string {
	h := w.newHash()
	fmt.Fprintf(h, "blob %d\x00%s", len(content), content)
	return hex.EncodeToString(h.Sum(nil))
}

// trustsFileMode tells whether git records that a file is executable. Only an
// untracked executable file needs to know: of a tracked one git status tells.
func (w worktree) trustsFileMode(ctx context.Context) (bool, error) {
	var out bytes.Buffer
	err := w.run(ctx, &out, "config", "--type=bool", "--get", "core.fileMode")
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 1 {
		return true, nil // not set
	}
	return strings.TrimSpace(out.String()) != "false", err
}
