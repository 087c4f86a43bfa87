package transfer

import (
	"context"
	"errors"
	"fmt"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/internal/usertext"
)

// Downloader downloads and checks artifacts.
type Downloader struct {
	// Client is the cache.
	Client *client.Client
	// Signer, if not nil, checks signatures. A missing signature is an error.
	Signer *artifact.Signer
	// Scheme, if not empty, is the only scheme accepted. [artifact.SchemeV1] does
	// not separate the id from the bytes: a tag for "build-1" with "2345" is also
	// valid for "build-12" with "345".
	Scheme artifact.Scheme
	// AllowUnproven accepts an artifact that may be truncated.
	AllowUnproven bool
	// Progress, if not nil, observes the received bytes.
	Progress Tracker

	pieceSize int // of what is read at a time; 0 by default
}

// Downloaded is a downloaded artifact.
type Downloaded struct {
	Found client.Found
	// Size is in bytes.
	Size      int64
	Signature Signature
}

// OutputError reports a target that could not be written to.
type OutputError struct {
	Path string
	Err  error
	// Unopened is set if the target could not be opened.
	Unopened bool
}

func (e *OutputError) Error() string {
	return fmt.Sprintf("writing %s: %s", e.Path, e.Reason())
}

// Reason returns the cause without the paths that the system adds: of a temporary
// file, or of the target again.
func (e *OutputError) Reason() string { return usertext.FileReason(e.Err).Error() }

// Unwrap returns the cause.
func (e *OutputError) Unwrap() error { return e.Err }

// Get writes an artifact to target. If digests are given, the id must be one of
// these digests of the bytes. A regular file appears only once it is complete and
// checked; any other target receives the bytes before they are checked. Get does
// not close the target. If the cache does not have a digest in upper case, Get
// tries lower case. The error is a [*Mismatch] if the bytes are wrong, an
// [*OutputError], or the client's.
func (d *Downloader) Get(ctx context.Context, id artifact.ID, digests []Algorithm, target *Target) (Downloaded, error) {
	return d.download(ctx, Input{ID: id, Digests: digests}, target)
}

// download is [Downloader.Get] for an input, whose path is its name in errors.
func (d *Downloader) download(ctx context.Context, input Input, target *Target) (Downloaded, error) {
	done, err := d.get(ctx, input, target)
	if lower, changed := lowerDigest(input.ID); changed && errors.Is(err, client.ErrNotFound) {
		input.ID = lower
		if inLower, lowerErr := d.get(ctx, input, target); !errors.Is(lowerErr, client.ErrNotFound) {
			return inLower, lowerErr
		}
	}
	return done, err
}

func (d *Downloader) get(ctx context.Context, input Input, target *Target) (Downloaded, error) {
	id, result := input.ID, Verification{Path: input.Path, ID: input.ID}
	expected := expectation{id: id, size: -1, sum: id, algorithms: input.Digests, signer: d.Signer, scheme: d.Scheme, archive: target.archive}
	var c *check
	err := catch(input, func() (err error) { // so that a panic closes the target
		c, err = expected.fetch(ctx, d.Client, client.Download{Name: input.Path, Progress: d.Progress}, d.pieceSize, target.begin)
		return err
	})
	if err == nil && !target.holds(c.n) {
		err = ErrUnsteady
	}
	if err != nil {
		return Downloaded{}, result.withVerdict(err).Err
	}
	again := fetchAgain(d.Client, id)
	if target.temporary {
		again = target.reread
	}
	done := Downloaded{Found: c.found, Size: c.n}
	done.Signature, err = c.verdict(ctx, again)
	if err == nil && c.found.EndUnproven && !c.coversBytes() && !d.AllowUnproven {
		err = ErrUnproven
	}
	if err == nil {
		err = target.complete(ctx, id)
	}
	return done, result.withVerdict(err).Err
}
