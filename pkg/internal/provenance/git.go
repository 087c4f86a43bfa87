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
	"time"

	"github.com/artifact-cli/artifact/pkg/internal/printable"
)

const (
	// killDelay is how long to wait for the output of a git that was killed: a
	// filter that left its process group may still hold it open.
	killDelay = 500 * time.Millisecond
	// maxStderr is how many bytes of git's standard error are kept, from the end,
	// where git's own error is.
	maxStderr = 8 << 10
	// maxList is the maximum size of a list of files in bytes, enough for a
	// million.
	maxList = 128 << 20
)

// settings precede every command. Unlike arguments of the command, they also
// reach the git that git runs in submodules.
var settings = strings.Fields("--no-pager -c core.fsmonitor=false -c core.untrackedCache=false -c diff.relative=false")

// repository runs git in one directory.
type repository struct {
	git     string // the program
	dir     string
	top     string // the probable root of the work tree
	environ []string
}

// openRepository looks for a repository in dir and its parents, to avoid running
// git outside of one.
func openRepository(dir string, environ []string) (repository, error) {
	git, err := findGit(environ)
	if err != nil {
		return repository{}, err
	}
	top, err := filepath.Abs(dir)
	if err != nil {
		return repository{}, err
	}
	r := repository{git: git, dir: dir, environ: gitEnviron(environ)}
	for ; r.top != top; top = filepath.Dir(top) {
		r.top = top
		if _, err := os.Lstat(filepath.Join(top, ".git")); !errors.Is(err, fs.ErrNotExist) {
			return r, nil
		}
	}
	if slices.ContainsFunc(r.environ, namesRepository) {
		return r, nil
	}
	return r, ErrNoWorkTree
}

// findGit looks in the absolute directories of PATH, never in the current one,
// which may be an untrusted repository.
func findGit(environ []string) (string, error) {
	path, _ := lookup(environ, "PATH")
	for _, dir := range filepath.SplitList(path) {
		if git, err := exec.LookPath(filepath.Join(dir, "git")); err == nil && filepath.IsAbs(dir) {
			return git, nil
		}
	}
	return "", fmt.Errorf("looking for git on PATH: %w", exec.ErrNotFound)
}

// inside returns the nested repository in dir with an empty index, since turbo
// counts all its files as untracked.
func (r repository) inside(dir string) repository {
	r.dir, r.top = dir, dir
	r.environ = append(slices.DeleteFunc(slices.Clone(r.environ), namesRepository),
		"GIT_INDEX_FILE=.git-no-index",               // no such file
		"GIT_CEILING_DIRECTORIES="+filepath.Dir(dir)) // never the repository around it
	return r
}

// process is a running git command. The caller must call wait.
type process struct {
	stdout io.Reader
	// wait closes stdout, waits for git, and returns its error. Only the first
	// call's error is meaningful.
	wait func() error
}

// start starts git with an empty standard input. When ctx ends, git and its
// filters are killed, and wait returns ctx's error. If git cannot be started,
// there is no output, and wait returns the error.
func (r repository) start(ctx context.Context, args ...string) *process {
	cmd := exec.CommandContext(ctx, r.git, slices.Concat(settings, args)...)
	cmd.Dir, cmd.Env = r.dir, r.environ
	stderr := &tail{limit: maxStderr}
	cmd.Stderr = stderr
	cmd.WaitDelay = killDelay
	killGroup(cmd)
	stdout, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return &process{strings.NewReader(""), func() error { return explain(ctx, args[0], err, "") }}
	}
	return &process{stdout, func() error {
		_ = stdout.Close() // git must not wait for a reader
		return explain(ctx, args[0], cmd.Wait(), stderr.lines())
	}}
}

// list returns git's output, up to maxList bytes, and waits for git.
func (p *process) list() (string, error) {
	var output strings.Builder
	n, err := io.Copy(&output, io.LimitReader(p.stdout, maxList+1))
	if n > maxList {
		_ = p.wait()
		return "", fmt.Errorf("git lists more than %d MiB of files", maxList>>20)
	}
	return output.String(), cmp.Or(p.wait(), err)
}

// OwnerError reports that git rejects a repository because it belongs to another
// user, as when a container mounts its host's work tree.
type OwnerError struct {
	// Remedy is the command that makes git trust the repository.
	Remedy string
	error
}

// explain adds the command and git's standard error to err, which may be nil.
func explain(ctx context.Context, command string, err error, stderr string) error {
	if err == nil {
		return nil
	}
	if ctxErr := ctx.Err(); ctxErr != nil {
		return fmt.Errorf("git %s: %w", command, ctxErr)
	}
	if reason := reasonIn(stderr); reason != "" {
		err = errors.New(reason)
	}
	err = fmt.Errorf("git %s: %w", command, err)
	for line := range strings.Lines(stderr) {
		// git has no exit status for this error and has changed its text, but
		// every version prints this line.
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "git config --global --add safe.directory ") {
			return &OwnerError{printable.Text(line), err}
		}
	}
	return err
}

// reasonIn returns the line with the reason why git, or a program that it ran,
// failed. It is printable but not shortened: a redactor would not recognize half
// of a secret.
func reasonIn(stderr string) string {
	_, reason, fatal := strings.Cut("\n"+stderr, "\nfatal: ")
	if !fatal {
		reason = strings.TrimSpace(stderr)
	}
	reason, _, _ = strings.Cut(reason, "\n")
	return printable.Line(reason, math.MaxInt)
}

// tail keeps the last limit bytes that are written to it, and one more.
type tail struct {
	limit int
	kept  []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p[max(0, len(p)-t.limit-1):]...)
	t.kept = t.kept[max(0, len(t.kept)-t.limit-1):]
	return len(p), nil
}

// lines returns the kept lines, without a truncated first line.
func (t *tail) lines() string {
	text := string(t.kept)
	if len(text) > t.limit {
		_, text, _ = strings.Cut(text, "\n")
	}
	return text
}
