package provenance

import (
	"bufio"
	"bytes"
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

// maxFiles and maxRecord bound the memory that a work tree can make us take:
// untracked files, and bytes of one path.
const (
	maxFiles  = 1 << 20
	maxRecord = 1 << 20
)

// listFiles lists untracked files, and before them the commit.
var listFiles = []string{
	"status", "--porcelain=v2", "-z", "--branch", "--no-ahead-behind", "--no-renames", "--untracked-files=all", "--ignore-submodules=all",
}

// untracked are the paths of untracked files, from the root of the work tree.
type untracked struct {
	repository   repository
	asked        bool // git for the root
	files, links []string
	inside       []string // repositories
}

// read takes what listFiles prints in the repository at prefix, which is empty or
// ends with a slash, and returns the commit, if there is one.
func (u *untracked) read(git *process, prefix string) (sha string, err error) {
	records := git.records()
	for err == nil && records.Scan() {
		record := records.Text()
		if commit, ok := strings.CutPrefix(record, "# branch.oid "); ok && isObjectID(commit) {
			sha = commit
		}
		path, ok := strings.CutPrefix(record, "? ")
		switch {
		case !ok:
		case len(u.files)+len(u.links)+len(u.inside) == maxFiles:
			err = fmt.Errorf("there are more than %d untracked files", maxFiles)
		case strings.HasSuffix(path, "/"):
			u.inside = append(u.inside, prefix+strings.TrimSuffix(path, "/"))
		default:
			u.files = append(u.files, prefix+path)
		}
	}
	if err = cmp.Or(err, records.Err()); err != nil {
		_ = git.wait()
		return "", fmt.Errorf("reading git status: %w", err)
	}
	return sha, git.wait()
}

// isObjectID reports whether s is a SHA-1 or SHA-256 in lower-case hex.
func isObjectID(s string) bool {
	return (len(s) == 40 || len(s) == 64) && strings.Trim(s, "0123456789abcdef") == ""
}

// hash hashes the untracked files and what git diff prints. It returns nothing
// for a clean tree.
func (u *untracked) hash(ctx context.Context, diff *process) (string, error) {
	if err := u.addInside(ctx); err != nil {
		return "", err
	}
	if err := u.sort(ctx); err != nil {
		return "", err
	}
	sum := sha256.New()
	for _, path := range slices.Concat(u.files, u.links) {
		fmt.Fprintf(sum, "?\x00%s\x00", path) // a hash never fails
	}
	n, err := diff.read(sum)
	if err != nil || n == 0 && len(u.files)+len(u.links) == 0 {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// addInside adds the files of submodules and other repositories in the tree,
// and in these.
func (u *untracked) addInside(ctx context.Context) error {
	if _, err := os.Lstat(filepath.Join(u.repository.top, ".gitmodules")); err == nil {
		if err := u.addSubmodules(ctx); err != nil {
			return err
		}
	}
	for len(u.inside) > 0 {
		path := u.inside[0]
		u.inside = u.inside[1:]
		dir := filepath.Join(u.repository.top, filepath.FromSlash(path))
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err != nil {
			continue // a submodule that is not checked out
		}
		if _, err := u.read(u.repository.inside(dir).start(ctx, listFiles...), path+"/"); err != nil {
			return fmt.Errorf("in %q: %w", path, err)
		}
	}
	return nil
}

// addSubmodules looks for submodules in the index.
func (u *untracked) addSubmodules(ctx context.Context) error {
	git := u.repository.start(ctx, "ls-files", "-z", "--stage", "--full-name", "--", ":/")
	records := git.records()
	for records.Scan() {
		if entry, path, _ := strings.Cut(records.Text(), "\t"); strings.HasPrefix(entry, "160000 ") {
			u.inside = append(u.inside, path)
		}
	}
	if err := git.wait(); err != nil {
		return err
	}
	return records.Err()
}

// sort brings the paths into the order of their bytes, and sets links apart.
func (u *untracked) sort(ctx context.Context) error {
	slices.Sort(u.files)
	var err error
	u.files = slices.DeleteFunc(u.files, func(path string) bool {
		var isLink bool
		if err == nil {
			isLink, err = u.isLink(ctx, path)
		}
		if isLink {
			u.links = append(u.links, path)
		}
		return isLink
	})
	return err
}

// isLink reports whether an untracked file is a symbolic link. Where it is not
// in what looks like the root of the work tree, git knows another one.
func (u *untracked) isLink(ctx context.Context, path string) (bool, error) {
	info, err := os.Lstat(filepath.Join(u.repository.top, filepath.FromSlash(path)))
	if err == nil {
		return info.Mode().Type() == fs.ModeSymlink, nil
	}
	if u.asked || !errors.Is(err, fs.ErrNotExist) {
		return false, nil // it has gone, or is not for us to see
	}
	u.asked = true
	var top strings.Builder
	if _, err := u.repository.start(ctx, "rev-parse", "--show-toplevel").read(&top); err != nil {
		return false, err
	}
	u.repository.top = filepath.FromSlash(strings.TrimRight(top.String(), "\r\n"))
	return u.isLink(ctx, path)
}

// records cuts git's output, of which each record ends with NUL.
func (p *process) records() *bufio.Scanner {
	records := bufio.NewScanner(p.stdout)
	records.Buffer(nil, maxRecord)
	records.Split(splitNUL)
	return records
}

// splitNUL is a [bufio.SplitFunc] for records that end with NUL.
func splitNUL(data []byte, atEOF bool) (advance int, token []byte, err error) {
	if end := bytes.IndexByte(data, 0); end >= 0 {
		return end + 1, data[:end], nil
	}
	if atEOF && len(data) > 0 {
		return 0, nil, io.ErrUnexpectedEOF
	}
	return 0, nil, nil
}
