package provenance

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/artifact-cli/artifact/pkg/internal/printable"
)

// settings stand before every command. As settings, and not as arguments, they
// reach the git that git itself runs in submodules too.
var settings = []string{
	"--no-pager",
	"-c", "core.fsmonitor=false",
	"-c", "core.untrackedCache=false",
	"-c", "diff.relative=false",
}

// A repository runs git in one directory.
type repository struct {
	git     string // the program
	dir     string
	top     string // the root of the work tree, as far as that shows without git
	environ []string
}

// openRepository looks for a repository upwards from dir, which saves a git
// where there is none.
func openRepository(dir string, environ []string) (repository, error) {
	git, err := findGit(environ)
	if err != nil {
		return repository{}, err
	}
	r := repository{git: git, dir: dir, environ: gitEnviron(environ)}
	if r.top, err = filepath.Abs(dir); err != nil {
		return r, err
	}
	for {
		if _, err := os.Lstat(filepath.Join(r.top, ".git")); !errors.Is(err, fs.ErrNotExist) {
			return r, nil
		}
		above := filepath.Dir(r.top)
		if above != r.top {
			r.top = above
			continue
		}
		if r.isNamed() {
			return r, nil
		}
		return r, ErrNoWorkTree
	}
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

// inside is the repository whose root is dir, in the work tree of r, as one
// that has added nothing: turbo counts all its files as untracked.
func (r repository) inside(dir string) repository {
	r.dir, r.top = dir, dir
	r.environ = slices.DeleteFunc(slices.Clone(r.environ), func(pair string) bool {
		name, _, _ := strings.Cut(pair, "=")
		return slices.Contains(ofOneRepository, name)
	})
	r.environ = append(r.environ,
		"GIT_INDEX_FILE=.git-no-index",               // there is none of this name
		"GIT_CEILING_DIRECTORIES="+filepath.Dir(dir)) // the one around it is not meant
	return r
}

// isNamed reports whether a variable names the repository.
func (r repository) isNamed() bool {
	return slices.ContainsFunc(r.environ, func(pair string) bool {
		name, _, _ := strings.Cut(pair, "=")
		return slices.Contains(ofOneRepository, name)
	})
}

// killDelay is how long a killed git's output is waited for: a filter that
// left its process group may still hold it open.
const killDelay = 500 * time.Millisecond

// maxComplaint is how many bytes are kept of what git says on its standard
// error, from the end: its own last word follows what filters say.
const maxComplaint = 8 << 10

// A process is one git that was started. Somebody must wait for it.
type process struct {
	stdout io.Reader
	// wait closes stdout, waits for the end, and returns why git failed.
	wait func() error
}

// start starts git with nothing to read. Where ctx ends first, git and the
// filters that it started are killed, and the error is that of ctx. Whether it
// could be started shows when the process is read.
func (r repository) start(ctx context.Context, args ...string) *process {
	cmd := exec.CommandContext(ctx, r.git, slices.Concat(settings, args)...)
	cmd.Dir, cmd.Env = r.dir, r.environ
	complaint := &tail{limit: maxComplaint}
	cmd.Stderr = complaint
	cmd.WaitDelay = killDelay
	killGroup(cmd)
	stdout, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return &process{stdout: strings.NewReader(""), wait: func() error { return explain(ctx, args[0], err, "") }}
	}
	return &process{stdout: stdout, wait: sync.OnceValue(func() error {
		stdout.Close() // whoever still writes must not wait for a reader
		return explain(ctx, args[0], cmd.Wait(), complaint.lines())
	})}
}

// explain adds to err, which may be nil, what git complained of.
func explain(ctx context.Context, command string, err error, complaint string) error {
	if err == nil {
		return nil
	}
	if ctxErr := ctx.Err(); ctxErr != nil {
		return fmt.Errorf("git %s: %w", command, ctxErr)
	}
	err = &gitError{command: command, reason: reasonIn(complaint), err: err}
	if remedy := remedyIn(complaint); remedy != "" {
		return &OwnerError{Remedy: remedy, err: err}
	}
	return err
}

// read passes all of git's output to w, and returns why git failed. Then what w
// was given does not count.
func (p *process) read(w io.Writer) (int64, error) {
	// os/exec would wait for the process first. That takes a thread, which
	// the scheduler keeps looking at, on a core that git could have.
	n, err := io.Copy(w, p.stdout)
	return n, cmp.Or(p.wait(), err)
}

// A gitError is a git command that failed.
type gitError struct {
	command string
	reason  string // what git said, one printable line; it may be empty
	err     error
}

func (e *gitError) Error() string { return "git " + e.command + ": " + cmp.Or(e.reason, e.err.Error()) }
func (e *gitError) Unwrap() error { return e.err }

// OwnerError says that git does not look at a repository which belongs to
// another user, as in a container with the work tree of its host.
type OwnerError struct {
	// Remedy is the command that makes git trust the repository, one
	// printable line.
	Remedy string
	err    error
}

func (e *OwnerError) Error() string { return e.err.Error() }
func (e *OwnerError) Unwrap() error { return e.err }

// remedyIn finds the command of an [OwnerError]. git has no exit status for it
// and worded the error in two ways, but every version prints this line.
func remedyIn(complaint string) string {
	for line := range strings.Lines(complaint) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "git config --global --add safe.directory ") {
			return printable.Text(line)
		}
	}
	return ""
}

// reasonIn picks the line that says why git failed, of those that it and the
// programs it runs have written, and makes it fit to print. It cuts nothing off:
// half of a secret would not be known as one.
func reasonIn(complaint string) string {
	_, reason, fatal := strings.Cut("\n"+complaint, "\nfatal: ")
	if !fatal {
		reason = strings.TrimSpace(complaint)
	}
	reason, _, _ = strings.Cut(reason, "\n")
	return printable.Line(reason, math.MaxInt)
}

// A tail keeps the last bytes that are written to it, limit of them or some more.
type tail struct {
	limit int
	kept  []byte
	cut   bool
}

// lines are those whose beginning was kept too.
func (t *tail) lines() string {
	text := string(t.kept)
	if t.cut {
		_, text, _ = strings.Cut(text, "\n")
	}
	return text
}

func (t *tail) Write(p []byte) (int, error) {
	t.cut = t.cut || len(p) > t.limit || len(t.kept)+len(p) > 2*t.limit
	t.kept = append(t.kept, p[max(0, len(p)-t.limit):]...)
	if len(t.kept) > 2*t.limit {
		t.kept = append(t.kept[:0], t.kept[len(t.kept)-t.limit:]...)
	}
	return len(p), nil
}
