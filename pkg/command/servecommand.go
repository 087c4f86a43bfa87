package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/artifact-cli/artifact/pkg/internal/fault"
	"github.com/artifact-cli/artifact/pkg/internal/identity"
	"github.com/artifact-cli/artifact/pkg/internal/server"
)

// The exit codes of shells for commands that cannot be run.
const (
	exitCannotRun = 126
	exitNoCommand = 127
)

// childExit is the exit code of the command of serve, which becomes ours.
type childExit struct{ code int }

func (e *childExit) exitCode() int { return e.code }

func (e *childExit) Error() string { return fmt.Sprintf("the command exited with %d", e.code) }

// commandError reports that a command could not be run.
type commandError struct {
	code int
	err  error
}

func (e *commandError) exitCode() int { return e.code }

func (e *commandError) Error() string { return e.err.Error() }
func (e *commandError) Unwrap() error { return e.err }

// serveCommand serves while a command runs.
func (a *app) serveCommand(ctx context.Context, o serveOptions, at place, cache *server.Server, listener net.Listener) error {
	bin, err := linkDir()
	if err != nil {
		return fmt.Errorf("putting artifact on the command's PATH: %w", err)
	}
	defer func() { _ = os.RemoveAll(bin) }() // a leftover is removed at the next boot
	child, err := a.newChild(o, at, bin)
	if err != nil {
		return err
	}
	// The cache lives as long as the command. A signal is forwarded to the
	// command, which may end or not.
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	served := make(chan error, 1)
	go func() { served <- fault.Catch(func() error { return cache.Serve(serving, listener) }) }()
	err = a.runForwarding(ctx, child)
	stop()
	failed := <-served
	if errors.Is(failed, server.ErrCutOff) {
		failed = nil // clients that the command left behind do not matter
	}
	return errors.Join(err, failed)
}

// newChild returns the command, ready to start.
func (a *app) newChild(o serveOptions, at place, bin string) (*exec.Cmd, error) {
	path, err := exec.LookPath(o.command[0])
	if o.command[0] == "artifact" {
		path, err = filepath.Join(bin, linkName()), nil
	}
	if err != nil {
		code := exitCannotRun
		if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
			code = exitNoCommand
		}
		return nil, &commandError{code: code, err: err}
	}
	return &exec.Cmd{
		Path: path, Args: o.command, Env: childEnvironment(a.env.Environ(), o.withheld(), at, bin),
		Stdin: a.env.Stdin, Stdout: a.env.Stdout, Stderr: a.env.Stderr,
	}, nil
}

// otherCacheVariables are variables that could lead a client to another cache,
// reveal a credential for one, or make another serve use the files of this one.
var otherCacheVariables = []string{
	envServeToken, envServeReadToken, "ARTIFACT_TOKEN_FILE", "ARTIFACT_READ_TOKEN_FILE", "ARTIFACT_TLS_CERT", "ARTIFACT_TLS_KEY",
	"ARTIFACT_LISTEN", "ARTIFACT_HOST", "ARTIFACT_DIR", "ARTIFACT_STORE", "ARTIFACT_MAX_SIZE", "ARTIFACT_MAX_AGE",
	"ARTIFACT_READ_ONLY", "ARTIFACT_WRITE_ONCE", "ARTIFACT_LOG",
	"ARTIFACT_API", "ARTIFACT_TEAM", "ARTIFACT_TOKEN", identity.EnvToken, "ARTIFACT_OIDC",
	envHeaders, "ARTIFACT_HEADER_FILE", "ARTIFACT_CLIENT_CERT", "ARTIFACT_CLIENT_KEY", "ARTIFACT_PREFLIGHT", "TURBO_PREFLIGHT",
	"TURBO_API", "TURBO_LOGIN", "TURBO_TEAM", "TURBO_TEAMID", "TURBO_TOKEN",
	"VERCEL_ARTIFACTS_OWNER", "VERCEL_ARTIFACTS_TOKEN", "VERCEL_OIDC_TOKEN", "VERCEL_ORG_ID",
	"VERCEL_PROJECT_ID", "VERCEL_TEAM_ID", "VERCEL_TOKEN",
}

// childEnvironment returns an environment that points every client at the served
// cache, without proxies and the variables withheld. It keeps the signature key,
// which belongs to the artifacts.
func childEnvironment(environ, withheld []string, at place, bin string) []string {
	var kept []string
	path, noProxy := "", []string{}
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		switch key := canonicalVariable(name); {
		case slices.Contains(otherCacheVariables, key), slices.Contains(withheld, key):
		case key == "NO_PROXY" || key == "no_proxy":
			if value != "" && !slices.Contains(noProxy, value) {
				noProxy = append(noProxy, value)
			}
		case key == "PATH":
			path = value
		default:
			kept = append(kept, variable)
		}
	}
	if path != "" {
		bin += string(os.PathListSeparator) + path
	}
	without := strings.Join(append(noProxy, at.host()), ",")
	kept = append(kept, "PATH="+bin, "NO_PROXY="+without, "no_proxy="+without)
	kept = append(kept, at.variables("ARTIFACT_")...)
	return append(kept, at.variables("TURBO_")...)
}

// canonicalVariable returns a variable's name for comparison: Windows ignores
// case.
func canonicalVariable(name string) string {
	if runtime.GOOS == "windows" {
		return strings.ToUpper(name)
	}
	return name
}

// linkDir creates a private directory that contains only this program, under its
// own name.
func linkDir() (string, error) {
	program, err := os.Executable()
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "artifact-")
	if err != nil {
		return "", err
	}
	if err := linkProgram(program, filepath.Join(dir, linkName())); err != nil {
		_ = os.RemoveAll(dir)
		return "", err
	}
	return dir, nil
}

// linkProgram links or copies a program. On Windows symbolic links need a
// privilege, and hard links do not cross volumes.
func linkProgram(program, path string) error {
	if os.Symlink(program, path) == nil || os.Link(program, path) == nil {
		return nil
	}
	return copyProgram(program, path)
}

func copyProgram(program, path string) error {
	from, err := os.Open(program)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o700) //nolint:gosec // a program
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return errors.Join(err, to.Close())
}

func linkName() string {
	if runtime.GOOS == "windows" {
		return "artifact.exe"
	}
	return "artifact"
}

// runForwarding runs a command and forwards signals to it. The error has the exit
// code. ctx only shows whether a signal came before the command started.
func (a *app) runForwarding(ctx context.Context, child *exec.Cmd) error {
	if a.env.PassSignals != nil {
		a.env.PassSignals()
	}
	signals := make(chan os.Signal, 16)
	// Signals that are ignored, as under nohup, stay ignored here and in the
	// command.
	if caught := slices.DeleteFunc(slices.Clone(forwarded), signal.Ignored); len(caught) > 0 {
		signal.Notify(signals, caught...)
	}
	defer signal.Stop(signals)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err := child.Start(); err != nil {
		return &commandError{code: exitCannotRun, err: err}
	}
	ended := make(chan error, 1)
	go func() { ended <- fault.Catch(child.Wait) }()
	for {
		select {
		case sig := <-signals:
			if sig != os.Interrupt || !fromTerminal() {
				_ = child.Process.Signal(sig) // it may have ended
			}
		case err := <-ended:
			var failed *exec.ExitError
			if errors.As(err, &failed) {
				return &childExit{exitCodeOf(failed.ProcessState)}
			}
			return err
		}
	}
}
