package settings

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/credential"
)

func TestResolve(t *testing.T) {
	t.Parallel()
	secret := credential.NewSecret
	stored := login(t, "https://default.example/base", map[credential.Origin]credential.Account{
		"https://default.example:443": {API: "https://default.example/base", TeamID: "team_d", TeamSlug: "d", Storage: credential.InFile},
		"https://cache.example:443":   {API: "https://cache.example", TeamSlug: "c", Storage: credential.InFile},
		credential.Vercel:             {API: "https://api.vercel.com", TeamSlug: "v", Storage: credential.InFile},
	}, map[credential.Origin]string{
		"https://default.example:443": "td", "https://cache.example:443": "tc", credential.Vercel: "tv",
	})
	with := func(more texts) texts { return merged(stored, more) }
	for name, test := range map[string]struct {
		files texts
		env   texts
		flags Flags
		dir   string // default: project
		want  Settings
	}{
		"nothing": {},
		"flags win": {
			flags: Flags{API: "https://flag", Team: "team_flag"},
			env:   texts{EnvAPI: "https://ours", EnvTurboAPI: "https://turbo", EnvTeam: "ours", EnvTurboTeam: "turbo", EnvToken: "a", EnvTurboToken: "b"},
			want:  Settings{API: "https://flag", APIOrigin: "--api", Token: secret("a"), TokenOrigin: EnvToken, Team: artifact.Team{ID: "team_flag"}, TeamOrigin: "--team"},
		},
		"ours before turbo's": {
			env:  texts{EnvAPI: "https://ours", EnvTurboAPI: "https://turbo", EnvTeam: "ours", EnvTurboTeamID: "team_turbo", EnvToken: "a", EnvTurboToken: "b"},
			want: Settings{API: "https://ours", APIOrigin: EnvAPI, Token: secret("a"), TokenOrigin: EnvToken, Team: artifact.Team{Slug: "ours"}, TeamOrigin: EnvTeam},
		},
		"turbo's": {
			env:  texts{EnvTurboAPI: "https://turbo", EnvTurboTeam: "slug", EnvTurboTeamID: "team_id", EnvTurboToken: "b"},
			want: Settings{API: "https://turbo", APIOrigin: EnvTurboAPI, Token: secret("b"), TokenOrigin: EnvTurboToken, Team: artifact.Team{ID: "team_id", Slug: "slug"}, TeamOrigin: EnvTurboTeamID},
		},
		"a slug that looks like an id stays a slug": {
			env:  texts{EnvTurboTeam: "team_slug"},
			want: Settings{Team: artifact.Team{Slug: "team_slug"}, TeamOrigin: EnvTurboTeam},
		},
		"an id without the prefix stays an id": {env: texts{EnvTurboTeamID: "abc"}, want: Settings{Team: artifact.Team{ID: "abc"}, TeamOrigin: EnvTurboTeamID}},
		"an empty variable is not set": {
			env:  texts{EnvAPI: "", EnvTurboAPI: "https://turbo", EnvToken: " \n", EnvTurboToken: "b", EnvTeam: "", EnvTurboTeam: "t"},
			want: Settings{API: "https://turbo", APIOrigin: EnvTurboAPI, Token: secret("b"), TokenOrigin: EnvTurboToken, Team: artifact.Team{Slug: "t"}, TeamOrigin: EnvTurboTeam},
		},
		"white space around a token": {env: texts{EnvToken: " a\n"}, want: Settings{Token: secret("a"), TokenOrigin: EnvToken}},
		"Vercel's pair": {
			env:  texts{EnvPairToken: "p", EnvPairOwner: "team_o", EnvVercelToken: "v", EnvVercelOrg: "team_org"},
			want: Settings{Token: secret("p"), TokenOrigin: EnvPairToken, Team: artifact.Team{ID: "team_o"}, TeamOrigin: EnvPairOwner},
		},
		"half a pair is none": {
			env:  texts{EnvPairToken: "p", EnvVercelToken: "v", EnvVercelOrg: "team_org"},
			want: Settings{Token: secret("v"), TokenOrigin: EnvVercelToken, Team: artifact.Team{ID: "team_org"}, TeamOrigin: EnvVercelOrg},
		},
		"a user's org is no team": {env: texts{EnvVercelToken: "v", EnvVercelOrg: "user_1"}, want: Settings{Token: secret("v"), TokenOrigin: EnvVercelToken}},
		"Vercel's tokens go to vercel.com too": {
			env:  texts{EnvVercelToken: "v", EnvAPI: "https://vercel.com/api"},
			want: Settings{API: "https://vercel.com/api", APIOrigin: EnvAPI, Token: secret("v"), TokenOrigin: EnvVercelToken},
		},
		"and nowhere else": {
			env:   texts{EnvVercelToken: "v", EnvPairToken: "p", EnvPairOwner: "o", EnvAPI: "https://vercel.com:444"},
			files: texts{vercelFile: `{"token":"cli"}`},
			want:  Settings{API: "https://vercel.com:444", APIOrigin: EnvAPI, Team: artifact.Team{ID: "o"}, TeamOrigin: EnvPairOwner},
		},
		"nor over http": {
			env:   texts{EnvVercelToken: "v", EnvAPI: "http://api.vercel.com"},
			files: texts{vercelFile: `{"token":"cli"}`},
			want:  Settings{API: "http://api.vercel.com", APIOrigin: EnvAPI},
		},
		"login, and its default": {
			files: stored,
			want: Settings{API: "https://default.example/base", APIOrigin: LoginOrigin, Token: secret("td"), TokenOrigin: loginFile,
				Team: artifact.Team{ID: "team_d", Slug: "d"}, TeamOrigin: LoginOrigin},
		},
		"login, for the API that is meant": {
			files: stored, flags: Flags{API: "https://CACHE.example:443/x"},
			want: Settings{API: "https://CACHE.example:443/x", APIOrigin: "--api", Token: secret("tc"), TokenOrigin: loginFile,
				Team: artifact.Team{Slug: "c"}, TeamOrigin: LoginOrigin},
		},
		"login, not for another port": {
			files: stored, flags: Flags{API: "https://cache.example:444"},
			want: Settings{API: "https://cache.example:444", APIOrigin: "--api"},
		},
		"what is Vercel's is not for a name that looks like it": {
			files: texts{vercelFile: `{"token":"cli"}`},
			env:   texts{"VERCEL_ARTIFACTS_TOKEN": "v"},
			flags: Flags{API: "https://ap\u0130.vercel.com"},
			want:  Settings{API: "https://ap\u0130.vercel.com", APIOrigin: "--api"},
		},
		"Vercel's two origins are one": {
			files: stored, flags: Flags{API: "https://vercel.com/api"},
			want: Settings{API: "https://vercel.com/api", APIOrigin: "--api", Token: secret("tv"), TokenOrigin: loginFile,
				Team: artifact.Team{Slug: "v"}, TeamOrigin: LoginOrigin},
		},
		"an API of the work tree that was logged in to": {
			files: with(texts{"project/turbo.json": `{"remoteCache":{"apiUrl":"https://cache.example","teamSlug":"w"}}`}),
			want: Settings{API: "https://cache.example", APIOrigin: "project/turbo.json", Token: secret("tc"), TokenOrigin: loginFile,
				Team: artifact.Team{Slug: "w"}, TeamOrigin: "project/turbo.json"},
		},
		"Vercel's API in the work tree needs nobody's word": {
			files: texts{"project/turbo.json": `{"remoteCache":{"apiUrl":"https://vercel.com/api"}}`},
			env:   texts{EnvTurboToken: "b"},
			want:  Settings{API: "https://vercel.com/api", APIOrigin: "project/turbo.json", Token: secret("b"), TokenOrigin: EnvTurboToken},
		},
		"a token beside its API": {
			files: texts{"project/.turbo/config.json": `{"apiUrl":"https://cache.example","token":"w","teamId":"team_w"}`},
			want: Settings{API: "https://cache.example", APIOrigin: "project/.turbo/config.json", Token: secret("w"), TokenOrigin: "project/.turbo/config.json",
				Team: artifact.Team{ID: "team_w"}, TeamOrigin: "project/.turbo/config.json"},
		},
		"the work tree's token before login's": {
			files: with(texts{"project/.turbo/config.json": `{"token":"w"}`}),
			want: Settings{API: "https://default.example/base", APIOrigin: LoginOrigin, Token: secret("w"), TokenOrigin: "project/.turbo/config.json",
				Team: artifact.Team{ID: "team_d", Slug: "d"}, TeamOrigin: LoginOrigin},
		},
		"config.json before turbo.json": {
			files: with(texts{
				"project/.turbo/config.json": `{"apiUrl":"https://cache.example","teamId":"team_1"}`,
				"project/turbo.json":         `{"remoteCache":{"apiUrl":"https://other.example","teamSlug":"2"}}`,
			}),
			want: Settings{API: "https://cache.example", APIOrigin: "project/.turbo/config.json", Token: secret("tc"), TokenOrigin: loginFile,
				Team: artifact.Team{ID: "team_1"}, TeamOrigin: "project/.turbo/config.json"},
		},
		"from a package's directory": {
			dir: "project/packages/a",
			files: texts{
				"project/turbo.json":            `{"remoteCache":{"teamSlug":"root","signature":true}}`,
				"project/packages/a/turbo.json": `{"extends":["//"],"remoteCache":{"teamSlug":"package"}}`,
			},
			want: Settings{Team: artifact.Team{Slug: "root"}, TeamOrigin: "project/turbo.json", RequireSignatureOrigin: "project/turbo.json"},
		},
		"a project in a part of the repository": {
			dir: "project/web/src",
			files: texts{
				"project/turbo.json":     `{"remoteCache":{"teamSlug":"outer"}}`,
				"project/web/turbo.json": `{"remoteCache":{"teamSlug":"inner"}}`,
				"project/web/src/x":      "",
			},
			want: Settings{Team: artifact.Team{Slug: "inner"}, TeamOrigin: "project/web/turbo.json"},
		},
		"nothing above the repository": {files: texts{"turbo.json": `{"remoteCache":{"teamSlug":"above"}}`}},
		"the Vercel CLI's link": {
			dir:   "project/packages/a",
			files: texts{"project/.vercel/project.json": `{"projectId":"p","orgId":"team_link"}`, "project/packages/a/x": ""},
			want:  Settings{Team: artifact.Team{ID: "team_link"}, TeamOrigin: "project/.vercel/project.json"},
		},
		"turbo.json before the link": {
			files: texts{"project/.vercel/project.json": `{"orgId":"team_link"}`, "project/turbo.json": `{"remoteCache":{"teamSlug":"t"}}`},
			want:  Settings{Team: artifact.Team{Slug: "t"}, TeamOrigin: "project/turbo.json"},
		},
		"the link before login": {
			files: with(texts{"project/.vercel/project.json": `{"orgId":"team_link"}`}),
			want: Settings{API: "https://default.example/base", APIOrigin: LoginOrigin, Token: secret("td"), TokenOrigin: loginFile,
				Team: artifact.Team{ID: "team_link"}, TeamOrigin: "project/.vercel/project.json"},
		},
		"a link of the whole repository": {
			dir: "project/apps/web/src",
			files: texts{"project/apps/web/src/x": "", "project/apps/turbo.json": "{}", "project/.vercel/repo.json": `{"orgId":"team_repo","projects":[
				{"directory":"apps/we","orgId":"team_we"},{"directory":"apps","orgId":"team_apps"},{"directory":"apps/web","orgId":"team_web"}]}`},
			want: Settings{Team: artifact.Team{ID: "team_web"}, TeamOrigin: "project/.vercel/repo.json"},
		},
		"outside its projects": {
			files: texts{"project/.vercel/repo.json": `{"orgId":"team_repo","projects":[{"directory":"apps/web","orgId":"team_web"}]}`},
			want:  Settings{Team: artifact.Team{ID: "team_repo"}, TeamOrigin: "project/.vercel/repo.json"},
		},
		"turbo's user-level file": {
			files: texts{turboFile: `{"token":"u","refreshToken":"r","expiresAt":1}`, vercelFile: `{"token":"cli"}`},
			want:  Settings{Token: secret("u"), TokenOrigin: turboFile},
		},
		"its token stays with its API": {
			files: texts{turboFile: `{"token":"u","apiUrl":"https://one.example"}`},
			flags: Flags{API: "https://two.example"},
			want:  Settings{API: "https://two.example", APIOrigin: "--api"},
		},
		"its API": {
			files: texts{turboFile: `{"token":"u","apiUrl":"https://one.example","teamId":"team_u"}`},
			want: Settings{API: "https://one.example", APIOrigin: turboFile, Token: secret("u"), TokenOrigin: turboFile,
				Team: artifact.Team{ID: "team_u"}, TeamOrigin: turboFile},
		},
		"another place for it": {
			files: texts{"moved/turborepo/config.json": `{"token":"u"}`, turboFile: `{"token":"not"}`},
			env:   texts{EnvTurboConfig: "$ROOT/moved"},
			want:  Settings{Token: secret("u"), TokenOrigin: "moved/turborepo/config.json"},
		},
		"the Vercel CLI's token": {
			files: texts{vercelFile: `{"token":"cli"}`, vercelOld: `{"token":"old"}`},
			want:  Settings{Token: secret("cli"), TokenOrigin: vercelFile},
		},
		"where turbo looks for it": {files: texts{vercelOld: `{"token":"old"}`}, want: Settings{Token: secret("old"), TokenOrigin: vercelOld}},
		"where it was moved to": {
			files: texts{"moved/com.vercel.cli/auth.json": `{"token":"m"}`, vercelFile: `{"token":"cli"}`},
			env:   texts{EnvVercelConfig: "$ROOT/moved"},
			want:  Settings{Token: secret("m"), TokenOrigin: "moved/com.vercel.cli/auth.json"},
		},
		"no home": {
			files: stored,
			env:   texts{"HOME": "", "APPDATA": ""},
			want:  Settings{API: "https://default.example/base", APIOrigin: LoginOrigin, Token: secret("td"), TokenOrigin: loginFile, Team: artifact.Team{ID: "team_d", Slug: "d"}, TeamOrigin: LoginOrigin},
		},
		"a signature key": {env: texts{EnvSignatureKey: "k"}, want: Settings{SignatureKey: secret("k"), SignatureKeyOrigin: EnvSignatureKey}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSandbox(t, test.files, test.env)
			dir := test.dir
			if dir == "" {
				dir = "project"
			}
			got, err := s.resolve(t, dir, test.flags)
			if err != nil || got != test.want {
				t.Errorf("%+v, %v\nwant %+v", got, err, test.want)
			}
			if got.Token.Reveal() != test.want.Token.Reveal() {
				t.Errorf("the token is %q, want %q", got.Token.Reveal(), test.want.Token.Reveal())
			}
		})
	}
}

// TestNothingBelowIsRead puts a broken file into every place below the first that
// decides.
func TestNothingBelowIsRead(t *testing.T) {
	t.Parallel()
	s := newSandbox(t, texts{
		"home/.config/artifact/login.json": "broken", turboFile: "broken", vercelFile: "broken",
		"project/.vercel/project.json": "broken", "project/.vercel/repo.json": "broken",
	}, texts{EnvToken: "a", EnvAPI: "https://a.example", EnvTeam: "t"})
	if _, err := s.resolve(t, "project", Flags{}); err != nil {
		t.Error(err)
	}
}

// TestCheckSignature requires a key if the work tree does.
func TestCheckSignature(t *testing.T) {
	t.Parallel()
	files := texts{"project/turbo.json": `{"futureFlags":{"globalConfiguration":true},"global":{"remoteCache":{"signature":true}}}`}
	for key, want := range map[string]error{"": ErrNoSignatureKey, "k": nil} {
		s := newSandbox(t, files, texts{EnvSignatureKey: key})
		got, err := s.resolve(t, "project", Flags{})
		if err != nil || !errors.Is(got.CheckSignature(), want) {
			t.Errorf("%q: %v, %v", key, err, got.CheckSignature())
		}
	}
}

func TestSettingsNeverShowTheToken(t *testing.T) {
	t.Parallel()
	s := Settings{Token: credential.NewSecret("canary"), SignatureKey: credential.NewSecret("canary")}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		if got := fmt.Sprintf(verb, s); len(got) == 0 || strings.Contains(got, "canary") || strings.Contains(got, "63616e617279") {
			t.Errorf("%s shows %s", verb, got)
		}
	}
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	home := texts{"HOME": "/home/u", "APPDATA": "/appdata"}
	for _, test := range []struct {
		system string
		env    texts
		want   string
	}{
		{"linux", home, "/home/u/.config/artifact /home/u/.config/turborepo/config.json [/home/u/.local/share/com.vercel.cli/auth.json /home/u/.config/com.vercel.cli/auth.json]"},
		{"linux", texts{"HOME": "/home/u", "XDG_CONFIG_HOME": "/c", "XDG_DATA_HOME": "/d"}, "/c/artifact /c/turborepo/config.json [/d/com.vercel.cli/auth.json /c/com.vercel.cli/auth.json]"},
		{"linux", texts{"HOME": "/home/u", "XDG_CONFIG_HOME": "c"}, "/home/u/.config/artifact /home/u/.config/turborepo/config.json [/home/u/.local/share/com.vercel.cli/auth.json /home/u/.config/com.vercel.cli/auth.json]"},
		{"darwin", home, "/home/u/Library/Application Support/artifact /home/u/Library/Application Support/turborepo/config.json [/home/u/Library/Application Support/com.vercel.cli/auth.json]"},
		{"windows", home, "/appdata/artifact /appdata/turborepo/config.json [/appdata/xdg.data/com.vercel.cli/auth.json /appdata/com.vercel.cli/auth.json]"},
		{"linux", nil, "  []"},
		{"darwin", nil, "  []"},
		{"windows", nil, "  []"},
	} {
		p := findPlaces(func(name string) string { return test.env[name] }, test.system)
		if got := filepath.ToSlash(fmt.Sprint(p.login, " ", p.turbo, " ", p.vercel)); got != test.want {
			t.Errorf("%s, %v:\n%s, want\n%s", test.system, test.env, got, test.want)
		}
	}
}
