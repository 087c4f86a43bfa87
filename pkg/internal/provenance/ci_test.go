package provenance

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
)

const commit = "0123456789abcdef0123456789abcdef01234567"

// detectIn is what DetectCI makes of an environment that holds nothing else.
func detectIn(t *testing.T, environ ...string) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		environ = append(environ, "SYSTEMROOT="+os.Getenv("SYSTEMROOT"))
	}
	out, err := helper(t, "ci", environ).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}

// special are the values by which ciinfo tells vendors apart that have a
// variable in common.
var special = map[string]string{
	"CODESHIP": "codeship", "SOURCEHUT": "sourcehut", "WOODPECKER": "woodpecker", "HEROKU": "/app/.heroku/node/bin/node",
}

func TestEveryVendor(t *testing.T) {
	t.Parallel()
	for _, v := range vendors {
		t.Run(v.constant, func(t *testing.T) {
			t.Parallel()
			var set, empty []string
			for _, name := range v.marks {
				value := special[v.constant]
				if value == "" {
					value = commit
				}
				set = append(set, name+"="+value)
				empty = append(empty, name+"=")
			}
			known := CI{Detected: true, Vendor: v.constant}
			if slices.Contains(v.commit, v.marks[0]) {
				known.SHA = commit
			}
			if got, want := detectIn(t, set...), fmt.Sprintf("%+v", known); got != want {
				t.Errorf("%q: %s, want %s", set, got, want)
			}
			known.SHA = commit
			for _, name := range v.commit {
				environ := append(slices.Clone(set), name+"="+commit)
				if got, want := detectIn(t, environ...), fmt.Sprintf("%+v", known); got != want {
					t.Errorf("%q: %s, want %s", environ, got, want)
				}
			}
			if got, want := detectIn(t, empty...), fmt.Sprintf("%+v", CI{}); got != want {
				t.Errorf("%q: %s, want %s", empty, got, want)
			}
		})
	}
}

// TestVendorsAreThoseOfCiinfo fails when a new ciinfo knows more, or others.
func TestVendorsAreThoseOfCiinfo(t *testing.T) {
	t.Parallel()
	dir, err := exec.Command("go", "list", "-f", "{{.Dir}}", "github.com/gkampitakis/ciinfo").Output()
	if err != nil {
		t.Fatalf("looking for ciinfo: %v", err)
	}
	source, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "vendors.go"))
	if err != nil {
		t.Fatal(err)
	}
	type row struct {
		constant string
		marks    string
	}
	var theirs, ours []row
	key := regexp.MustCompile(`key:\s*"(\w+)"`)
	for _, m := range regexp.MustCompile(`constant:\s*"(\w+)",\n(?:\s*anyEnv:.*\n)?\s*env:\s*\[\]env\{(.*)\},\n`).FindAllStringSubmatch(string(source), -1) {
		r := row{constant: m[1]}
		for _, k := range key.FindAllStringSubmatch(m[2], -1) {
			r.marks += " " + k[1]
		}
		theirs = append(theirs, r)
	}
	for _, v := range vendors {
		ours = append(ours, row{v.constant, " " + strings.Join(v.marks, " ")})
	}
	if len(theirs) < 50 || !slices.Equal(theirs, ours) {
		t.Errorf("ciinfo has\n%q\nwe have\n%q", theirs, ours)
	}
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
		// The empty one comes after the other in ciinfo's table.
		{"XCS= GITHUB_ACTIONS=true GITHUB_SHA=" + commit, github},
		{"XCS= VELA= CI=true", unknown},
		{"GITHUB_ACTIONS=true GITHUB_SHA=", CI{Detected: true, Vendor: "GITHUB_ACTIONS"}},
		{"GITHUB_ACTIONS=true CI_COMMIT_SHA=" + commit, CI{Detected: true, Vendor: "GITHUB_ACTIONS"}},
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
			if got, want := detectIn(t, strings.Fields(test.environ)...), fmt.Sprintf("%+v", test.want); got != want {
				t.Errorf("%s, want %s", got, want)
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
