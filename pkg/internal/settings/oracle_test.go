package settings

import (
	"bytes"
	"cmp"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/artifact-cli/artifact/pkg/internal/must"
)

// resolved is what turbo and we resolve.
type resolved struct {
	API, TeamID, TeamSlug string
	Signature             bool
	Preflight             bool
}

// turboDefault is turbo's default base URL; ours serves the same.
const turboDefault = "https://vercel.com/api"

// oracleRow is a combination of files and variables, and its result.
type oracleRow struct {
	json   string // turbo.json
	config string // .turbo/config.json
	user   string // turbo's user-level file
	env    texts
	flags  Flags
	ours   resolved
	// turbos is turbo's result if it differs, and why is the reason. A nil result
	// is an error.
	turbos *resolved
	why    string
}

const (
	together   = "id and slug are one setting for us: a source that gives either replaces both"
	emptyUnset = "an empty value is an unset one for us"
	strict     = "turbo checks all of its file; we read what we need of it"
)

// oracleRows are checked against turbo 2.11.11.
var oracleRows = map[string]oracleRow{
	"nothing":      {ours: resolved{}},
	"turbo.json":   {json: `{"remoteCache":{"apiUrl":"https://a.example","teamId":"team_a","teamSlug":"a","signature":true}}`, ours: resolved{"https://a.example", "team_a", "a", true, false}},
	"comments":     {json: "// x\n{\"remoteCache\":{/* y */\"apiUrl\":\"https://a.example\",},}", ours: resolved{API: "https://a.example"}},
	"a mark first": {json: "\ufeff{\"remoteCache\":{\"apiUrl\":\"https://a.example\"}}", ours: resolved{API: "https://a.example"}},
	"the global block": {json: `{"futureFlags":{"globalConfiguration":true},"global":{"remoteCache":{"apiUrl":"https://g.example","teamSlug":"g"}}}`,
		ours: resolved{API: "https://g.example", TeamSlug: "g"}},
	"the last of two blocks": {json: `{"remoteCache":{"apiUrl":"https://a.example"},"remoteCache":{"apiUrl":"https://b.example"}}`, ours: resolved{API: "https://b.example"}},
	"turbo.json is empty":    {json: `{"remoteCache":{"apiUrl":"","teamId":"","teamSlug":""}}`, ours: resolved{}},
	"a path":                 {json: `{"remoteCache":{"apiUrl":"https://a.example/base/"}}`, ours: resolved{API: "https://a.example/base/"}},
	"no signature":           {json: `{"remoteCache":{"signature":false,"enabled":false}}`, ours: resolved{}},
	"config.json":            {config: `{"apiUrl":"https://c.example","teamId":"team_c","teamSlug":"c"}`, ours: resolved{"https://c.example", "team_c", "c", false, false}},
	"lower case":             {config: `{"apiurl":"https://c.example","teamid":"team_c","teamslug":"c"}`, ours: resolved{"https://c.example", "team_c", "c", false, false}},
	"upper camel case":       {config: `{"ApiUrl":"https://c.example","TeamId":"team_c","TeamSlug":"c"}`, ours: resolved{"https://c.example", "team_c", "c", false, false}},
	"upper case":             {config: `{"APIURL":"https://c.example","TEAMID":"team_c","TEAMSLUG":"c"}`, ours: resolved{"https://c.example", "team_c", "c", false, false}},
	"snake case is unknown":  {config: `{"api_url":"https://c.example","team_id":"team_c"}`, ours: resolved{}},
	"null is unset":          {config: `{"apiUrl":null,"teamId":"team_c"}`, json: `{"remoteCache":{"apiUrl":"https://a.example"}}`, ours: resolved{API: "https://a.example", TeamID: "team_c"}},
	"config.json first": {config: `{"apiUrl":"https://c.example","teamId":"team_c","teamSlug":"c"}`, json: `{"remoteCache":{"apiUrl":"https://a.example","teamId":"team_a","teamSlug":"a"}}`,
		ours: resolved{"https://c.example", "team_c", "c", false, false}},
	"each from its own file":       {config: `{"teamId":"team_c"}`, json: `{"remoteCache":{"apiUrl":"https://a.example","signature":true}}`, ours: resolved{"https://a.example", "team_c", "", true, false}},
	"signature of config.json":     {config: `{"signature":true}`, ours: resolved{Signature: true}},
	"preflight of turbo.json":      {json: `{"remoteCache":{"preflight":true}}`, ours: resolved{Preflight: true}},
	"preflight of config.json":     {config: `{"preflight":true}`, json: `{"remoteCache":{"preflight":false}}`, ours: resolved{Preflight: true}},
	"no preflight of config.json":  {config: `{"preflight":false}`, json: `{"remoteCache":{"preflight":true}}`, ours: resolved{}},
	"a preflight variable":         {env: texts{EnvTurboPreflight: "1"}, config: `{"preflight":false}`, ours: resolved{Preflight: true}},
	"a preflight variable of true": {env: texts{EnvTurboPreflight: "true"}, ours: resolved{Preflight: true}},
	"no preflight by variable":     {env: texts{EnvTurboPreflight: "0"}, json: `{"remoteCache":{"preflight":true}}`, ours: resolved{}},
	"an empty preflight variable":  {env: texts{EnvTurboPreflight: ""}, json: `{"remoteCache":{"preflight":true}}`, ours: resolved{Preflight: true}},
	"an id over a slug": {config: `{"teamId":"team_c"}`, json: `{"remoteCache":{"teamSlug":"a"}}`, ours: resolved{TeamID: "team_c"},
		turbos: &resolved{TeamID: "team_c", TeamSlug: "a"}, why: together},
	"an empty value over a value": {config: `{"apiUrl":"","teamId":""}`, json: `{"remoteCache":{"apiUrl":"https://a.example","teamId":"team_a"}}`, ours: resolved{API: "https://a.example", TeamID: "team_a"},
		turbos: &resolved{}, why: emptyUnset},
	"comments in config.json": {config: `{"teamId":"team_c",/* x */}`, ours: resolved{TeamID: "team_c"}, why: "turbo takes them in turbo.json only"},
	"an unknown key":          {json: `{"remoteCache":{"apiUrl":"https://a.example","nonsense":1}}`, ours: resolved{API: "https://a.example"}, why: strict},
	"null in turbo.json":      {json: `{"remoteCache":{"apiUrl":null}}`, ours: resolved{}, why: strict},
	"the block in both places": {json: `{"futureFlags":{"globalConfiguration":true},"global":{"remoteCache":{"apiUrl":"https://g.example"}},"remoteCache":{"apiUrl":"https://a.example"}}`,
		ours: resolved{API: "https://g.example"}, why: strict},
	"the variables": {env: texts{EnvTurboAPI: "https://e.example", EnvTurboTeam: "e", EnvTurboTeamID: "team_e"}, ours: resolved{"https://e.example", "team_e", "e", false, false}},
	"a slug alone":  {env: texts{EnvTurboTeam: "team_x"}, ours: resolved{TeamSlug: "team_x"}},
	"an id alone":   {env: texts{EnvTurboTeamID: "x"}, ours: resolved{TeamID: "x"}},
	"variables over files": {env: texts{EnvTurboAPI: "https://e.example", EnvTurboTeam: "e", EnvTurboTeamID: "team_e"},
		config: `{"apiUrl":"https://c.example","teamId":"team_c","teamSlug":"c"}`, ours: resolved{"https://e.example", "team_e", "e", false, false}},
	"a slug over an id": {env: texts{EnvTurboTeam: "e"}, config: `{"teamId":"team_c"}`, ours: resolved{TeamSlug: "e"},
		turbos: &resolved{TeamID: "team_c", TeamSlug: "e"}, why: together},
	"an empty variable over a file": {env: texts{EnvTurboAPI: "", EnvTurboTeam: ""}, json: `{"remoteCache":{"apiUrl":"https://a.example","teamSlug":"a"}}`,
		ours: resolved{API: "https://a.example", TeamSlug: "a"}, turbos: &resolved{}, why: emptyUnset},
	"Vercel's pair":        {env: texts{EnvPairToken: "p", EnvPairOwner: "team_o"}, ours: resolved{TeamID: "team_o"}},
	"its owner alone":      {env: texts{EnvPairOwner: "team_o"}, ours: resolved{TeamID: "team_o"}},
	"its token alone":      {env: texts{EnvPairToken: "p"}, config: `{"teamId":"team_c"}`, ours: resolved{TeamID: "team_c"}},
	"the pair over files":  {env: texts{EnvPairToken: "p", EnvPairOwner: "team_o"}, config: `{"teamId":"team_c"}`, ours: resolved{TeamID: "team_o"}},
	"a token and the pair": {env: texts{EnvTurboToken: "t", EnvPairToken: "p", EnvPairOwner: "team_o"}, ours: resolved{TeamID: "team_o"}},
	"a token, a team and the pair": {env: texts{EnvTurboToken: "t", EnvTurboTeamID: "team_e", EnvPairToken: "p", EnvPairOwner: "team_o"},
		ours: resolved{TeamID: "team_e"}},
	"a token, a slug and the pair": {env: texts{EnvTurboToken: "t", EnvTurboTeam: "e", EnvPairToken: "p", EnvPairOwner: "team_o"}, ours: resolved{TeamSlug: "e"}},
	"a slug and the pair": {env: texts{EnvTurboTeam: "e", EnvPairToken: "p", EnvPairOwner: "team_o"}, ours: resolved{TeamSlug: "e"},
		turbos: &resolved{TeamID: "team_o", TeamSlug: "e"}, why: together},
	"the Vercel CLI's org": {env: texts{EnvVercelOrg: "team_org", "VERCEL_PROJECT_ID": "p"}, ours: resolved{TeamID: "team_org"},
		turbos: &resolved{}, why: "turbo does not read it"},
	"the flags": {flags: Flags{API: "https://f.example", Team: "f"}, env: texts{EnvTurboAPI: "https://e.example", EnvTurboTeam: "e"}, ours: resolved{API: "https://f.example", TeamSlug: "f"}},
	"a flag over a file": {flags: Flags{Team: "f"}, json: `{"remoteCache":{"teamId":"team_a"}}`, ours: resolved{TeamSlug: "f"},
		turbos: &resolved{TeamID: "team_a", TeamSlug: "f"}, why: together},
	"an id as a flag": {flags: Flags{Team: "team_f"}, ours: resolved{TeamID: "team_f"}, turbos: &resolved{TeamSlug: "team_f"}, why: "--team takes a slug or an id for us"},
	"the user's file": {user: `{"apiUrl":"https://u.example","teamId":"team_u","token":"u"}`, ours: resolved{API: "https://u.example", TeamID: "team_u"}},
	"files of the project over the user's": {user: `{"apiUrl":"https://u.example","teamId":"team_u"}`, config: `{"apiUrl":"https://c.example","teamId":"team_c"}`,
		ours: resolved{API: "https://c.example", TeamID: "team_c"}},
	"turbo.json and the user's": {user: `{"apiUrl":"https://u.example"}`, json: `{"remoteCache":{"apiUrl":"https://a.example"}}`, ours: resolved{API: "https://a.example"},
		turbos: &resolved{API: "https://u.example"}, why: "a project's file comes before a user's for us"},
}

// files returns the files of a row, in a project that turbo accepts.
func (r oracleRow) files() texts {
	files := texts{
		"project/package.json":      `{"name":"p","packageManager":"npm@10.0.0"}`,
		"project/package-lock.json": `{"lockfileVersion":3,"packages":{}}`,
		"project/turbo.json":        cmp.Or(r.json, "{}"),
	}
	if r.config != "" {
		files["project/.turbo/config.json"] = r.config
	}
	if r.user != "" {
		files["user/turborepo/config.json"] = r.user
	}
	return files
}

func (r oracleRow) sandbox(t *testing.T) sandbox {
	t.Helper()
	return newSandbox(t, r.files(), merged(texts{EnvTurboConfig: "$ROOT/user"}, r.env))
}

func TestAgainstTurbo(t *testing.T) {
	t.Parallel()
	if len(oracleRows) < 30 {
		t.Fatalf("%d combinations", len(oracleRows))
	}
	for name, row := range oracleRows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found, err := row.sandbox(t).resolver("project", row.flags).Resolve()
			if got := (resolved{found.API, found.Team.ID, found.Team.Slug, found.RequireSignatureOrigin != "", found.Preflight}); err != nil || got != row.ours {
				t.Errorf("ours: %+v, %v\nwant %+v", got, err, row.ours)
			}
			if row.turbos != nil && row.why == "" {
				t.Error("nothing says why ours differs")
			}
		})
	}
}

// TestTurboItself compares the table with real turbo.
func TestTurboItself(t *testing.T) {
	t.Parallel()
	turbo := must.Get(filepath.Abs("../../../testdata/interop/node_modules/.bin/turbo"))(t)
	if _, err := os.Stat(turbo); err != nil {
		t.Skip("run npm ci in testdata/interop:", err)
	}
	for name, row := range oracleRows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := row.turbos
			if want == nil && row.why == "" {
				want = &row.ours
			}
			got := askTurbo(t, turbo, row)
			switch {
			case want == nil && got != nil:
				t.Errorf("turbo takes it: %+v", *got)
			case want != nil && got == nil:
				t.Error("turbo refuses it")
			case want != nil && *got != *want:
				t.Errorf("turbo: %+v\nwant   %+v", *got, *want)
			}
		})
	}
}

// askTurbo returns the output of turbo config, or nil if it fails.
func askTurbo(t *testing.T, turbo string, row oracleRow) *resolved {
	t.Helper()
	s := row.sandbox(t)
	args := []string{"config"}
	if row.flags.API != "" {
		args = append(args, "--api", row.flags.API)
	}
	if row.flags.Team != "" {
		args = append(args, "--team", row.flags.Team)
	}
	cmd := exec.Command(turbo, args...)
	cmd.Dir = filepath.Join(s.root, "project")
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "TURBO_TELEMETRY_DISABLED=1", "DO_NOT_TRACK=1", "TURBO_PRINT_VERSION_DISABLED=1"}
	for name, value := range s.env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	out, err := cmd.Output()
	begin := bytes.IndexByte(out, '{')
	if err != nil || begin < 0 {
		return nil
	}
	var config struct {
		APIURL    string `json:"apiUrl"`
		TeamID    string `json:"teamId"`
		TeamSlug  string `json:"teamSlug"`
		Signature bool   `json:"signature"`
		Preflight bool   `json:"preflight"`
	}
	if err := json.Unmarshal(out[begin:], &config); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if config.APIURL == turboDefault {
		config.APIURL = ""
	}
	return &resolved{config.APIURL, config.TeamID, config.TeamSlug, config.Signature, config.Preflight}
}
