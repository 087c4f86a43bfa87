package settings

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/artifact-cli/artifact/pkg/internal/credential"
)

// sandbox is a home and a project, and nothing else of this machine.
type sandbox struct {
	root string
	env  map[string]string
}

// newSandbox writes files, named from the root of the sandbox: the home is
// home, the project is project.
func newSandbox(t *testing.T, files, env map[string]string) sandbox {
	t.Helper()
	s := sandbox{root: t.TempDir(), env: map[string]string{}}
	s.env["HOME"] = filepath.Join(s.root, "home")
	s.env["APPDATA"] = filepath.Join(s.root, "home", ".config")
	for name, value := range env {
		s.env[name] = strings.ReplaceAll(value, "$ROOT", s.root)
	}
	for _, dir := range []string{"home", "project/.git"} {
		if err := os.MkdirAll(filepath.Join(s.root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range files {
		path := filepath.Join(s.root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func (s sandbox) getenv(name string) string { return s.env[name] }

// resolver resolves in a directory of the sandbox.
func (s sandbox) resolver(dir string, flags Flags) *Resolver {
	return New(Sources{
		Flags: flags, Getenv: s.getenv, Dir: filepath.Join(s.root, filepath.FromSlash(dir)), Hide: func(string) {},
		Login: credential.NewStore(filepath.Join(s.root, "home", ".config", "artifact"), s.getenv),
	})
}

// resolve does both steps, and names files from the root of the sandbox.
func (s sandbox) resolve(t *testing.T, dir string, flags Flags) (Settings, error) {
	t.Helper()
	r := s.resolver(dir, flags)
	found, err := r.Resolve()
	if err == nil {
		err = r.Authorize(t.Context(), &found)
	}
	for _, origin := range []*string{&found.APIOrigin, &found.TokenOrigin, &found.TeamOrigin, &found.RequireSignatureOrigin} {
		*origin = filepath.ToSlash(strings.ReplaceAll(*origin, s.root+string(filepath.Separator), ""))
	}
	return found, err
}

// login is what login leaves behind, with the secrets in the file.
func login(t *testing.T, defaultAPI string, accounts map[credential.Origin]credential.Account, tokens map[credential.Origin]string) map[string]string {
	t.Helper()
	text := func(document any) string {
		data, err := json.Marshal(document)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	return map[string]string{
		"home/.config/artifact/login.json":       text(credential.Accounts{Default: defaultAPI, ByOrigin: accounts}),
		"home/.config/artifact/credentials.json": text(tokens),
	}
}

const (
	turboFile  = "home/.config/turborepo/config.json"
	vercelFile = "home/.local/share/com.vercel.cli/auth.json"
	vercelOld  = "home/.config/com.vercel.cli/auth.json"
	loginFile  = "artifact login (home/.config/artifact/credentials.json)"
)
