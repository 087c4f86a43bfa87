package command

import "github.com/spf13/cobra"

// Tree is the whole command line, for programs that describe it, such as the
// generator of the manual. Names, texts and flags can be read. Nothing stands
// behind them: its commands must not be run, only asked for their help.
func Tree() *cobra.Command {
	env := Env{LookupEnv: func(string) (string, bool) { return "", false }}
	return newRootCommand(&app{env: env, streams: env.openStreams()})
}
