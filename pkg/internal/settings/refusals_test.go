package settings

import (
	"cmp"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/artifact-cli/artifact/pkg/internal/credential"
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
