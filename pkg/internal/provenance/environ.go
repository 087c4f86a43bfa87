package provenance

import (
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// passed are the variables that git gets from its caller: what it takes to
// find programs, the user's configuration and the repository. Variables that
// change how changes are shown are left out, and so is everything else, for
// what a token is called nobody knows.
var passed = []string{
	"PATH", "HOME", "XDG_CONFIG_HOME", "TMPDIR", "USER", "LOGNAME", "LD_LIBRARY_PATH", "DEVELOPER_DIR",
	"GIT_EXEC_PATH", "GIT_DIR", "GIT_COMMON_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_NAMESPACE",
	"GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_SHALLOW_FILE", "GIT_GRAFT_FILE",
	"GIT_NO_REPLACE_OBJECTS", "GIT_REPLACE_REF_BASE", "GIT_CEILING_DIRECTORIES", "GIT_DISCOVERY_ACROSS_FILESYSTEM",
	"GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_ATTR_NOSYSTEM", "GIT_ATTR_SOURCE",
}

// passedOnWindows are those that programs on Windows do not start without, or
// find the home directory by.
var passedOnWindows = []string{
	"SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "TEMP", "TMP", "USERPROFILE", "USERNAME",
	"HOMEDRIVE", "HOMEPATH", "APPDATA", "LOCALAPPDATA", "ALLUSERSPROFILE", "PROGRAMDATA", "PROGRAMFILES",
	"PROGRAMFILES(X86)", "COMMONPROGRAMFILES", "MSYSTEM",
}

// ofOneRepository are the variables of passed that name one repository and do
// not hold inside a submodule.
var ofOneRepository = []string{
	"GIT_DIR", "GIT_COMMON_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_NAMESPACE", "GIT_OBJECT_DIRECTORY",
	"GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_SHALLOW_FILE", "GIT_GRAFT_FILE", "GIT_NO_REPLACE_OBJECTS", "GIT_REPLACE_REF_BASE",
}

// fixed are the variables that every git gets.
var fixed = []string{
	"LC_ALL=C",
	"GIT_OPTIONAL_LOCKS=0",
	// A credential helper that wants to ask finds nobody.
	"GIT_TERMINAL_PROMPT=0",
	"GCM_INTERACTIVE=never",
	// A partial clone must not fetch what is missing.
	"GIT_ALLOW_PROTOCOL=",
	"GIT_NO_LAZY_FETCH=1",
}

// gitEnviron is the environment that git gets where the caller's is environ.
func gitEnviron(environ []string) []string {
	env := slices.Clone(fixed)
	for _, name := range passed {
		if value, ok := lookup(environ, name); ok {
			env = append(env, name+"="+value)
		}
	}
	if runtime.GOOS == "windows" {
		for _, name := range passedOnWindows {
			if value, ok := lookup(environ, name); ok {
				env = append(env, name+"="+value)
			}
		}
	}
	return append(env, gitConfigPairs(environ)...)
}

// gitConfigPairs are the settings that the environment gives git, without
// those that may hold a credential: http.extraHeader, url.*.insteadOf,
// credential.* and whatever else there is.
func gitConfigPairs(environ []string) []string {
	text, _ := lookup(environ, "GIT_CONFIG_COUNT")
	count, err := strconv.Atoi(text)
	if err != nil {
		return nil
	}
	var pairs []string
	kept := 0
	// No environment holds more pairs than variables, whatever it says.
	for i := range min(count, len(environ)) {
		key, ok := lookup(environ, "GIT_CONFIG_KEY_"+strconv.Itoa(i))
		value, ok2 := lookup(environ, "GIT_CONFIG_VALUE_"+strconv.Itoa(i))
		if !ok || !ok2 || !harmlessSetting(key) {
			continue
		}
		n := strconv.Itoa(kept)
		pairs = append(pairs, "GIT_CONFIG_KEY_"+n+"="+key, "GIT_CONFIG_VALUE_"+n+"="+value)
		kept++
	}
	if kept == 0 {
		return nil
	}
	return append(pairs, "GIT_CONFIG_COUNT="+strconv.Itoa(kept))
}

// harmlessSetting reports whether a git setting has to do with the state of a
// work tree, or how its changes are shown, and holds no credential. Commands may hold one, in an argument; of
// them only filters count for the state.
func harmlessSetting(key string) bool {
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

// lookup finds the value of the variable called name. The last one counts, as
// in os/exec. Windows does not tell upper from lower case in names.
func lookup(environ []string, name string) (string, bool) {
	for _, pair := range slices.Backward(environ) {
		n, value, ok := strings.Cut(pair, "=")
		if ok && (n == name || runtime.GOOS == "windows" && strings.EqualFold(n, name)) {
			return value, true
		}
	}
	return "", false
}
