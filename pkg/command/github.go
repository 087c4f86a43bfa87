package command

import (
	"strings"
)

// workflowCommand formats a line of the log that GitHub's runner acts on.
// The runner ends a command at the end of the line, and decodes what is
// escaped here.
func workflowCommand(name, text string) string {
	return "::" + name + "::" + strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(text) + "\n"
}

// hideFromLog hides a secret from GitHub's log too, which shows what other
// steps print. The runner removes the line itself from the log. Text that
// cannot be a token is not written there.
func (a *app) hideFromLog(secret string) {
	a.hide(secret)
	isToken := !strings.ContainsFunc(secret, func(r rune) bool { return r <= ' ' || r > '~' })
	if a.onGitHub() && isToken {
		_, _ = a.env.Stderr.WriteString(workflowCommand("add-mask", secret)) // past the filter; a whole line is not mixed with others
	}
}

// onGitHub reports whether GitHub's runner reads the log.
func (a *app) onGitHub() bool { return a.env.Getenv("GITHUB_ACTIONS") == "true" }
