package command

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/artifact-cli/artifact/pkg/internal/printable"
	"github.com/artifact-cli/artifact/pkg/internal/server"
	"github.com/artifact-cli/artifact/pkg/internal/settings"
	"github.com/artifact-cli/artifact/pkg/internal/store"
	"github.com/artifact-cli/artifact/pkg/internal/ui"
	"github.com/artifact-cli/artifact/pkg/internal/usertext"
)

// envServeToken is the variable with a server's token.
const envServeToken = "ARTIFACT_SERVE_TOKEN"

// serveTeam is the team of a local cache.
const serveTeam = "local"

// serveOptions are the command line of serve.
type serveOptions struct {
	listen, dir string
	maxSize     int64 // 0 for no limit
	readOnly    bool
	command     []string
}

func newServeCommand(a *app) *cobra.Command {
	var o serveOptions
	cmd := &cobra.Command{
		Use:         "serve [flags] [-- COMMAND [ARG...]]",
		Short:       "Run a cache on this machine",
		Annotations: map[string]string{endsByItself: "yes"},
		Long: `Run a Remote Cache on this machine that keeps artifacts in a directory, without
an account or any setup. It prints the three variables that point turbo and
artifact at it on standard output, and serves until you stop it.

With a COMMAND it serves only while the command runs: the command's environment
points at the cache, artifact is on its PATH, and its exit code is returned.

The token is random, unless ` + envServeToken + ` sets one, which is required to
listen on an address other than loopback.`,
		Example: `  artifact serve
  artifact serve -- turbo run build
  artifact serve -- artifact put out.tar.zst`,
		Args: func(cmd *cobra.Command, args []string) error {
			if dash := cmd.ArgsLenAtDash(); dash > 0 || dash < 0 && len(args) > 0 {
				return errors.New("put the command to run after --")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			o.command = args
			return runServe(cmd.Context(), a, o)
		},
		ValidArgsFunction: a.completeServed,
	}
	flags := cmd.Flags()
	o.listen = "127.0.0.1:0"
	stringFlag(flags, &o.listen, "listen", "ADDRESS", "listen on this address; port 0 picks a free one (default "+o.listen+")")
	stringFlag(flags, &o.dir, "dir", "DIRECTORY", "store artifacts here (default: artifact in the user's cache directory)")
	parsedFlag(flags, &o.maxSize, "max-size", "SIZE", "maximum size such as 10G; the least recently used artifacts are removed first", parseMaxSize)
	flags.BoolVar(&o.readOnly, "read-only", false, "refuse uploads")
	readEnvironment(flags, "listen", "dir", "max-size", "read-only")
	return cmd
}

// parseMaxSize parses the size of a cache. It rejects 0, which would mean no
// limit.
func parseMaxSize(text string) (int64, error) {
	size, err := ui.ParseSize(text)
	if err == nil && size < 1 {
		err = fmt.Errorf("%q leaves no room for an artifact", text)
	}
	return size, err
}

func runServe(ctx context.Context, a *app, o serveOptions) error {
	kept, err := o.openStore()
	if err != nil {
		return err
	}
	defer func() { _ = kept.Close() }() // everything is on the disk
	listener, err := net.Listen("tcp", o.listen)
	if err != nil {
		return unusable("--listen: %w", listenReason(err))
	}
	defer listener.Close()
	token, err := a.serveToken(listener.Addr())
	if err != nil {
		return err
	}
	a.streams.redactor.Add(token)
	options := server.Options{Token: token, Addr: listener.Addr()}
	if len(o.command) == 0 || a.common.verbose {
		options.Log = a.logAccess
	}
	cache, err := server.New(kept, options)
	if err != nil {
		return &settings.Error{Origin: envServeToken, Err: err}
	}
	at := place{api: "http://" + reachable(listener.Addr()), token: token}
	if len(o.command) > 0 {
		return a.serveCommand(ctx, o.command, at, cache, listener)
	}
	if err := a.reveal(at.exports()); err != nil {
		return err // no client could learn how to reach it
	}
	if ui.IsTerminal(a.env.Stderr) {
		a.note("serving at " + at.api + "; press Ctrl-C to stop")
	}
	err = cache.Serve(ctx, listener)
	if errors.Is(err, server.ErrCutOff) {
		a.printError(err) // but it stopped as asked
	} else if err != nil {
		return err
	}
	return context.Cause(ctx)
}

func (o serveOptions) openStore() (*store.Dir, error) {
	dir := o.dir
	if dir == "" {
		caches, err := os.UserCacheDir()
		if err != nil {
			return nil, usage("no default directory for artifacts, so use --dir: %w", err)
		}
		dir = filepath.Join(caches, "artifact")
	}
	kept, err := store.Open(dir, store.Options{MaxSize: o.maxSize, ReadOnly: o.readOnly})
	if err != nil {
		return nil, unusable("%w", err)
	}
	return kept, nil
}

// serveToken returns the token that clients need. A cache that other machines can
// reach needs a given one, since they could not know a random one.
func (a *app) serveToken(listening net.Addr) (string, error) {
	token, err := usertext.ParseValue(a.env.Getenv(envServeToken))
	if err != nil {
		return "", &settings.Error{Origin: envServeToken, Err: err}
	}
	if token != "" {
		return token, nil
	}
	if tcp, ok := listening.(*net.TCPAddr); !ok || !tcp.IP.IsLoopback() {
		return "", unusable("listening on %s: it can be reached from other machines, so set a token in %s", listening, envServeToken)
	}
	return rand.Text(), nil
}

// listenReason returns why listening at an address failed.
func listenReason(err error) error {
	var address *net.AddrError
	var failed *net.OpError
	var system syscall.Errno
	switch {
	case errors.As(err, &address):
		return fmt.Errorf("%q must be HOST:PORT, such as 127.0.0.1:8080: %s", address.Addr, address.Err)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return errors.New("this machine does not have that address")
	case errors.As(err, &failed) && errors.As(err, &system):
		return fmt.Errorf("%s: %w", failed.Addr, system)
	}
	return err
}

// reachable returns an address that a client on this machine can use:
// loopback in place of an unspecified one.
func reachable(listening net.Addr) string {
	tcp, ok := listening.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return listening.String()
	}
	return net.JoinHostPort("127.0.0.1", fmt.Sprint(tcp.Port))
}

// place is the URL and token of a running cache.
type place struct{ api, token string }

// variables returns the variables that point a program at the cache.
func (p place) variables(prefix string) []string {
	return []string{prefix + "API=" + p.api, prefix + "TOKEN=" + p.token, prefix + "TEAM=" + serveTeam}
}

// exports returns lines for a shell to source.
func (p place) exports() string {
	var lines strings.Builder
	for _, variable := range p.variables("TURBO_") {
		name, value, _ := strings.Cut(variable, "=")
		fmt.Fprintf(&lines, "export %s=%s\n", name, shellQuote(value))
	}
	return lines.String()
}

// logAccess prints a line for each request.
func (a *app) logAccess(request server.Access) {
	line := fmt.Sprintf("%s %s %s %d %s", time.Now().Format(time.TimeOnly), request.Method, request.Path,
		request.Status, request.Duration.Round(time.Millisecond/10))
	if request.Received > 0 {
		line += ", " + ui.Size(request.Received) + " received"
	}
	if request.Sent > 0 {
		line += ", " + ui.Size(request.Sent) + " sent"
	}
	if request.Err != nil {
		line += ": " + errorText(request.Err)
	}
	fmt.Fprintln(a.streams.screen, printable.Text(line))
}
