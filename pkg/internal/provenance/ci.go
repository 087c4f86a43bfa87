package provenance

import (
	"slices"
	"strings"
)

// CI is the CI system that runs the command. The zero CI is none.
type CI struct {
	Detected bool   // of a known vendor or not
	Vendor   string // as watson/ci-info spells it, such as GITHUB_ACTIONS; empty if unknown
	SHA      string // the commit that the vendor says it builds, in hex; empty if it does not say
}

// Interactive reports whether a person is watching: standard error is a terminal,
// and this is not a CI.
func (c CI) Interactive(onTerminal bool) bool { return onTerminal && !c.Detected }

// DetectCI detects the CI from the environment, which lookupEnv reads like
// [os.LookupEnv]. It ignores a vendor whose variables are all empty. With
// CI=false it does not detect a CI, but may still know the vendor.
func DetectCI(lookupEnv func(name string) (string, bool)) CI {
	get := func(name string) string { value, _ := lookupEnv(name); return value }
	var v vendor // the last match counts, as in ci-info
	for _, known := range vendors {
		if known.runs(lookupEnv) {
			v = known
		}
	}
	ci := CI{Vendor: v.constant}
	isMarked := slices.ContainsFunc(genericMarks, func(name string) bool { return get(name) != "" })
	ci.Detected = get("CI") != "false" && (v.constant != "" || isMarked)
	// It is "HEAD" on Buildkite for builds that were started by hand, and may be
	// another system's number on TeamCity.
	for name := range strings.FieldsSeq(v.commit) {
		if ci.SHA == "" && isObjectID(get(name)) {
			ci.SHA = get(name)
		}
	}
	return ci
}

// genericMarks are the variables that mark a CI of an unknown vendor.
var genericMarks = []string{
	"BUILD_ID", "BUILD_NUMBER", "CI", "CI_APP_ID", "CI_BUILD_ID", "CI_BUILD_NUMBER", "CI_NAME", "CONTINUOUS_INTEGRATION", "RUN_ID",
}

// vendor is a CI vendor that ci-info knows.
type vendor struct {
	constant string
	// marks are the variables that a vendor is recognized by, separated by
	// spaces. All must be set, except for VERCEL, where one is enough; NAME=VALUE
	// requires that value, and NAME*=VALUE for one that contains it.
	marks string
	// commit are the variables that may hold the commit; the first valid one
	// counts.
	commit string
}

// runs reports whether the vendor runs the command.
func (v vendor) runs(lookupEnv func(string) (string, bool)) bool {
	marks, matching, telling := strings.Fields(v.marks), 0, false
	for _, mark := range marks {
		name, want, valued := strings.Cut(mark, "=")
		name, part := strings.CutSuffix(name, "*")
		value, ok := lookupEnv(name)
		switch {
		case !ok:
		case !valued, value == want, part && strings.Contains(value, want):
			matching++
			telling = telling || value != ""
		}
	}
	return telling && (matching == len(marks) || v.constant == "VERCEL")
}

// vendors are those of ci-info 4.5.0 in its order; a test compares them. Those
// without a commit document no variable for it, or leave it to the user.
var vendors = []vendor{
	{"AGOLA", "AGOLA_GIT_REF", "AGOLA_GIT_COMMITSHA"},
	{"ALPIC", "ALPIC_HOST", ""},
	{"APPCIRCLE", "AC_APPCIRCLE", ""},
	{"APPVEYOR", "APPVEYOR", "APPVEYOR_REPO_COMMIT"},
	{"CODEBUILD", "CODEBUILD_BUILD_ARN", "CODEBUILD_RESOLVED_SOURCE_VERSION"},
	{"AZURE_PIPELINES", "TF_BUILD", "BUILD_SOURCEVERSION"},
	{"BAMBOO", "bamboo_planKey", "bamboo_planRepository_revision bamboo_planRepository_1_revision"},
	{"BITBUCKET", "BITBUCKET_COMMIT", "BITBUCKET_COMMIT"},
	{"BITRISE", "BITRISE_IO", "BITRISE_GIT_COMMIT"},
	{"BUDDY", "BUDDY_WORKSPACE_ID", "BUDDY_RUN_COMMIT BUDDY_EXECUTION_REVISION"},
	{"BUILDKITE", "BUILDKITE", "BUILDKITE_COMMIT"},
	{"CAPAWESOME_CLOUD", "CAPAWESOME_CLOUD", ""},
	{"CIRCLE", "CIRCLECI", "CIRCLE_SHA1"},
	{"CIRRUS", "CIRRUS_CI", "CIRRUS_CHANGE_IN_REPO"},
	{"CLOUDFLARE_PAGES", "CF_PAGES", "CF_PAGES_COMMIT_SHA"},
	{"CLOUDFLARE_WORKERS", "WORKERS_CI", "WORKERS_CI_COMMIT_SHA"},
	{"CODEFRESH", "CF_BUILD_ID", "CF_REVISION"},
	{"CODEMAGIC", "CM_BUILD_ID", "CM_COMMIT"},
	{"CODESHIP", "CI_NAME=codeship", "CI_COMMIT_ID"},
	{"DRONE", "DRONE", "DRONE_COMMIT_SHA"},
	{"DSARI", "DSARI", ""},
	{"EARTHLY", "EARTHLY_CI", ""},
	{"EAS", "EAS_BUILD", "EAS_BUILD_GIT_COMMIT_HASH"},
	{"GERRIT", "GERRIT_PROJECT", "GERRIT_PATCHSET_REVISION"},
	{"GITEA_ACTIONS", "GITEA_ACTIONS", "GITHUB_SHA"},
	{"GITHUB_ACTIONS", "GITHUB_ACTIONS", "GITHUB_SHA"},
	{"GITLAB", "GITLAB_CI", "CI_COMMIT_SHA"},
	{"GOCD", "GO_PIPELINE_LABEL", "GO_REVISION"},
	{"GOOGLE_CLOUD_BUILD", "BUILDER_OUTPUT", ""},
	{"HARNESS", "HARNESS_BUILD_ID", "DRONE_COMMIT_SHA"},
	{"HEROKU", "NODE*=/app/.heroku/node/bin/node", "HEROKU_TEST_RUN_COMMIT_VERSION"},
	{"HUDSON", "HUDSON_URL", "GIT_COMMIT"},
	{"JENKINS", "JENKINS_URL BUILD_ID", "GIT_COMMIT"},
	{"LAYERCI", "LAYERCI", ""},
	{"MAGNUM", "MAGNUM", ""},
	{"NETLIFY", "NETLIFY", "COMMIT_REF"},
	{"NEVERCODE", "NEVERCODE", "NEVERCODE_COMMIT"},
	{"PROW", "PROW_JOB_ID", "PULL_PULL_SHA PULL_BASE_SHA"},
	{"RELEASEHUB", "RELEASE_BUILD_ID", ""},
	{"RENDER", "RENDER", "RENDER_GIT_COMMIT"},
	{"RWX", "RWX", ""},
	{"SAIL", "SAILCI", "SAIL_COMMIT_SHA"},
	{"SCREWDRIVER", "SCREWDRIVER", "SD_BUILD_SHA"},
	{"SEMAPHORE", "SEMAPHORE", "SEMAPHORE_GIT_SHA"},
	{"SOURCEHUT", "CI_NAME=sourcehut", ""},
	{"STRIDER", "STRIDER", ""},
	{"TASKCLUSTER", "TASK_ID RUN_ID", ""},
	{"TEAMCITY", "TEAMCITY_VERSION", "BUILD_VCS_NUMBER"},
	{"TRAVIS", "TRAVIS", "TRAVIS_COMMIT"},
	{"VELA", "VELA", "VELA_BUILD_COMMIT"},
	{"VERCEL", "NOW_BUILDER VERCEL", "VERCEL_GIT_COMMIT_SHA"},
	{"APPCENTER", "APPCENTER_BUILD_ID", ""},
	{"WOODPECKER", "CI=woodpecker", "CI_COMMIT_SHA"},
	{"XCODE_CLOUD", "CI_XCODE_PROJECT", "CI_COMMIT"},
	{"XCODE_SERVER", "XCS", ""},
}
