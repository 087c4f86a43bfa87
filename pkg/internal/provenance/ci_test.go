package provenance

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/artifact-cli/artifact/pkg/internal/must"
)

const commit = "0123456789abcdef0123456789abcdef01234567"

// detectIn returns the result of DetectCI in an environment.
func detectIn(environ ...string) CI {
	return DetectCI(func(name string) (string, bool) {
		for _, pair := range environ {
			if value, ok := strings.CutPrefix(pair, name+"="); ok {
				return value, true
			}
		}
		return "", false
	})
}

func TestEveryVendor(t *testing.T) {
	t.Parallel()
	for _, v := range vendors {
		t.Run(v.constant, func(t *testing.T) {
			t.Parallel()
			var set, empty []string
			for _, mark := range strings.Fields(v.marks) {
				name, value, valued := strings.Cut(mark, "=")
				name = strings.TrimSuffix(name, "*")
				if !valued {
					value = commit
				}
				set = append(set, name+"="+value)
				empty = append(empty, name+"=")
			}
			known := CI{Detected: true, Vendor: v.constant}
			if slices.Contains(strings.Fields(v.commit), v.marks) {
				known.SHA = commit
			}
			if got := detectIn(set...); got != known {
				t.Errorf("%q: %+v, want %+v", set, got, known)
			}
			known.SHA = commit
			for _, name := range strings.Fields(v.commit) {
				environ := append(slices.Clone(set), name+"="+commit)
				if got := detectIn(environ...); got != known {
					t.Errorf("%q: %+v, want %+v", environ, got, known)
				}
			}
			if got := detectIn(empty...); got != (CI{}) {
				t.Errorf("%q: %+v, want none", empty, got)
			}
		})
	}
}

// TestVendorsAreThoseOfCIInfo fails if ci-info has other vendors.
func TestVendorsAreThoseOfCIInfo(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../testdata/interop/node_modules/ci-info/vendors.json")
	if err != nil {
		t.Skipf("run npm install --no-save in testdata/interop: %v", err)
	}
	var table []struct {
		Constant string
		Env      json.RawMessage
	}
	must.Do(t, json.Unmarshal(text, &table))
	var theirs, ours []string
	for _, row := range table {
		theirs = append(theirs, row.Constant+" "+strings.Join(marksOf(t, row.Env), " "))
	}
	for _, v := range vendors {
		ours = append(ours, v.constant+" "+v.marks)
	}
	if !slices.Equal(theirs, ours) {
		t.Errorf("ci-info has\n%q\nwe have\n%q", theirs, ours)
	}
}

// marksOf converts ci-info's conditions to marks.
func marksOf(t *testing.T, env json.RawMessage) []string {
	t.Helper()
	var one string
	var all []string
	var object map[string]any
	switch {
	case json.Unmarshal(env, &one) == nil:
		return []string{one}
	case json.Unmarshal(env, &all) == nil:
		return all
	}
	must.Do(t, json.Unmarshal(env, &object))
	if part, ok := object["includes"]; ok {
		return []string{object["env"].(string) + "*=" + part.(string)}
	}
	var marks []string
	for name, value := range object {
		if list, ok := value.([]any); ok && name == "any" {
			for _, variable := range list {
				marks = append(marks, variable.(string))
			}
			continue
		}
		marks = append(marks, name+"="+value.(string))
	}
	return marks
}

func TestDetectCI(t *testing.T) {
	t.Parallel()
	none := CI{}
	unknown := CI{Detected: true}
	github := CI{Detected: true, Vendor: "GITHUB_ACTIONS", SHA: commit}
	tests := []struct {
		environ string
		want    CI
	}{
		{"", none},
		{"HOME=/", none},
		{"CI=true", unknown},
		{"CI=1", unknown},
		{"CI=", none},
		{"BUILD_ID= RUN_ID= CI_NAME=", none},
		{"BUILD_ID= RUN_ID=1 CI_NAME=", unknown},
		{"CI=false", none},
		{"CI=false BUILD_ID=1", none},
		{"CI=false GITHUB_ACTIONS=true GITHUB_SHA=" + commit, CI{Vendor: "GITHUB_ACTIONS", SHA: commit}},
		{"CI= GITHUB_ACTIONS=true", CI{Detected: true, Vendor: "GITHUB_ACTIONS"}},
		{"CI=true AGOLA_GIT_REF=", unknown},
		{"AGOLA_GIT_REF=", none},
		{"AGOLA_GIT_REF= GITHUB_ACTIONS=true GITHUB_SHA=" + commit, github},
		// The empty one comes after the other in the table.
		{"XCS= GITHUB_ACTIONS=true GITHUB_SHA=" + commit, github},
		{"XCS= VELA= CI=true", unknown},
		{"GITHUB_ACTIONS=true GITHUB_SHA=", CI{Detected: true, Vendor: "GITHUB_ACTIONS"}},
		{"GITHUB_ACTIONS=true CI_COMMIT_SHA=" + commit, CI{Detected: true, Vendor: "GITHUB_ACTIONS"}},
		{"NODE=/app/.heroku/node/bin/node:/x", CI{Detected: true, Vendor: "HEROKU"}},
		{"NODE=/usr/bin/node", none},
		{"CI_NAME=semaphore", unknown},
		{"TASK_ID=1", none},
		{"TASK_ID=1 RUN_ID=1", CI{Detected: true, Vendor: "TASKCLUSTER"}},
		{"BUILDKITE=true BUILDKITE_COMMIT=HEAD", CI{Detected: true, Vendor: "BUILDKITE"}},
		{"TEAMCITY_VERSION=1 BUILD_VCS_NUMBER=1234", CI{Detected: true, Vendor: "TEAMCITY"}},
		{"BUDDY_WORKSPACE_ID=1 BUDDY_RUN_COMMIT= BUDDY_EXECUTION_REVISION=" + commit, CI{Detected: true, Vendor: "BUDDY", SHA: commit}},
		{"JENKINS_URL=x BUILD_ID= GIT_COMMIT=" + commit, CI{Detected: true, Vendor: "JENKINS", SHA: commit}},
		{"NOW_BUILDER= VERCEL=1 VERCEL_GIT_COMMIT_SHA=" + commit, CI{Detected: true, Vendor: "VERCEL", SHA: commit}},
		{"CI=woodpecker CI_COMMIT_SHA=" + commit + commit[:24], CI{Detected: true, Vendor: "WOODPECKER", SHA: commit + commit[:24]}},
	}
	for _, test := range tests {
		t.Run(test.environ, func(t *testing.T) {
			t.Parallel()
			if got := detectIn(strings.Fields(test.environ)...); got != test.want {
				t.Errorf("%+v, want %+v", got, test.want)
			}
		})
	}
}

func TestInteractive(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		ci         CI
		onTerminal bool
		want       bool
	}{
		{CI{}, true, true},
		{CI{}, false, false},
		{CI{Detected: true}, true, false},
		{CI{Detected: true, Vendor: "GITLAB"}, false, false},
		{CI{Vendor: "GITLAB"}, true, true}, // CI=false
	} {
		if got := test.ci.Interactive(test.onTerminal); got != test.want {
			t.Errorf("%+v on a terminal %v: %v", test.ci, test.onTerminal, got)
		}
	}
}
