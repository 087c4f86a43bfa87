package settings

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/artifact-cli/artifact/pkg/internal/credential"
	"github.com/artifact-cli/artifact/pkg/internal/usertext"
)

// fuzzedSeeds are seeds for every file.
var fuzzedSeeds = []string{
	"", "{}", "[]", "null", "\ufeff{}", "// c\n{/* c */}", `{"apiUrl":"https://evil.example","teamSlug":"s","token":"theirs"}`,
	`{"APIURL":"https://cache.example:443","TeamId":"team_x","signature":true}`, `{"token":"a\nb"}`, `{"token":5,"apiUrl":[]}`,
	`{"remoteCache":{"apiUrl":"http://user:pw@evil.example/?q","teamId":"t","signature":true}}`, `{"extends":["//"],"remoteCache":{"apiUrl":"//x"}}`,
	`{"futureFlags":{"globalConfiguration":true},"global":{"remoteCache":{"apiUrl":"https://vercel.com/api"}}}`,
	`{"projectId":"p","orgId":"team_o"}`, `{"projects":[{"directory":"../..","orgId":"team_p"},{"directory":"\u0000"}],"orgId":"team_o"}`,
	`{"defaultApi":"https://d.example","accounts":{"https://d.example:443":{"api":"https://d.example","storage":"file"}}}`,
	`{"accounts":{"https://api.vercel.com:443":{"storage":"file"}}}`, `{"https://d.example:443":"s"}`, strings.Repeat("[", 20_000),
}

// checkSettingsError fails unless err is about a setting or a file.
func checkSettingsError(t *testing.T, err error) {
	t.Helper()
	var unconfirmed *UnconfirmedError
	var setting *Error
	var file *credential.FileError
	if !errors.As(err, &unconfirmed) && !errors.As(err, &setting) && !errors.As(err, &file) {
		t.Errorf("%v is of no kind that is known", err)
	}
}

// FuzzWorkTree checks that no file of a work tree can send the user's token to an
// API that only the work tree names.
func FuzzWorkTree(f *testing.F) {
	for _, text := range fuzzedSeeds {
		f.Add(text, "", "", "")
		f.Add("", text, "", "")
		f.Add("", "", text, text)
	}
	f.Fuzz(func(t *testing.T, turbo, config, project, repo string) {
		files := login(t, "", map[credential.Origin]credential.Account{
			"https://cache.example:443": {API: "https://cache.example", Storage: credential.InFile},
		}, map[credential.Origin]string{"https://cache.example:443": "users-stored"})
		files[turboFile], files[vercelFile] = `{"token":"users-turbo"}`, `{"token":"users-vercel"}`
		for name, text := range map[string]string{
			"turbo.json": turbo, ".turbo/config.json": config, ".vercel/project.json": project, ".vercel/repo.json": repo,
		} {
			if text != "" {
				files["project/"+name] = text
			}
		}
		s := newSandbox(t, files, nil)
		for _, variable := range []string{"", EnvToken, EnvVercelToken} {
			s.env[variable] = "users-own"
			found, err := s.resolve(t, "project", Flags{})
			delete(s.env, variable)
			if err != nil {
				checkSettingsError(t, err)
				continue
			}
			isUsers := strings.HasPrefix(found.Token.Reveal(), "users-")
			if isUsers && strings.HasPrefix(found.APIOrigin, "project/") && !isConfirmed(found.API) {
				t.Errorf("%s of %s goes to %q, which %s names", found.Token.Reveal(), found.TokenOrigin, found.API, found.APIOrigin)
			}
			if token := found.Token.Reveal(); !isSendable(token) {
				t.Errorf("the token %q cannot be sent", token)
			}
		}
	})
}

func isSendable(token string) bool {
	value, err := usertext.ParseValue(token)
	return err == nil && value == token
}

// isConfirmed reports whether a base URL has the origin of Vercel or of the
// login.
func isConfirmed(base string) bool {
	host, _, _ := strings.Cut(strings.TrimPrefix(strings.ToLower(base), "https://"), "/")
	switch strings.TrimSuffix(host, ":443") {
	case "api.vercel.com", "vercel.com", "cache.example":
		return strings.HasPrefix(strings.ToLower(base), "https://")
	}
	return false
}

// FuzzUserFiles checks that the user's own files are read, or are an error that
// names the file.
func FuzzUserFiles(f *testing.F) {
	for _, text := range fuzzedSeeds {
		f.Add(text, "", "", "")
		f.Add("", text, "", "")
		f.Add("", "", text, text)
	}
	f.Fuzz(func(t *testing.T, turbo, vercel, accounts, secrets string) {
		files := texts{
			turboFile: turbo, vercelFile: vercel,
			"home/.config/artifact/login.json": accounts, "home/.config/artifact/credentials.json": secrets,
		}
		for name, text := range files {
			if text == "" {
				delete(files, name)
			}
		}
		s := newSandbox(t, files, nil)
		found, err := s.resolve(t, "project", Flags{})
		var keyring *credential.KeyringError
		switch {
		case errors.As(err, &keyring): // an account says that it has an entry
		case err != nil:
			checkSettingsError(t, err)
			if !strings.Contains(err.Error(), filepath.Join(s.root, "home")) && !strings.HasPrefix(err.Error(), LoginOrigin) {
				t.Errorf("%v names no file", err)
			}
		case !isSendable(found.Token.Reveal()):
			t.Errorf("the token %q cannot be sent", found.Token.Reveal())
		}
	})
}
