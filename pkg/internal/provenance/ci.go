package provenance

import (
	"slices"

	"github.com/gkampitakis/ciinfo"
)

// CI is the continuous integration that runs the command. The zero CI is none.
type CI struct {
	// Detected tells that this is a CI, of a known vendor or not.
	Detected bool
	// Vendor is the constant of the vendor, as watson/ci-info and turbo
	// spell it: GITHUB_ACTIONS, GITLAB and so on. It is empty where nobody
	// known is recognised.
	Vendor string
	// SHA is the commit that the vendor says it builds, 40 or 64 hex
	// digits. It is empty where the vendor does not say.
	SHA string
}

// Interactive tells whether a person watches: the standard error is a terminal
// and this is no CI.
func (c CI) Interactive(onTerminal bool) bool { return onTerminal && !c.Detected }

// DetectCI recognises the CI by the environment. lookupEnv is [os.LookupEnv]:
// ciinfo has read the environment of this process when the program started, so
// no other can be judged. A vendor that is recognised by empty variables only
// is ignored. CI=false says that this is no CI, and leaves the vendor known.
func DetectCI(lookupEnv func(name string) (string, bool)) CI {
	isSet := func(name string) bool {
		value, _ := lookupEnv(name)
		return value != ""
	}
	ci := CI{Vendor: vendorID(isSet)}
	ci.Detected = ciinfo.IsCI && (ci.Vendor != "" || slices.ContainsFunc(neutralMarks, isSet))
	for _, name := range findVendor(ci.Vendor).commit {
		// Buildkite has "HEAD" there for a build that was started by
		// hand, TeamCity the number of another system.
		if value, _ := lookupEnv(name); isObjectID(value) {
			ci.SHA = value
			break
		}
	}
	return ci
}

// vendorID is ciinfo.ID, unless empty variables alone made it so. Of several
// vendors ciinfo names the last in its table; so does this of those that remain.
func vendorID(isSet func(name string) bool) string {
	recognised := func(v vendor) bool {
		return ciinfo.IsVendor(v.constant) && slices.ContainsFunc(v.marks, isSet)
	}
	v := findVendor(ciinfo.ID)
	if v.constant == "" || recognised(v) {
		return ciinfo.ID // also one that is not in our table
	}
	for _, v := range slices.Backward(vendors) {
		if recognised(v) {
			return v.constant
		}
	}
	return ""
}

// neutralMarks are the variables that tell ciinfo of a CI of no known vendor.
var neutralMarks = []string{
	"BUILD_ID", "BUILD_NUMBER", "CI", "CI_APP_ID", "CI_BUILD_ID", "CI_BUILD_NUMBER", "CI_NAME",
	"CONTINUOUS_INTEGRATION", "RUN_ID",
}

// A vendor is one that ciinfo recognises.
type vendor struct {
	constant string
	// marks are the variables that ciinfo recognises it by.
	marks []string
	// commit are the variables that hold the commit, the first that does
	// counts. It is empty for a vendor that documents none.
	commit []string
}

// findVendor finds a vendor in our table; the zero vendor is not there.
func findVendor(constant string) vendor {
	i := slices.IndexFunc(vendors, func(v vendor) bool { return v.constant == constant })
	if i < 0 {
		return vendor{}
	}
	return vendors[i]
}

// vendors are in the order of ciinfo's own table: of several that it
// recognises the last counts. Without a commit are those that do not document
// a variable for it, or leave it to the user.
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
	{"CIRCLE", names("CIRCLECI"), names("CIRCLE_SHA1")},
	{"CLOUDFLARE_PAGES", names("CF_PAGES"), names("CF_PAGES_COMMIT_SHA")},
	{"CLOUDFLARE_WORKERS", names("WORKERS_CI"), names("WORKERS_CI_COMMIT_SHA")},
	{"CIRRUS", names("CIRRUS_CI"), names("CIRRUS_CHANGE_IN_REPO")},
	{"CODEFRESH", names("CF_BUILD_ID"), names("CF_REVISION")},
	{"CODEMAGIC", names("CM_BUILD_ID"), names("CM_COMMIT")},
	{"CODESHIP", names("CI_NAME"), names("CI_COMMIT_ID")},
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
	{"HUDSON", names("HUDSON_URL"), names("GIT_COMMIT")},
	{"HEROKU", names("NODE"), names("HEROKU_TEST_RUN_COMMIT_VERSION")},
	{"JENKINS", names("JENKINS_URL", "BUILD_ID"), names("GIT_COMMIT")},
	{"LAYERCI", names("LAYERCI"), nil},
	{"MAGNUM", names("MAGNUM"), nil},
	{"NETLIFY", names("NETLIFY"), names("COMMIT_REF")},
	{"PROW", names("PROW_JOB_ID"), names("PULL_PULL_SHA", "PULL_BASE_SHA")},
	{"RELEASEHUB", names("RELEASE_BUILD_ID"), nil},
	{"NEVERCODE", names("NEVERCODE"), names("NEVERCODE_COMMIT")},
	{"RENDER", names("RENDER"), names("RENDER_GIT_COMMIT")},
	{"SAIL", names("SAILCI"), names("SAIL_COMMIT_SHA")},
	{"SCREWDRIVER", names("SCREWDRIVER"), names("SD_BUILD_SHA")},
	{"SEMAPHORE", names("SEMAPHORE"), names("SEMAPHORE_GIT_SHA")},
	{"SOURCEHUT", names("CI_NAME"), nil},
	{"STRIDER", names("STRIDER"), nil},
	{"TASKCLUSTER", names("TASK_ID", "RUN_ID"), nil},
	{"TEAMCITY", names("TEAMCITY_VERSION"), names("BUILD_VCS_NUMBER")},
	{"TRAVIS", names("TRAVIS"), names("TRAVIS_COMMIT")},
	{"VELA", names("VELA"), names("VELA_BUILD_COMMIT")},
	{"VERCEL", names("NOW_BUILDER", "VERCEL"), names("VERCEL_GIT_COMMIT_SHA")},
	{"APPCENTER", names("APPCENTER_BUILD_ID"), nil},
	{"WOODPECKER", names("CI"), names("CI_COMMIT_SHA")},
	{"XCODE_CLOUD", names("CI_XCODE_PROJECT"), names("CI_COMMIT")},
	{"XCODE_SERVER", names("XCS"), nil},
}

// names makes the rows of a table readable.
func names(n ...string) []string { return n }
