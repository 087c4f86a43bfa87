package command

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/artifact-cli/artifact/pkg/internal/identity"
	"github.com/artifact-cli/artifact/pkg/internal/settings"
)

// environmentAnnotation marks a flag that a variable may set too.
const environmentAnnotation = "artifact_environment"

// readsEnvironment lets the variable ARTIFACT_NAME set a flag.
func readsEnvironment(flags *pflag.FlagSet, name string) {
	if err := flags.SetAnnotation(name, environmentAnnotation, nil); err != nil {
		panic(err) // the flag was registered a line above
	}
}

func variableOf(flag *pflag.Flag) string {
	return "ARTIFACT_" + strings.ToUpper(strings.ReplaceAll(flag.Name, "-", "_"))
}

// setFromEnvironment gives each flag that is not on the command line its
// variable's value. An empty variable is one that is not set.
func setFromEnvironment(flags *pflag.FlagSet, getenv func(string) string) (err error) {
	flags.VisitAll(func(flag *pflag.Flag) {
		_, reads := flag.Annotations[environmentAnnotation]
		value := getenv(variableOf(flag))
		if !reads || flag.Changed || value == "" || err != nil {
			return
		}
		if flagErr := flags.Set(flag.Name, value); flagErr != nil {
			err = &settings.Error{Origin: variableOf(flag), Err: valueError(flagErr)}
		}
	})
	return err
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
