package command

import (
	"fmt"
	"os/exec"
	"runtime"
	"slices"
	"strings"

	"github.com/artifact-cli/artifact/pkg/internal/settings"
)

// openPage opens a web page in the user's browser, and warns if that fails.
func (l *login) openPage(page string) {
	opener := browserCommand(runtime.GOOS, page)
	path, err := exec.LookPath(opener[0]) // an error for the current directory, which is not trusted
	if err == nil {
		browser := &exec.Cmd{Path: path, Args: opener, Env: withoutSecrets(l.env.Environ())}
		if err = browser.Start(); err == nil {
			err = browser.Process.Release() // it outlives this process process
		}
	}
	if err != nil {
		l.warn(fmt.Sprintf("no browser could be opened: %v", err))
	}
}

// browserCommand returns the command that opens a page on a system, as in
// runtime.GOOS.
func browserCommand(system, page string) []string {
	switch system {
	case "darwin":
		return []string{"open", page}
	case "windows":
		return []string{"rundll32", "url.dll,FileProtocolHandler", page}
	}
	return []string{"xdg-open", page}
}

// withoutSecrets returns an environment without the variables that hold
// secrets.
func withoutSecrets(environ []string) []string {
	secret := settings.SecretVariables()
	return slices.DeleteFunc(slices.Clone(environ), func(pair string) bool {
		name, _, _ := strings.Cut(pair, "=")
		return slices.Contains(secret, name)
	})
}
