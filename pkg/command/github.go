package command

import (
	"strings"
)

// workflowCommand formats a command to GitHub's runner, which is a line of the
// log.
func workflowCommand(name, text string) string {
	return "::" + name + "::" + strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(text) + "\n"
}

// hideFromLog hides a secret in GitHub's log, even in the output of other steps.
// The runner removes the line itself. Text that cannot be a token is not printed.
func (a *app) hideFromLog(secret string) {
	a.hide(secret)
	isToken := !strings.ContainsFunc(secret, func(r rune) bool { return r <= ' ' || r > '~' })
	if a.onGitHub() && isToken {
		_, _ = a.env.Stderr.WriteString(workflowCommand("add-mask", secret)) // unfiltered; a whole line is written at once
	}
}

// onGitHub reports whether GitHub's runner reads the log.
func (a *app) onGitHub() bool { return a.env.Getenv("GITHUB_ACTIONS") == "true" }
