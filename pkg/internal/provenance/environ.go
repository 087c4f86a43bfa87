package provenance

import (
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// passed are the variables that are passed to git, besides repositoryVariables:
// those needed to find programs and the user's configuration, and to start
// programs on Windows. All others are omitted: any of them may hold a token, and
// some change the output.
var passed = []string{
	"PATH", "HOME", "XDG_CONFIG_HOME", "TMPDIR", "USER", "LOGNAME", "LD_LIBRARY_PATH", "DEVELOPER_DIR",
	"GIT_EXEC_PATH", "GIT_CEILING_DIRECTORIES", "GIT_DISCOVERY_ACROSS_FILESYSTEM",
	"GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_ATTR_NOSYSTEM", "GIT_ATTR_SOURCE",
	"SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "TEMP", "TMP", "USERPROFILE", "USERNAME",
	"HOMEDRIVE", "HOMEPATH", "APPDATA", "LOCALAPPDATA", "ALLUSERSPROFILE", "PROGRAMDATA", "PROGRAMFILES",
	"PROGRAMFILES(X86)", "COMMONPROGRAMFILES", "MSYSTEM",
}

// repositoryVariables name one repository. They are passed to git too, but not
// inside a submodule.
var repositoryVariables = []string{
	"GIT_DIR", "GIT_COMMON_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_NAMESPACE", "GIT_OBJECT_DIRECTORY",
	"GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_SHALLOW_FILE", "GIT_GRAFT_FILE", "GIT_NO_REPLACE_OBJECTS", "GIT_REPLACE_REF_BASE",
}

// namesRepository reports whether NAME=VALUE is one of repositoryVariables.
func namesRepository(pair string) bool {
	name, _, _ := strings.Cut(pair, "=")
	return slices.Contains(repositoryVariables, name)
}

// fixed are the variables that are set for every git.
var fixed = []string{
	"LC_ALL=C",
	"GIT_OPTIONAL_LOCKS=0",
	// A credential helper must not ask.
	"GIT_TERMINAL_PROMPT=0",
	"GCM_INTERACTIVE=never",
	// A partial clone must not fetch what is missing.
	"GIT_ALLOW_PROTOCOL=",
	"GIT_NO_LAZY_FETCH=1",
}

// gitEnviron returns the environment for git.
func gitEnviron(environ []string) []string {
	env := slices.Clone(fixed)
	for _, name := range slices.Concat(passed, repositoryVariables) {
		if value, ok := lookup(environ, name); ok {
			env = append(env, name+"="+value)
		}
	}
	return append(env, gitConfigPairs(environ)...)
}

// gitConfigPairs returns the GIT_CONFIG_* settings that are known not to hold a
// credential.
func gitConfigPairs(environ []string) []string {
	text, _ := lookup(environ, "GIT_CONFIG_COUNT")
	count, _ := strconv.Atoi(text)
	var pairs []string
	kept := 0
	// The count is not trusted.
	for i := range min(count, len(environ)) {
		key, hasKey := lookup(environ, fmt.Sprint("GIT_CONFIG_KEY_", i))
		value, hasValue := lookup(environ, fmt.Sprint("GIT_CONFIG_VALUE_", i))
		if hasKey && hasValue && isHarmless(key) {
			pairs = append(pairs, fmt.Sprintf("GIT_CONFIG_KEY_%d=%s", kept, key), fmt.Sprintf("GIT_CONFIG_VALUE_%d=%s", kept, value))
			kept++
		}
	}
	if kept == 0 {
		return nil
	}
	return append(pairs, fmt.Sprint("GIT_CONFIG_COUNT=", kept))
}

// isHarmless reports whether a git setting affects the state of a work tree, or
// how its changes are shown, and cannot hold a credential. Of the settings that
// are commands, which may hold one, only filters are passed.
func isHarmless(key string) bool {
	section, name, _ := strings.Cut(strings.ToLower(key), ".")
	switch section {
	case "safe", "filter", "index":
		return true
	case "diff":
		return name != "external" && !strings.HasSuffix(name, ".textconv") && !strings.HasSuffix(name, ".command")
	case "core":
		return name != "sshcommand" && name != "askpass" && name != "gitproxy"
	}
	return false
}

// lookup returns the last value of a variable, as in os/exec. Windows ignores
// case in names.
func lookup(environ []string, name string) (string, bool) {
	for _, pair := range slices.Backward(environ) {
		n, value, ok := strings.Cut(pair, "=")
		if ok && (n == name || runtime.GOOS == "windows" && strings.EqualFold(n, name)) {
			return value, true
		}
	}
	return "", false
}
