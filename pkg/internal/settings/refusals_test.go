package settings

import (
	"cmp"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/artifact-cli/artifact/pkg/internal/credential"
	"github.com/artifact-cli/artifact/pkg/internal/must"
)

// TestUnconfirmed lets no file of the work tree choose who gets a token.
func TestUnconfirmed(t *testing.T) {
	t.Parallel()
	stored := login(t, "https://default.example", map[credential.Origin]credential.Account{
		"https://default.example:443": {API: "https://default.example", Storage: credential.InFile},
	}, map[credential.Origin]string{"https://default.example:443": "td"})
	for name, test := range map[string]struct {
		files, env map[string]string
		path, api  string
	}{
		"a token of the environment": {
			files: map[string]string{"project/turbo.json": `{"remoteCache":{"apiUrl":"https://evil.example/x"}}`},
			env:   map[string]string{EnvToken: "a"}, path: "turbo.json",
		},
		"a stored token": {
			files: map[string]string{"project/turbo.jsonc": `{"remoteCache":{"apiUrl":"https://evil.example/x"}}`},
			path:  "turbo.jsonc",
		},
		"turbo's user-level token": {
			files: map[string]string{"project/.turbo/config.json": `{"APIURL":"https://evil.example/x"}`, turboFile: `{"token":"u"}`},
			path:  ".turbo/config.json",
		},
		"a token of another file": {
			files: map[string]string{"project/turbo.json": `{"remoteCache":{"apiUrl":"https://evil.example/x"}}`, "project/.turbo/config.json": `{"token":"w"}`},
			path:  "turbo.json",
		},
		"a token of the environment before the file's": {
			files: map[string]string{"project/.turbo/config.json": `{"apiUrl":"https://evil.example/x","token":"w"}`},
			env:   map[string]string{EnvTurboToken: "b"}, path: ".turbo/config.json",
		},
		"a name that looks like Vercel's": {
			files: map[string]string{"project/turbo.json": `{"remoteCache":{"apiUrl":"https://ap\u0130.vercel.com"}}`, vercelFile: `{"token":"cli"}`},
			path:  "turbo.json", api: "https://ap\u0130.vercel.com",
		},
		"no token at all": {
			files: map[string]string{"project/turbo.json": `{"remoteCache":{"apiUrl":"https://evil.example/x"}}`},
			path:  "turbo.json",
		},
	} {
		files := map[string]string{}
		for _, set := range []map[string]string{stored, test.files} {
			for name, text := range set {
				files[name] = text
			}
		}
		s := newSandbox(t, files, test.env)
		got, err := s.resolve(t, "project", Flags{})
		want := UnconfirmedError{API: cmp.Or(test.api, "https://evil.example/x"), Path: filepath.Join(s.root, "project", filepath.FromSlash(test.path))}
		var unconfirmed *UnconfirmedError
		if !errors.As(err, &unconfirmed) || *unconfirmed != want || !got.Token.IsEmpty() {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestRefusedSettings(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		files, env map[string]string
		want       string // the error, with $ROOT for the sandbox
	}{
		"a broken turbo.json": {
			files: map[string]string{"project/turbo.json": "{\n  \"remoteCache\": {\"apiUrl\": secret}}"},
			want:  "$ROOT/project/turbo.json: line 2, column 29: invalid character 's' looking for beginning of value",
		},
		"a value of another type": {
			files: map[string]string{"project/turbo.json": `{"remoteCache":{"signature":"yes"}}`},
			want:  `$ROOT/project/turbo.json: line 1, column 33: "remoteCache.signature" must be true or false, and is of type string`,
		},
		"two of them": {
			files: map[string]string{"project/turbo.json": `{}`, "project/turbo.jsonc": `{}`},
			want:  "$ROOT/project/turbo.json: there is a turbo.jsonc beside it: remove one of them",
		},
		"a broken config.json": {
			files: map[string]string{"project/.turbo/config.json": `{"token":12345}`},
			want:  `$ROOT/project/.turbo/config.json: line 1, column 14: "token" must be a string, and is of type number`,
		},
		"a broken link": {
			files: map[string]string{"project/.vercel/project.json": `{"orgId":`},
			want:  "$ROOT/project/.vercel/project.json: line 1, column 9: unexpected end of JSON input",
		},
		"a broken link of the repository": {
			files: map[string]string{"project/.vercel/repo.json": `{"projects":{}}`},
			want:  `$ROOT/project/.vercel/repo.json: line 1, column 13: "projects" must be an array, and is of type object`,
		},
		"turbo's user-level file": {
			files: map[string]string{turboFile: `[]`},
			want:  "$ROOT/home/.config/turborepo/config.json: line 1, column 1: the document must be an object, and is of type array",
		},
		"the Vercel CLI's": {
			files: map[string]string{vercelFile: `{"token":"x"`},
			want:  "$ROOT/home/.local/share/com.vercel.cli/auth.json: line 1, column 12: unexpected end of JSON input",
		},
		"login's": {
			files: map[string]string{"home/.config/artifact/login.json": "{\n}}"},
			want:  "reading $ROOT/home/.config/artifact/login.json: line 2, column 2: invalid character '}' after top-level value",
		},
		"an API that is none": {
			files: map[string]string{"project/turbo.json": `{"remoteCache":{"apiUrl":"nonsense"}}`},
			want:  `$ROOT/project/turbo.json: invalid API: "nonsense" must begin with https:// or http://: write https://nonsense`,
		},
		"a token that no header carries": {
			env:  map[string]string{EnvTurboToken: "a\nb"},
			want: "TURBO_TOKEN: it contains a line break: copy it again without that",
		},
		"one in a file": {
			files: map[string]string{"project/.turbo/config.json": `{"token":"a\u0000b"}`},
			want:  "$ROOT/project/.turbo/config.json: it contains the invisible character U+0000: copy it again without that",
		},
	} {
		s := newSandbox(t, test.files, test.env)
		_, err := s.resolve(t, "project", Flags{})
		var setting *Error
		var file *credential.FileError
		if !errors.As(err, &setting) && !errors.As(err, &file) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := filepath.ToSlash(strings.ReplaceAll(err.Error(), s.root, "$ROOT")); got != test.want {
			t.Errorf("%s:\n%s, want\n%s", name, got, test.want)
		}
	}
}

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
		must.Do(t, os.MkdirAll(filepath.Join(s.root, dir), 0o755))
	}
	for name, text := range files {
		path := filepath.Join(s.root, filepath.FromSlash(name))
		must.Do(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must.Do(t, os.WriteFile(path, []byte(text), 0o600))
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
		data := must.Get(json.Marshal(document))(t)
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

// TestPreflightVariable refuses what turbo refuses, and lets a flag win.
func TestPreflightVariable(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"TRUE", "t", "on", "2", " 1"} {
		s := newSandbox(t, nil, map[string]string{EnvTurboPreflight: value})
		_, err := s.resolver("project", Flags{}).Resolve()
		var wrong *Error
		if !errors.As(err, &wrong) || *wrong != (Error{Origin: EnvTurboPreflight, Err: errNoBool}) {
			t.Errorf("%q: %v", value, err)
		}
	}
	s := newSandbox(t, nil, map[string]string{EnvTurboPreflight: "on"})
	found, err := s.resolver("project", Flags{Preflight: new(false)}).Resolve()
	if err != nil || found.Preflight || found.PreflightOrigin != "--preflight" {
		t.Errorf("%+v, %v", found, err)
	}
}
