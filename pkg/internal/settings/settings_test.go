package settings

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/credential"
)

func TestResolve(t *testing.T) {
	t.Parallel()
	secret := credential.NewSecret
	for name, test := range map[string]struct {
		flags Flags
		env   map[string]string
		want  Settings
	}{
		"nothing": {},
		"flags win": {
			Flags{API: "https://flag", Team: "team_flag"},
			map[string]string{EnvAPI: "https://ours", EnvTurboAPI: "https://turbo", EnvTeam: "ours", EnvTurboTeam: "turbo", EnvToken: "a", EnvTurboToken: "b"},
			Settings{"https://flag", "--api", secret("a"), EnvToken, artifact.Team{ID: "team_flag"}, "--team"},
		},
		"ours before turbo's": {
			env:  map[string]string{EnvAPI: "https://ours", EnvTurboAPI: "https://turbo", EnvTeam: "ours", EnvTurboTeamID: "team_turbo", EnvToken: "a", EnvTurboToken: "b"},
			want: Settings{"https://ours", EnvAPI, secret("a"), EnvToken, artifact.Team{Slug: "ours"}, EnvTeam},
		},
		"turbo's": {
			env:  map[string]string{EnvTurboAPI: "https://turbo", EnvTurboTeam: "slug", EnvTurboTeamID: "team_id", EnvTurboToken: "b"},
			want: Settings{"https://turbo", EnvTurboAPI, secret("b"), EnvTurboToken, artifact.Team{ID: "team_id", Slug: "slug"}, EnvTurboTeamID},
		},
		"a slug that looks like an id stays a slug": {
			env:  map[string]string{EnvTurboTeam: "team_slug"},
			want: Settings{Team: artifact.Team{Slug: "team_slug"}, TeamOrigin: EnvTurboTeam},
		},
		"an id without the prefix stays an id": {
			env:  map[string]string{EnvTurboTeamID: "abc"},
			want: Settings{Team: artifact.Team{ID: "abc"}, TeamOrigin: EnvTurboTeamID},
		},
		"an empty variable is not set": {
			env:  map[string]string{EnvAPI: "", EnvTurboAPI: "https://turbo", EnvToken: "", EnvTurboToken: "b", EnvTeam: "", EnvTurboTeam: "t"},
			want: Settings{"https://turbo", EnvTurboAPI, secret("b"), EnvTurboToken, artifact.Team{Slug: "t"}, EnvTurboTeam},
		},
		"white space around a token": {
			env:  map[string]string{EnvToken: " a\n"},
			want: Settings{Token: secret("a"), TokenOrigin: EnvToken},
		},
	} {
		got, err := Resolve(test.flags, func(name string) string { return test.env[name] })
		if err != nil || got != test.want {
			t.Errorf("%s: %+v, %v\nwant %+v", name, got, err, test.want)
		}
		if got.Token.Reveal() != test.want.Token.Reveal() {
			t.Errorf("%s: another token", name)
		}
	}
}

func TestResolveRefusesWhatNoHeaderCarries(t *testing.T) {
	t.Parallel()
	for _, token := range []string{"a\nb", "a\x00", "\x1b[31m", "a\x7fb"} {
		_, err := Resolve(Flags{}, func(name string) string { return map[string]string{EnvTurboToken: token}[name] })
		var setting *Error
		if !errors.As(err, &setting) || setting.Origin != EnvTurboToken || !errors.Is(err, credential.ErrUnsendable) {
			t.Errorf("%q: %v", token, err)
		}
	}
}

func TestSettingsNeverShowTheToken(t *testing.T) {
	t.Parallel()
	s := Settings{Token: credential.NewSecret("canary")}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		if got := fmt.Sprintf(verb, s); len(got) == 0 || strings.Contains(got, "canary") || strings.Contains(got, "63616e617279") {
			t.Errorf("%s shows %s", verb, got)
		}
	}
}
