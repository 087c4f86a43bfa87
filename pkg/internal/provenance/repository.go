package provenance

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"
)

// killDelay is how long a killed git's output is waited for: a filter that
// left its process group may still hold it open.
const killDelay = 500 * time.Millisecond

// maxComplaint is how many bytes are kept of what git says on its standard
// error, from the end: its own last word follows what filters say. maxReason is
// how many characters of it stand in an error.
const (
	maxComplaint = 8 << 10
	maxReason    = 300
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

// run runs git to its end, with all of its output going to stdout. Where ctx
// ends first, git and the filters that it started are killed, and the error is
// that of ctx.
func (r repository) run(ctx context.Context, stdin io.Reader, stdout io.Writer, args ...string) error {
	cmd := exec.CommandContext(ctx, r.git, slices.Concat(settings, args)...)
	cmd.Dir, cmd.Env = r.dir, r.environ
	cmd.Stdin, cmd.Stdout = stdin, stdout
	complaint := &tail{limit: maxComplaint}
	cmd.Stderr = complaint
	cmd.WaitDelay = killDelay
	killGroup(cmd)
	err := cmd.Run()
	if err == nil {
		return nil
	}
	if ctxErr := ctx.Err(); ctxErr != nil {
		return fmt.Errorf("git %s: %w", args[0], ctxErr)
	}
	if reason := reasonIn(string(complaint.kept)); reason != "" {
		return &gitError{command: args[0], reason: reason, err: err}
	}
	return fmt.Errorf("git %s: %w", args[0], err)
}

// A gitError is a git command that failed and said why.
type gitError struct {
	command string
	reason  string // one printable line
	err     error
}

func (e *gitError) Error() string { return "git " + e.command + ": " + e.reason }
func (e *gitError) Unwrap() error { return e.err }

// reasonIn picks the line that tells why git failed, of those that it and the
// programs it runs have written, and makes it fit to print.
func reasonIn(complaint string) string {
	var reason string
	for line := range strings.Lines(complaint) {
		line = strings.TrimSpace(line)
		if fatal, ok := strings.CutPrefix(line, "fatal: "); ok {
			reason = fatal
			break
		}
		if reason == "" {
			reason = line
		}
	}
	printable := []rune(strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return '?'
		}
		return c
	}, reason))
	return string(printable[:min(len(printable), maxReason)])
}

// A tail keeps the last bytes that are written to it, limit of them or some more.
type tail struct {
	limit int
	kept  []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p[max(0, len(p)-t.limit):]...)
	if len(t.kept) > 2*t.limit {
		t.kept = append(t.kept[:0], t.kept[len(t.kept)-t.limit:]...)
	}
	return len(p), nil
}
