package provenance

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
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

// A process is one git that was started. Somebody must wait for it.
type process struct {
	stdout io.ReadCloser
	// wait closes stdout, waits for the end, and tells how it went.
	wait func() error
}

// start starts git, with nothing to read where stdin is nil. Where ctx ends
// first, git and the filters that it started are killed, and the error is that
// of ctx.
func (r repository) start(ctx context.Context, stdin *os.File, args ...string) (*process, error) {
	cmd := exec.CommandContext(ctx, r.git, slices.Concat(settings, args)...)
	cmd.Dir, cmd.Env = r.dir, r.environ
	if stdin != nil {
		cmd.Stdin = stdin
	}
	complaint := &tail{limit: maxComplaint}
	cmd.Stderr = complaint
	cmd.WaitDelay = killDelay
	killGroup(cmd)
	explain := func(err error) error {
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
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, explain(err)
	}
	if err := cmd.Start(); err != nil {
		return nil, explain(err)
	}
	return &process{stdout: stdout, wait: sync.OnceValue(func() error {
		stdout.Close() // whoever still writes must not wait for a reader
		return explain(cmd.Wait())
	})}, nil
}

// read passes all of git's output to w, and tells how git ended. What w was
// given counts only where that was well.
func (p *process) read(w io.Writer) error {
	// os/exec would wait for the process first. That takes a thread, which
	// the scheduler keeps looking at, on a core that git could have.
	_, err := io.Copy(w, p.stdout)
	return cmp.Or(p.wait(), err)
}

// run runs git to its end, with all of its output going to stdout.
func (r repository) run(ctx context.Context, stdout io.Writer, args ...string) error {
	git, err := r.start(ctx, nil, args...)
	if err != nil {
		return err
	}
	return git.read(stdout)
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
