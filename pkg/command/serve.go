package command

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/spf13/cobra"

	"github.com/artifact-cli/artifact/pkg/internal/fault"
	"github.com/artifact-cli/artifact/pkg/internal/server"
	"github.com/artifact-cli/artifact/pkg/internal/store"
)

// serveOptions are the command line of serve.
type serveOptions struct {
	reachOptions
	dir       string
	bucket    store.BucketAddress // of a bucket, instead of dir
	allowHTTP bool
	maxSize   int64         // 0 for no limit
	maxAge    time.Duration // 0 for no limit
	writeOnce bool
	readOnly  bool
	log       string // text, json, or empty to choose by the terminal
	command   []string
}

func newServeCommand(a *app) *cobra.Command {
	var o serveOptions
	cmd := &cobra.Command{
		Use:         "serve [flags] [-- COMMAND [ARG...]]",
		Short:       "Run a cache, for yourself or for a team",
		Annotations: map[string]string{endsByItself: "yes"},
		Long: `Run a Remote Cache that keeps artifacts in a directory or a bucket, without an
account or any setup. It prints the variables that point turbo and artifact at it
on standard output, and serves until you stop it.

With a COMMAND it serves only while the command runs: the command's environment
points at the cache, artifact is on its PATH, and its exit code is returned.

The token is random, unless ` + envServeToken + ` or --token-file sets one, which
is required to listen on an address other than loopback. The tokens in
` + envServeReadToken + ` and --read-token-file may only read.

GET /healthz checks that it runs, and GET /metrics has figures for Prometheus.`,
		Example: `  artifact serve
  artifact serve -- turbo run build
  artifact serve --listen :8080 --host cache.example.com --max-size 100G`,
		Args: func(cmd *cobra.Command, args []string) error {
			if dash := cmd.ArgsLenAtDash(); dash > 0 || dash < 0 && len(args) > 0 {
				return errors.New("put the command to run after --")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			o.command = args
			if err := o.tls.check(args); err != nil {
				return err
			}
			return runServe(cmd.Context(), a, o)
		},
		ValidArgsFunction: a.completeServed,
	}
	flags := cmd.Flags()
	o.reachOptions.register(flags)
	fileFlag(flags, &o.dir, "dir", "DIRECTORY", "store artifacts here (default: artifact in the user's cache directory)")
	parsedFlag(flags, &o.bucket, "store", "URL", "store artifacts in a bucket: s3://BUCKET/PREFIX[?endpoint=URL&region=REGION]", store.ParseBucket)
	flags.BoolVar(&o.allowHTTP, "allow-http", false, "allow plain http to an endpoint on another machine")
	parsedFlag(flags, &o.maxSize, "max-size", "SIZE", "maximum size such as 10G; the least recently used artifacts are removed first", parseMaxSize)
	parsedFlag(flags, &o.maxAge, "max-age", "AGE", "maximum age such as 14d or 36h, counted from the upload; older artifacts are removed", parseMaxAge)
	flags.BoolVar(&o.writeOnce, "write-once", false, "never replace an artifact: refuse other bytes for an id that exists")
	flags.BoolVar(&o.readOnly, "read-only", false, "refuse uploads")
	parsedFlag(flags, &o.log, "log", "text|json", "log all requests on standard error (default text, but a terminal shows failures only)", parseLog)
	readEnvironment(flags, "dir", "store", "allow-http", "max-size", "max-age", "write-once", "read-only", "log")
	return cmd
}

func runServe(ctx context.Context, a *app, o serveOptions) error {
	log := a.newServeLog(o)
	kept, err := a.openStore(ctx, o, log)
	if err != nil {
		return err
	}
	defer func() { _ = kept.Close() }() // everything is stored
	listener, err := net.Listen("tcp", o.listen)
	if err != nil {
		return unusable("--listen: %w", listenReason(err))
	}
	defer listener.Close()
	tokens, err := a.newCacheTokens(o, listener.Addr())
	if err != nil {
		return err
	}
	options := server.Options{
		Tokens: tokens.Tokens, Addr: listener.Addr(), Hosts: o.names(), Version: version(), Log: log.request, Warn: log.warning,
	}
	fresh := []reloadable{tokens}
	if o.tls.cert != "" {
		certificate, err := o.tls.open()
		if err != nil {
			return err
		}
		options.Certificate = certificate.current.Load
		if o.tls.checkRegular() == nil {
			fresh = append(fresh, certificate)
		}
	}
	cache, err := server.New(kept, options)
	if err != nil {
		return err
	}
	ctx, failed := context.WithCancelCause(ctx)
	defer failed(nil)
	a.keepFresh(ctx, failed, reloadInterval, fresh...)
	at := place{api: "http://" + localAddress(addressOf(listener)), token: tokens.first, madeUp: tokens.madeUp}
	if len(o.command) > 0 {
		err := a.serveCommand(ctx, o, at, cache, listener)
		if broken := context.Cause(ctx); is[*fault.Error](broken) {
			err = errors.Join(err, broken)
		}
		return err
	}
	at.api = o.tls.scheme() + publicAddress(addressOf(listener), o.names(), ownAddresses())
	if err := a.reveal(at.exports()); err != nil {
		return err // no client could learn how to reach it
	}
	end := log.show(cache, at.api)
	defer end()
	err = cache.Serve(ctx, listener)
	if errors.Is(err, server.ErrCutOff) {
		a.printError(err) // but it stopped as asked
	} else if err != nil {
		return err
	}
	return context.Cause(ctx)
}
