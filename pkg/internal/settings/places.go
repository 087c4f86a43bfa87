package settings

import "path/filepath"

// places are the user-level files of one system.
type places struct {
	// login is the directory of what login stored. It is empty where there
	// is none, as are the others.
	login  string
	turbo  string
	vercel []string // the most important first
}

// findPlaces knows where each system, as runtime.GOOS names it, keeps a user's
// settings.
func findPlaces(getenv func(string) string, system string) places {
	var config, data, login string
	switch system {
	case "windows":
		config = getenv("APPDATA")
		data = below(config, "xdg.data")
		login = config
	case "darwin":
		config = below(getenv("HOME"), "Library", "Application Support")
		data = config
		login = firstAbsolute(getenv(envXDGConfigHome), config)
	default:
		home := getenv("HOME")
		config = firstAbsolute(getenv(envXDGConfigHome), below(home, ".config"))
		data = firstAbsolute(getenv(envXDGDataHome), below(home, ".local", "share"))
		login = config
	}
	found := places{login: below(login, "artifact")}
	found.turbo = below(firstAbsolute(getenv(EnvTurboConfig), config), "turborepo", "config.json")
	// turbo looks for the Vercel CLI's file beside its own.
	dirs := []string{data, config}
	if moved := getenv(EnvVercelConfig); moved != "" {
		dirs = []string{moved}
	}
	for _, dir := range dirs {
		path := below(dir, "com.vercel.cli", "auth.json")
		if path != "" && (len(found.vercel) == 0 || found.vercel[0] != path) {
			found.vercel = append(found.vercel, path)
		}
	}
	return found
}

// LoginDir is the directory for what login stores, or empty where there is no
// place for it.
func LoginDir(getenv func(string) string, system string) string {
	return findPlaces(getenv, system).login
}

// below is empty where dir is.
func below(dir string, names ...string) string {
	if dir == "" {
		return ""
	}
	return filepath.Join(append([]string{dir}, names...)...)
}

// firstAbsolute ignores relative paths, as the XDG Base Directory
// Specification wants it: they would lead into whatever directory one is in.
func firstAbsolute(dirs ...string) string {
	for _, dir := range dirs {
		if filepath.IsAbs(dir) {
			return dir
		}
	}
	return ""
}
