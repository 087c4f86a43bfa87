package command

import (
	"math"
	"strconv"
	"time"

	"github.com/spf13/pflag"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/api"
)

// metadataOptions are the flags that describe an artifact. Those that are
// detected otherwise are nil where they were not given; an empty value leaves
// the header out.
type metadataOptions struct {
	ci, interactive, sha, dirtyHash optional
	duration, tag                   string
	noGit                           bool
}

func (o *metadataOptions) register(flags *pflag.FlagSet) {
	flags.Var(&o.ci, "ci", "CI vendor that built it, as `NAME` (default: detected)")
	flags.Var(&o.interactive, "interactive", "whether a person watches, as `0|1` (default: detected)")
	flags.Var(&o.sha, "sha", "`REVISION` of its source (default: git's, else the CI vendor's)")
	flags.Var(&o.dirtyHash, "dirty-hash", "`HASH` of uncommitted changes (default: git's)")
	flags.StringVar(&o.duration, "duration", "", "time that the build took, as `MS|1.5s`")
	flags.StringVar(&o.tag, "tag", "", "signature in `BASE64`, sent as it is")
	flags.BoolVar(&o.noGit, "no-git", false, "do not ask git for the revision and changes")
	for _, name := range []string{"ci", "interactive", "sha", "dirty-hash", "no-git"} {
		readsEnvironment(flags, name)
	}
}

// optional is the value of a flag that may be given and empty.
type optional struct {
	given bool
	text  string
}

// String is the value.
func (o *optional) String() string { return o.text }

// Set takes any value, also an empty one.
func (o *optional) Set(text string) error {
	*o = optional{given: true, text: text}
	return nil
}

// Type names the value in a help text.
func (o *optional) Type() string { return "string" }

// wantsGit tells whether anything of git's is asked for.
func (o *metadataOptions) wantsGit() bool {
	return !o.noGit && (!o.sha.given || !o.dirtyHash.given)
}

// parse checks all values that were given, and makes them metadata.
func (o *metadataOptions) parse() (artifact.Metadata, error) {
	for _, flag := range []struct{ name, header, value string }{
		{"--ci", api.HeaderCI, o.ci.text},
		{"--interactive", api.HeaderInteractive, o.interactive.text},
		{"--sha", api.HeaderSHA, o.sha.text},
		{"--dirty-hash", api.HeaderDirtyHash, o.dirtyHash.text},
		{"--tag", api.HeaderTag, o.tag},
	} {
		if flag.value == "" {
			continue
		}
		if err := api.CheckHeader(flag.header, flag.value); err != nil {
			return artifact.Metadata{}, usage("%s: %w", flag.name, err)
		}
	}
	duration, err := parseDuration(o.duration)
	if err != nil {
		return artifact.Metadata{}, err
	}
	metadata := artifact.Metadata{
		CI: o.ci.text, SHA: o.sha.text, DirtyHash: o.dirtyHash.text, Tag: o.tag, Duration: duration,
	}
	if o.interactive.text != "" {
		metadata.Interactive = new(o.interactive.text == "1")
	}
	return metadata, nil
}

// parseDuration takes whole milliseconds, or a Go duration. Without text it is
// nil.
func parseDuration(text string) (*time.Duration, error) {
	if text == "" {
		return nil, nil
	}
	ms, err := strconv.ParseInt(text, 10, 64)
	if err == nil && ms > math.MaxInt64/int64(time.Millisecond) {
		return nil, usage("--duration: %s milliseconds are more than 292 years", text)
	}
	duration := time.Duration(max(ms, -1)) * time.Millisecond // the product of less may be anything
	if err != nil {
		duration, err = time.ParseDuration(text)
	}
	if err != nil || duration < 0 {
		return nil, usage("--duration: %q is neither a number of milliseconds nor a duration such as 1.5s", text)
	}
	return &duration, nil
}
