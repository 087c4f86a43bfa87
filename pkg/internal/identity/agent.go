package identity

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/artifact-cli/artifact/pkg/internal/redact"
	"github.com/artifact-cli/artifact/pkg/internal/reply"
)

const (
	agentProgram = "buildkite-agent"
	// agentWait limits the time of the agent, which retries by itself.
	agentWait = time.Minute
	// agentDelay is how long to wait for the output of a stopped agent.
	agentDelay = time.Second
)

// buildkite returns a job that gets its token from the agent.
func buildkite(o Options) job {
	args := []string{"oidc", "request-token"}
	if o.Audience != "" {
		args = append(args, "--audience", o.Audience)
	}
	return job{vendor: Buildkite, mints: true, token: func(ctx context.Context) (string, error) {
		return runAgent(ctx, o, args)
	}}
}

// agentEnvironment returns the job's environment without tokens for caches.
func agentEnvironment(environ []string) []string {
	return slices.DeleteFunc(slices.Clone(environ), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		if runtime.GOOS == "windows" {
			name = strings.ToUpper(name)
		}
		return strings.HasSuffix(name, "_TOKEN") && name != envAgentToken ||
			strings.HasPrefix(name, "ARTIFACT_") || strings.HasPrefix(name, "TURBO_")
	})
}

var errAgentSlow = fmt.Errorf("%s did not end within %v", agentProgram, agentWait)

func runAgent(ctx context.Context, o Options, args []string) (string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, agentWait, errAgentSlow)
	defer cancel()
	// Not from the current directory: LookPath makes that an error.
	program, err := exec.LookPath(agentProgram)
	if err != nil {
		return "", &Error{Doing: doingOf(Buildkite), Kind: NotAllowed, Err: err}
	}
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env, cmd.WaitDelay = agentEnvironment(o.Environ()), agentDelay
	stdout, stderr := &limitedBuffer{limit: maxToken + 2}, &limitedBuffer{limit: reply.MaxBytes}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	if err := cmd.Run(); err != nil {
		switch {
		case errors.Is(context.Cause(ctx), errAgentSlow):
			return "", &Error{Doing: doingOf(Buildkite), Kind: Unreachable, Err: errAgentSlow}
		case ctx.Err() != nil:
			return "", ctx.Err()
		}
		redactor := redact.New()
		for _, name := range SecretVariables() {
			redactor.Add(o.Getenv(name))
		}
		if said := redactor.Line(lastLine(stderr.String()), reply.MaxLine); said != "" {
			err = fmt.Errorf("%w: %s", err, said)
		}
		return "", &Error{Doing: doingOf(Buildkite), Kind: NotAllowed, Err: fmt.Errorf("%s: %w", agentProgram, err)}
	}
	return strings.TrimSpace(stdout.String()), nil
}

func lastLine(text string) string {
	text = strings.TrimSpace(text)
	return text[strings.LastIndexByte(text, '\n')+1:]
}

// limitedBuffer keeps the first limit bytes written to it.
type limitedBuffer struct {
	kept  bytes.Buffer // not embedded: its ReadFrom has no limit
	limit int
}

func (b *limitedBuffer) Write(p []byte) (int, error) {
	b.kept.Write(p[:min(len(p), b.limit-b.kept.Len())])
	return len(p), nil
}

func (b *limitedBuffer) String() string { return b.kept.String() }
