package command

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/artifact-cli/artifact/pkg/internal/identity"
	"github.com/artifact-cli/artifact/pkg/internal/settings"
)

func newExitCodesTopic() *cobra.Command {
	return &cobra.Command{
		Use:   "exit-codes",
		Short: "What the exit codes mean",
		Long: `Exit codes:

  0    success
  1    several artifacts failed for different reasons, the results could not be
       written, or this program has a bug
  2    usage: a bad flag or value, an input that cannot be read, or a value over
       the API's limit; nothing was sent for it
  3    not authorized: no credential, an API that you have not confirmed, or 401
  4    payment required: 402
  5    forbidden: 403, or Remote Caching is disabled, paused or over its limit
  6    not found (verify, get, stat)
  7    verification failed: bytes, size or signature differ, there is nothing to
       check against, the archive is unsafe, or the input changed while it was
       read (the server then never received a whole body)
  8    refused: 400, 404, 405, 410, 413 and every other 4xx, a redirect that is
       not followed, or an answer that does not come from a Remote Cache
  9    unreachable or failing: network errors, timeouts, 408, 412, 425, 429, 5xx
  130  interrupted (SIGINT); 143: SIGTERM; 129: SIGHUP. The program dies of the
       signal, so that a loop in a shell ends too.

put --warn-only prints every failure and exits 0.`,
	}
}

// fixedVariables are the variables without a flag, and those that are read
// separately.
var fixedVariables = [][2]string{
	{settings.EnvAPI, "base URL of the cache (--api)"},
	{settings.EnvTeam, "team, by its slug or its id (--team)"},
	{settings.EnvToken, "bearer token"},
	{identity.EnvToken, "the CI job's identity token for --oidc, if the pipeline sets it"},
	{settings.EnvTurboAPI, "turbo's base URL, if " + settings.EnvAPI + " is not set"},
	{settings.EnvTurboToken, "turbo's token, if " + settings.EnvToken + " is not set"},
	{settings.EnvTurboTeam, "turbo's team slug, if " + settings.EnvTeam + " is not set"},
	{settings.EnvTurboTeamID, "turbo's team id, if " + settings.EnvTeam + " is not set"},
	{settings.EnvSignatureKey, "key for signing and for checking signatures (--signature-key-file)"},
	{settings.EnvPairToken + ", " + settings.EnvPairOwner, "token and team in Vercel's builds; the token is sent only to Vercel"},
	{settings.EnvVercelToken, "the Vercel CLI's token, sent only to Vercel"},
	{settings.EnvVercelOrg, "the Vercel CLI's team, if it begins with team_"},
	{settings.EnvTurboConfig + ", " + settings.EnvVercelConfig, "where turbo and the Vercel CLI keep a user's files"},
	{"XDG_CONFIG_HOME", "login stores its files in the directory artifact there (default ~/.config)"},
	{envServeToken, "token that serve accepts from clients (default: a random one)"},
	{envServeReadToken, "token that serve accepts from clients that may only read"},
	{envHeaders, "headers to send to the cache, one Name: value per line (--header-file)"},
	{settings.EnvTurboPreflight, "turbo's switch for --preflight, if ARTIFACT_PREFLIGHT is not set"},
	{envProxy, "URL of a proxy, which may contain a user name and a password (--proxy)"},
	{"HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY", "proxies, as for curl"},
	{"SSL_CERT_FILE", "trusted certificates, as for openssl"},
	{"TMPDIR", "directory for temporary files of streams (default /var/tmp)"},
	{"NO_COLOR, FORCE_COLOR", "turn colour off or on"},
}

// newEnvironmentTopic returns the topic that lists all variables.
func newEnvironmentTopic(a *app) *cobra.Command {
	topic := &cobra.Command{Use: "environment", Short: "Environment variables"}
	topic.SetHelpFunc(func(cmd *cobra.Command, _ []string) {
		rows := slices.Clone(fixedVariables)
		seen := map[string]bool{}
		collect := func(flag *pflag.Flag) {
			if _, reads := flag.Annotations[environmentAnnotation]; reads && !seen[flag.Name] {
				seen[flag.Name] = true
				_, usage := pflag.UnquoteUsage(flag)
				rows = append(rows, [2]string{variableOf(flag), usage + " (--" + flag.Name + ")"})
			}
		}
		cmd.Root().PersistentFlags().VisitAll(collect)
		for _, verb := range cmd.Root().Commands() {
			verb.Flags().VisitAll(collect)
		}
		text := "Environment variables. A flag overrides its variable; an empty variable counts\nas unset.\n\n"
		for _, row := range rows {
			text += fmt.Sprintf("  %s\n        %s\n", row[0], row[1])
		}
		fmt.Fprint(cmd.OutOrStdout(), fit(text, a.helpWidth()))
	})
	return topic
}

// newListsTopic returns the topic about lists.
func newListsTopic() *cobra.Command {
	return &cobra.Command{
		Use:   "lists",
		Short: "Several files, lists and directories",
		Long: `Results are printed in the order given. A stream is -, a FIFO, <(...), or piped
standard input if put gets no FILE. A change that another program makes through
a shared memory mapping while the file is read cannot be detected.

put --pack PATH... uploads one archive, which get --unpack and turbo restore. It
is named after the first PATH, names in it are relative to -C, and .git is left
out. The same tree always gives the same bytes, and so the same id. Links that
leave -C, and special files, are errors. --exclude GLOB is matched against names
in the archive: **/*.map leaves out such files at any depth.

put -r uploads every regular file below the directory, in the order of their
paths. Links to files in the directory are followed. Links that leave it, links
to directories and special files are skipped with a warning. .git is always
skipped. --exclude GLOB is matched against the path below the directory: *.map
skips files at the top, **/*.map files at any depth, and docs the whole
directory docs.

If one of several inputs fails, the others still go on, unless you give
--fail-fast. Identical inputs are sent once. An id that a list repeats with
other bytes fails, unless 10,000 other ids lie between; then the last bytes win.
If the credential is refused, the cache is closed or the network is lost, the
rest is not tried.

get -c SUMS -C DIR downloads what put printed to files below DIR. A name that
leads out of DIR, by itself or through a link, is refused. A name that the list
repeats is downloaded once; with another id it fails.

--shard I/N uploads one part of a list, the same part on every machine, for N
parallel jobs.`,
	}
}

// newNetworkTopic returns the topic about the network flags.
func newNetworkTopic(a *app) *cobra.Command {
	topic := &cobra.Command{Use: "network", Short: "Flags of commands that talk to a cache"}
	topic.SetHelpFunc(func(cmd *cobra.Command, _ []string) {
		var net networkOptions
		connection, identity := newFlagSet(), newFlagSet()
		net.registerConnection(connection)
		net.oidc.register(identity)
		text := "Network flags of put, get, verify, stat, login and status:\n" + connection.FlagUsages() +
			"\nThe CI job's identity, for all of them except login:\n" + identity.FlagUsages()
		fmt.Fprint(cmd.OutOrStdout(), fit(text, a.helpWidth()))
	})
	return topic
}
