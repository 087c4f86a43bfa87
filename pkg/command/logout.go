package command

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/artifact-cli/artifact/pkg/internal/credential"
)

func newLogoutCommand(a *app) *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use:   "logout",
		Short: "Forget a stored credential",
		Long: `Forget the stored credential for the API, or all of them. The token stays valid:
revoke it where you created it.`,
		Example: `  artifact logout
  artifact logout --api https://cache.example.com
  artifact logout --all`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runLogout(cmd.Context(), a, all) },
	}
	cmd.Flags().BoolVar(&all, "all", false, "forget all stored credentials")
	return cmd
}

func runLogout(ctx context.Context, a *app, all bool) error {
	match := func(credential.Origin) bool { return true }
	where := ""
	if !all {
		resolver, _, err := a.resolve(networkOptions{})
		if err != nil {
			return err
		}
		match = func(origin credential.Origin) bool { return origin == resolver.Origin() }
		where = " for " + resolver.Origin().String()
	}
	removed, err := a.loginStore().Forget(ctx, match)
	for _, origin := range removed {
		a.say("Logged out of %s.", origin)
	}
	if a.common.json && err == nil {
		a.printJSON(struct {
			Removed []credential.Origin `json:"removed"`
		}{append([]credential.Origin{}, removed...)})
	}
	if len(removed) == 0 && err == nil {
		a.say("Nothing was stored%s.", where)
	}
	return err
}
