package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"sync"
	"time"

	"github.com/spf13/pflag"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/api"
	"github.com/artifact-cli/artifact/pkg/internal/fault"
	"github.com/artifact-cli/artifact/pkg/internal/provenance"
	"github.com/artifact-cli/artifact/pkg/internal/ui"
)

// metadataOptions are the flags that describe an artifact. A nil value is
// detected; an empty value omits the header.
type metadataOptions struct {
	ci, interactive, sha, dirtyHash *string
	duration                        *time.Duration
	tag                             string
	noGit                           bool
}

func (o *metadataOptions) register(flags *pflag.FlagSet) {
	value := func(to **string, header, name, placeholder, usage string) {
		parsedFlag(flags, to, name, placeholder, usage, func(text string) (*string, error) { return &text, checkHeader(header, text) })
	}
	value(&o.ci, api.HeaderCI, "ci", "NAME", "CI vendor that built it (default: detected)")
	value(&o.interactive, api.HeaderInteractive, "interactive", "0|1", "whether a person watches (default: detected)")
	value(&o.sha, api.HeaderSHA, "sha", "REVISION", "source revision (default: from git or the CI)")
	value(&o.dirtyHash, api.HeaderDirtyHash, "dirty-hash", "HASH", "hash of local changes (default: from git)")
	parsedFlag(flags, &o.duration, "duration", "MS|1.5s", "how long the build took", parseDuration)
	parsedFlag(flags, &o.tag, "tag", "BASE64", "send this signature as it is", func(text string) (string, error) {
		return text, checkHeader(api.HeaderTag, text)
	})
	flags.BoolVar(&o.noGit, "no-git", false, "do not run git for the revision and changes")
	readEnvironment(flags, "ci", "interactive", "sha", "dirty-hash", "no-git")
}

// checkHeader checks a value against the API's limits. An empty one is not sent.
func checkHeader(header, value string) error {
	if value == "" {
		return nil
	}
	return api.CheckHeader(header, value)
}

// wantsGit reports whether git is needed.
func (o *metadataOptions) wantsGit() bool {
	return !o.noGit && (o.sha == nil || o.dirtyHash == nil)
}

// parseDuration parses whole milliseconds or a Go duration. For an empty text it
// returns nil.
func parseDuration(text string) (*time.Duration, error) {
	if text == "" {
		return nil, nil
	}
	ms, err := strconv.ParseInt(text, 10, 64)
	if err == nil && ms > math.MaxInt64/int64(time.Millisecond) {
		return nil, fmt.Errorf("%s milliseconds is longer than 292 years", text)
	}
	duration := time.Duration(max(ms, -1)) * time.Millisecond // any other negative number may overflow
	if err != nil {
		duration, err = time.ParseDuration(text)
	}
	if err != nil || duration < 0 {
		return nil, fmt.Errorf("%q is neither a number of milliseconds nor a duration such as 1.5s", text)
	}
	return &duration, nil
}

// gitGrace is how long to wait for git after everything else is ready.
const gitGrace = 3 * time.Second

// detection detects, in the background, what the flags do not set: the CI vendor,
// whether a person watches, and the state of the work tree.
type detection struct {
	app     *app
	options metadataOptions
	ci      provenance.CI
	start   func()
	giveUp  context.CancelFunc

	ready    chan struct{} // closed when the next two are set
	revision provenance.Revision
	err      error

	once     sync.Once
	metadata artifact.Metadata
}

// newDetection returns a detection that is not started. The caller must call
// stop.
func (a *app) newDetection(ctx context.Context, o metadataOptions) *detection {
	ctx, cancel := context.WithCancel(ctx)
	d := &detection{app: a, options: o, giveUp: cancel, ready: make(chan struct{}), ci: provenance.DetectCI(a.env.LookupEnv)}
	d.start = sync.OnceFunc(func() {
		if !o.wantsGit() || ctx.Err() != nil {
			close(d.ready)
			return
		}
		answer := provenance.Ask(ctx, "", a.env.Environ())
		go func() {
			defer close(d.ready)
			d.err = fault.Catch(func() (err error) {
				d.revision, err = answer()
				return err
			})
		}()
	})
	return d
}

// stop stops git if it is still running.
func (d *detection) stop() {
	d.giveUp()
	d.start() // only closes ready
	<-d.ready
}

// describe waits for git, up to gitGrace, and returns the metadata.
func (d *detection) describe(ctx context.Context) artifact.Metadata {
	d.once.Do(func() {
		d.start()
		ctx, cancel := context.WithTimeout(ctx, gitGrace)
		defer cancel()
		select {
		case <-d.ready:
		case <-ctx.Done():
		}
		d.stop()
		d.metadata = d.join()
	})
	return d.metadata
}

// join adds detected values to given ones.
func (d *detection) join() artifact.Metadata {
	given := d.options
	m := artifact.Metadata{Tag: given.tag, Duration: given.duration, CI: d.value(given.ci, api.HeaderCI, "the CI vendor", d.ci.Vendor)}
	if given.interactive == nil {
		m.Interactive = new(d.ci.Interactive(ui.IsTerminal(d.app.env.Stderr)))
	} else if *given.interactive != "" {
		m.Interactive = new(*given.interactive == "1")
	}
	d.noteGit()
	m.SHA = d.value(given.sha, api.HeaderSHA, "the revision", cmp.Or(d.revision.SHA, d.ci.SHA))
	m.DirtyHash = d.value(given.dirtyHash, api.HeaderDirtyHash, "the hash of uncommitted changes", d.revision.DirtyHash)
	return m
}

// value returns what was given, or what was detected if the header can carry it.
func (d *detection) value(given *string, header, what, detected string) string {
	if given != nil {
		return *given
	}
	if err := checkHeader(header, detected); err != nil {
		d.app.warn(fmt.Sprintf("%s is left out: %v", what, err))
		return ""
	}
	return detected
}

// noteGit reports why a value from git is missing. This is a warning if only the
// changes are missing, since the tree would look clean, and for an untrusted
// owner in CI, where the job lacks a step.
func (d *detection) noteGit() {
	if d.err == nil {
		return
	}
	what, warn := "no revision from git", false
	if d.revision.SHA != "" {
		what, warn = "the hash of uncommitted changes is left out", true
	}
	why := d.err
	if errors.Is(why, context.Canceled) {
		why = fmt.Errorf("git was still running %v after everything else was ready", gitGrace)
	}
	text := fmt.Sprintf("%s: %v", what, why)
	if owner, ok := errors.AsType[*provenance.OwnerError](d.err); ok {
		text += "; to make git trust it: " + owner.Remedy
		warn = warn || d.ci.Detected
	}
	if warn {
		d.app.warn(text)
	} else if d.app.common.verbose {
		d.app.say("%s", text)
	}
}
