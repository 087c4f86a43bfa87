package settings

import (
	"cmp"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/artifact-cli/artifact/pkg/internal/credential"
	"github.com/artifact-cli/artifact/pkg/internal/must"
)

// TestUnconfirmed checks that no file of the work tree can choose who gets a
// token.
func TestUnconfirmed(t *testing.T) {
	t.Parallel()
	stored := login(t, "https://default.example", map[credential.Origin]credential.Account{
		"https://default.example:443": {API: "https://default.example", Storage: credential.InFile},
	}, map[credential.Origin]string{"https://default.example:443": "td"})
	for name, test := range map[string]struct {
		files, env texts
		path, api  string
	}{
		"a token of the environment": {
			files: texts{"project/turbo.json": `{"remoteCache":{"apiUrl":"https://evil.example/x"}}`},
			env:   texts{EnvToken: "a"}, path: "turbo.json",
		},
		"a stored token": {files: texts{"project/turbo.jsonc": `{"remoteCache":{"apiUrl":"https://evil.example/x"}}`}, path: "turbo.jsonc"},
		"turbo's user-level token": {
			files: texts{"project/.turbo/config.json": `{"APIURL":"https://evil.example/x"}`, turboFile: `{"token":"u"}`},
			path:  ".turbo/config.json",
		},
		"a token of another file": {
			files: texts{"project/turbo.json": `{"remoteCache":{"apiUrl":"https://evil.example/x"}}`, "project/.turbo/config.json": `{"token":"w"}`},
			path:  "turbo.json",
		},
		"a token of the environment before the file's": {
			files: texts{"project/.turbo/config.json": `{"apiUrl":"https://evil.example/x","token":"w"}`},
			env:   texts{EnvTurboToken: "b"}, path: ".turbo/config.json",
		},
		"a name that looks like Vercel's": {
			files: texts{"project/turbo.json": `{"remoteCache":{"apiUrl":"https://ap\u0130.vercel.com"}}`, vercelFile: `{"token":"cli"}`},
			path:  "turbo.json", api: "https://xn--api-bec.vercel.com",
		},
		"no token at all": {files: texts{"project/turbo.json": `{"remoteCache":{"apiUrl":"https://evil.example/x"}}`}, path: "turbo.json"},
	} {
		s := newSandbox(t, merged(stored, test.files), test.env)
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
		files, env texts
		want       string // the error, with $ROOT for the sandbox
	}{
		"a broken turbo.json": {texts{"project/turbo.json": "{\n  \"remoteCache\": {\"apiUrl\": secret}}"}, nil,
			"$ROOT/project/turbo.json: line 2, column 29: invalid character 's' looking for beginning of value"},
		"a value of another type": {texts{"project/turbo.json": `{"remoteCache":{"signature":"yes"}}`}, nil,
			`$ROOT/project/turbo.json: line 1, column 33: "remoteCache.signature" must be true or false, not a string`},
		"two of them": {texts{"project/turbo.json": `{}`, "project/turbo.jsonc": `{}`}, nil,
			"$ROOT/project/turbo.json: there is a turbo.jsonc beside it: remove one of them"},
		"a broken config.json": {texts{"project/.turbo/config.json": `{"token":12345}`}, nil,
			`$ROOT/project/.turbo/config.json: line 1, column 14: "token" must be a string, not a number`},
		"a broken link": {texts{"project/.vercel/project.json": `{"orgId":`}, nil,
			"$ROOT/project/.vercel/project.json: line 1, column 9: unexpected end of JSON input"},
		"a broken link of the repository": {texts{"project/.vercel/repo.json": `{"projects":{}}`}, nil,
			`$ROOT/project/.vercel/repo.json: line 1, column 13: "projects" must be an array, not an object`},
		"turbo's user-level file": {texts{turboFile: `[]`}, nil,
			"$ROOT/home/.config/turborepo/config.json: line 1, column 1: the document must be an object, not an array"},
		"the Vercel CLI's": {texts{vercelFile: `{"token":"x"`}, nil,
			"$ROOT/home/.local/share/com.vercel.cli/auth.json: line 1, column 12: unexpected end of JSON input"},
		"login's": {texts{"home/.config/artifact/login.json": "{\n}}"}, nil,
			"reading $ROOT/home/.config/artifact/login.json: line 2, column 2: invalid character '}' after top-level value"},
		"an API that is none": {texts{"project/turbo.json": `{"remoteCache":{"apiUrl":"nonsense"}}`}, nil,
			`$ROOT/project/turbo.json: invalid API: "nonsense" must begin with https:// or http://: write https://nonsense`},
		"a token that no header carries": {nil, texts{EnvTurboToken: "a\nb"}, "TURBO_TOKEN: it contains a line break: remove it"},
		"one in a file": {texts{"project/.turbo/config.json": `{"token":"a\u0000b"}`}, nil,
			"$ROOT/project/.turbo/config.json: it contains the invisible character U+0000: remove it"},
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

// texts are the texts of files by their paths, or values of variables by their names.
type texts = map[string]string

// merged merges two maps; more wins.
func merged(some, more texts) texts {
	all := maps.Clone(some)
	maps.Copy(all, more)
	return all
}

// sandbox is an isolated home and project.
type sandbox struct {
	root string
	env  texts
}

// newSandbox writes files, with paths relative to the sandbox, which has the
// directories home and project.
func newSandbox(t *testing.T, files, env texts) sandbox {
	t.Helper()
	s := sandbox{root: t.TempDir(), env: texts{}}
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

// resolve does both steps, and returns paths relative to the sandbox.
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

// login returns the files of a login with --insecure-storage.
func login(t *testing.T, defaultAPI string, accounts map[credential.Origin]credential.Account, tokens map[credential.Origin]string) texts {
	t.Helper()
	text := func(document any) string {
		data := must.Get(json.Marshal(document))(t)
		return string(data)
	}
	return texts{
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

// TestPreflightVariable rejects what turbo rejects, and checks that a flag wins.
func TestPreflightVariable(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"TRUE", "t", "on", "2", " 1"} {
		s := newSandbox(t, nil, texts{EnvTurboPreflight: value})
		_, err := s.resolver("project", Flags{}).Resolve()
		var wrong *Error
		if !errors.As(err, &wrong) || *wrong != (Error{Origin: EnvTurboPreflight, Err: errNotBool}) {
			t.Errorf("%q: %v", value, err)
		}
	}
	s := newSandbox(t, nil, texts{EnvTurboPreflight: "on"})
	found, err := s.resolver("project", Flags{Preflight: new(false)}).Resolve()
	if err != nil || found.Preflight || found.PreflightOrigin != "--preflight" {
		t.Errorf("%+v, %v", found, err)
	}
}
