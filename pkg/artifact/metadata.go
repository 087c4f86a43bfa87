package artifact

import "time"

// Metadata says where an artifact comes from. A nil
// pointer or an empty string leaves the header out. The limits of the API are
// checked where a request is made and where one is received.
type Metadata struct {
	// CI is the constant of the CI vendor, as watson/ci-info spells it:
	// GITHUB_ACTIONS, GITLAB, VERCEL and so on.
	CI string
	// Interactive reports whether a person watched the upload.
	Interactive *bool
	// SHA is the revision of the source that the artifact was built from.
	SHA string
	// DirtyHash stands for the uncommitted changes of that source; it is
	// empty for a clean tree.
	DirtyHash string
	// Duration is the time that the build of the artifact took. The API
	// counts whole milliseconds.
	Duration *time.Duration
	// Tag is the artifact's signature, in base64.
	Tag string
}
