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

  0    all done
  1    several artifacts failed, for different reasons; or the results could not
       be written; or a fault of this program
  2    usage: a bad flag or value, an input that cannot be read, a value over
       the API's limit; for it nothing was sent
  3    not authorized: no credential, an API that nobody confirmed, or 401
  4    payment: 402
  5    forbidden: 403, or Remote Caching is disabled, paused or over its limit
  6    not found (verify, get, stat)
  7    verification failed: bytes, size or signature differ, there is nothing to
       check against, or the input changed while it was read (then the server
       never had a whole body)
  8    refused: 400, 404, 405, 410, 413 and every 4xx that 9 does not name, a
       redirect that is not followed, or an answer that is no Remote Cache's
  9    unreachable or failing: network errors, time-outs, 408, 412, 425, 429, 5xx
  130  interrupted (SIGINT); 143: SIGTERM; 129: SIGHUP. The program dies of the
       signal, so that a shell's loop ends too.

put --warn-only prints every failure and exits 0.`,
	}
}

// fixedVariables are those that no flag stands beside, or that are read apart
// from it.
var fixedVariables = [][2]string{
	{settings.EnvAPI, "base URL of the cache (--api)"},
	{settings.EnvTeam, "team, as SLUG or team_ID (--team)"},
	{settings.EnvToken, "bearer token"},
	{identity.EnvToken, "the CI job's own token for --oidc, where the CI sets a variable that the pipeline names"},
	{settings.EnvTurboAPI, "turbo's base URL, where " + settings.EnvAPI + " is not set"},
	{settings.EnvTurboToken, "turbo's token, where " + settings.EnvToken + " is not set"},
	{settings.EnvTurboTeam, "turbo's team slug, where " + settings.EnvTeam + " is not set"},
	{settings.EnvTurboTeamID, "turbo's team id, likewise"},
	{settings.EnvSignatureKey, "key to sign with and to check signatures with (--signature-key-file)"},
	{settings.EnvPairToken + ", " + settings.EnvPairOwner, "token and team inside Vercel's builds; the token goes to Vercel only"},
	{settings.EnvVercelToken, "the Vercel CLI's token, which goes to Vercel only"},
	{settings.EnvVercelOrg, "the Vercel CLI's team, where it begins with team_"},
	{settings.EnvTurboConfig + ", " + settings.EnvVercelConfig, "where turbo and the Vercel CLI keep a user's files"},
	{"XDG_CONFIG_HOME", "where login keeps its files, in artifact (default ~/.config)"},
	{envServeToken, "token that serve asks its clients for (default: a new random one)"},
	{envHeaders, "lines of the form Name: value, sent to the cache too (--header-file)"},
	{settings.EnvTurboPreflight, "turbo's switch for --preflight, where ARTIFACT_PREFLIGHT is not set"},
	{envProxy, "proxy as a URL, which may hold a user name and a password here (--proxy)"},
	{"HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY", "proxies, as for curl"},
	{"SSL_CERT_FILE", "trusted certificates, as for openssl"},
	{"TMPDIR", "where standard input is kept during an upload (default /var/tmp)"},
	{"NO_COLOR, FORCE_COLOR", "colour, as everywhere"},
}

// newEnvironmentTopic is help without a command: every variable, those of the
// flags taken from the flags themselves.
func newEnvironmentTopic(a *app) *cobra.Command {
	topic := &cobra.Command{Use: "environment", Short: "The variables that are read"}
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
		text := "Variables that are read. A flag wins over its variable; an empty variable is\none that is not set.\n\n"
		for _, row := range rows {
			text += fmt.Sprintf("  %s\n        %s\n", row[0], row[1])
		}
		fmt.Fprint(cmd.OutOrStdout(), fit(text, a.helpWidth()))
	})
	return topic
}

// newListsTopic explains what put, verify and stat have in common.
func newListsTopic() *cobra.Command {
	return &cobra.Command{
		Use:   "lists",
		Short: "Several files, lists and directories",
		Long: `Results come in the order given. A stream is -, a FIFO, <(…), or piped standard
input where put gets no FILE. A program that writes to a file through a shared
memory mapping while it is read cannot be noticed.

With put -r, every regular file below the directory is uploaded, in the order of
their paths. Links to files in the directory are followed. Links that leave it,
links to directories and special files are skipped with a warning. .git is
always left out. --exclude GLOB is matched against the path below the directory:
*.map is for its own files, **/*.map for those at any depth, and docs for all of
the directory docs.

Of several inputs one that fails does not stop the others, unless --fail-fast
is given. What is the same is sent once. An id that a list repeats with other
bytes fails, unless 10,000 other ids stand between: then the last bytes win.
When the credential is refused, the cache is closed or the network lost, the
rest is listed as not sent.

--shard I/N takes one part of a list, the same one on every machine, for N jobs
beside each other.`,
	}
}

// newNetworkTopic explains the flags that the help of commands leaves out.
func newNetworkTopic(a *app) *cobra.Command {
	topic := &cobra.Command{Use: "network", Short: "The flags of commands that talk to a cache"}
	topic.SetHelpFunc(func(cmd *cobra.Command, _ []string) {
		var net networkOptions
		connection, identity := newFlagSet(), newFlagSet()
		net.registerConnection(connection)
		net.oidc.register(identity)
		text := "Network flags of put, get, verify, stat, login and status:\n" + usagesOf(connection) +
			"\nThe CI job's own identity, for all of them but login:\n" + usagesOf(identity)
		fmt.Fprint(cmd.OutOrStdout(), fit(text, a.helpWidth()))
	})
	return topic
}
