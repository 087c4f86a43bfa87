package provenance

import (
	"slices"
	"strings"
)

// CI is the continuous integration that runs the command. The zero CI is none.
type CI struct {
	// Detected says that this is a CI, of a known vendor or not.
	Detected bool
	// Vendor is the constant of the vendor, as watson/ci-info and turbo
	// spell it: GITHUB_ACTIONS, GITLAB and so on. It is empty if unknown.
	Vendor string
	// SHA is the commit that the vendor says it builds, 40 or 64 hex
	// digits. It is empty if the vendor does not say.
	SHA string
}

// Interactive reports whether a person is watching: standard error is a terminal
// and this is no CI.
func (c CI) Interactive(onTerminal bool) bool { return onTerminal && !c.Detected }

// DetectCI recognises the CI by the environment, which lookupEnv reads as
// [os.LookupEnv] does. A vendor that is recognised by empty variables only is
// ignored. CI=false says that this is no CI, and leaves the vendor known.
func DetectCI(lookupEnv func(name string) (string, bool)) CI {
	get := func(name string) string { value, _ := lookupEnv(name); return value }
	var v vendor // of several the last counts, as in ci-info
	for _, known := range vendors {
		if known.runs(lookupEnv) {
			v = known
		}
	}
	ci := CI{Vendor: v.constant}
	isMarked := slices.ContainsFunc(neutralMarks, func(name string) bool { return get(name) != "" })
	ci.Detected = get("CI") != "false" && (v.constant != "" || isMarked)
	// Buildkite has "HEAD" there for a build that was started by hand, TeamCity
	// the number of another system.
	if i := slices.IndexFunc(v.commit, func(name string) bool { return isObjectID(get(name)) }); i >= 0 {
		ci.SHA = get(v.commit[i])
	}
	return ci
}

// neutralMarks are the variables of a CI of no known vendor.
var neutralMarks = []string{
	"BUILD_ID", "BUILD_NUMBER", "CI", "CI_APP_ID", "CI_BUILD_ID", "CI_BUILD_NUMBER", "CI_NAME",
	"CONTINUOUS_INTEGRATION", "RUN_ID",
}

// vendor is a CI vendor that ci-info knows.
type vendor struct {
	constant string
	// marks are the variables that a vendor is recognised by. All must be
	// set, except for VERCEL, where one is enough; NAME=VALUE asks for that
	// value, and NAME*=VALUE for one that contains it.
	marks []string
	// commit are the variables that may hold the commit; the first that does
	// counts. It is empty if the vendor documents none.
	commit []string
}

// runs reports whether the vendor runs the command.
func (v vendor) runs(lookupEnv func(string) (string, bool)) bool {
	matching, telling := 0, false
	for _, mark := range v.marks {
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
	return telling && (matching == len(v.marks) || v.constant == "VERCEL")
}

// vendors are those of ci-info 4.5.0 in its order; a test compares them. Those
// without a commit document no variable for it, or leave it to the user.
var vendors = []vendor{
	{"AGOLA", names("AGOLA_GIT_REF"), names("AGOLA_GIT_COMMITSHA")},
	{"ALPIC", names("ALPIC_HOST"), nil},
	{"APPCIRCLE", names("AC_APPCIRCLE"), nil},
	{"APPVEYOR", names("APPVEYOR"), names("APPVEYOR_REPO_COMMIT")},
	{"CODEBUILD", names("CODEBUILD_BUILD_ARN"), names("CODEBUILD_RESOLVED_SOURCE_VERSION")},
	{"AZURE_PIPELINES", names("TF_BUILD"), names("BUILD_SOURCEVERSION")},
	{"BAMBOO", names("bamboo_planKey"), names("bamboo_planRepository_revision", "bamboo_planRepository_1_revision")},
	{"BITBUCKET", names("BITBUCKET_COMMIT"), names("BITBUCKET_COMMIT")},
	{"BITRISE", names("BITRISE_IO"), names("BITRISE_GIT_COMMIT")},
	{"BUDDY", names("BUDDY_WORKSPACE_ID"), names("BUDDY_RUN_COMMIT", "BUDDY_EXECUTION_REVISION")},
	{"BUILDKITE", names("BUILDKITE"), names("BUILDKITE_COMMIT")},
	{"CAPAWESOME_CLOUD", names("CAPAWESOME_CLOUD"), nil},
	{"CIRCLE", names("CIRCLECI"), names("CIRCLE_SHA1")},
	{"CIRRUS", names("CIRRUS_CI"), names("CIRRUS_CHANGE_IN_REPO")},
	{"CLOUDFLARE_PAGES", names("CF_PAGES"), names("CF_PAGES_COMMIT_SHA")},
	{"CLOUDFLARE_WORKERS", names("WORKERS_CI"), names("WORKERS_CI_COMMIT_SHA")},
	{"CODEFRESH", names("CF_BUILD_ID"), names("CF_REVISION")},
	{"CODEMAGIC", names("CM_BUILD_ID"), names("CM_COMMIT")},
	{"CODESHIP", names("CI_NAME=codeship"), names("CI_COMMIT_ID")},
	{"DRONE", names("DRONE"), names("DRONE_COMMIT_SHA")},
	{"DSARI", names("DSARI"), nil},
	{"EARTHLY", names("EARTHLY_CI"), nil},
	{"EAS", names("EAS_BUILD"), names("EAS_BUILD_GIT_COMMIT_HASH")},
	{"GERRIT", names("GERRIT_PROJECT"), names("GERRIT_PATCHSET_REVISION")},
	{"GITEA_ACTIONS", names("GITEA_ACTIONS"), names("GITHUB_SHA")},
	{"GITHUB_ACTIONS", names("GITHUB_ACTIONS"), names("GITHUB_SHA")},
	{"GITLAB", names("GITLAB_CI"), names("CI_COMMIT_SHA")},
	{"GOCD", names("GO_PIPELINE_LABEL"), names("GO_REVISION")},
	{"GOOGLE_CLOUD_BUILD", names("BUILDER_OUTPUT"), nil},
	{"HARNESS", names("HARNESS_BUILD_ID"), names("DRONE_COMMIT_SHA")},
	{"HEROKU", names("NODE*=/app/.heroku/node/bin/node"), names("HEROKU_TEST_RUN_COMMIT_VERSION")},
	{"HUDSON", names("HUDSON_URL"), names("GIT_COMMIT")},
	{"JENKINS", names("JENKINS_URL", "BUILD_ID"), names("GIT_COMMIT")},
	{"LAYERCI", names("LAYERCI"), nil},
	{"MAGNUM", names("MAGNUM"), nil},
	{"NETLIFY", names("NETLIFY"), names("COMMIT_REF")},
	{"NEVERCODE", names("NEVERCODE"), names("NEVERCODE_COMMIT")},
	{"PROW", names("PROW_JOB_ID"), names("PULL_PULL_SHA", "PULL_BASE_SHA")},
	{"RELEASEHUB", names("RELEASE_BUILD_ID"), nil},
	{"RENDER", names("RENDER"), names("RENDER_GIT_COMMIT")},
	{"RWX", names("RWX"), nil},
	{"SAIL", names("SAILCI"), names("SAIL_COMMIT_SHA")},
	{"SCREWDRIVER", names("SCREWDRIVER"), names("SD_BUILD_SHA")},
	{"SEMAPHORE", names("SEMAPHORE"), names("SEMAPHORE_GIT_SHA")},
	{"SOURCEHUT", names("CI_NAME=sourcehut"), nil},
	{"STRIDER", names("STRIDER"), nil},
	{"TASKCLUSTER", names("TASK_ID", "RUN_ID"), nil},
	{"TEAMCITY", names("TEAMCITY_VERSION"), names("BUILD_VCS_NUMBER")},
	{"TRAVIS", names("TRAVIS"), names("TRAVIS_COMMIT")},
	{"VELA", names("VELA"), names("VELA_BUILD_COMMIT")},
	{"VERCEL", names("NOW_BUILDER", "VERCEL"), names("VERCEL_GIT_COMMIT_SHA")},
	{"APPCENTER", names("APPCENTER_BUILD_ID"), nil},
	{"WOODPECKER", names("CI=woodpecker"), names("CI_COMMIT_SHA")},
	{"XCODE_CLOUD", names("CI_XCODE_PROJECT"), names("CI_COMMIT")},
	{"XCODE_SERVER", names("XCS"), nil},
}

// names keeps the rows of the table short.
func names(n ...string) []string { return n }
