package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/internal/usertext"
)

// Downloader fetches artifacts, and checks what can be checked of them.
type Downloader struct {
	// Client is the cache.
	Client *client.Client
	// Signer, if not nil, checks signatures: one that is missing is wrong.
	Signer *artifact.Signer
	// Scheme, if not empty, is the only one that a signature may be of. In
	// [artifact.SchemeV1] the id and the first bytes run together: a tag for
	// "build-1" with "2345" is also one for "build-12" with "345".
	Scheme artifact.Scheme
	// AllowUnproven takes an artifact whose end cannot be proved, too.
	AllowUnproven bool
	// Progress, if not nil, observes the received bytes.
	Progress Tracker
}

// Downloaded is an artifact that was fetched.
type Downloaded struct {
	Found client.Found
	// Size is how many bytes came.
	Size      int64
	Signature Signature
}

// OutputError is a target that the bytes could not be written to.
type OutputError struct {
	Path string
	Err  error
}

// Error leaves out the names that the system adds: a temporary file, or the path
// once more.
func (e *OutputError) Error() string {
	return fmt.Sprintf("writing %s: %v", e.Path, usertext.FileReason(e.Err))
}

// Unwrap returns the cause.
func (e *OutputError) Unwrap() error { return e.Err }

// Get writes an artifact to target. Where digests are given, its id must be one
// of them of the bytes. A regular file is there whole and checked, or not at
// all; whatever else takes bytes has them before they are checked. Get does not
// close the target. A digest in upper case that the cache does not have is looked
// for in lower case. An error is a [*Mismatch] where the bytes are not the right
// ones, an [*OutputError], or the client's.
func (d *Downloader) Get(ctx context.Context, id artifact.ID, digests []Algorithm, target *Target) (Downloaded, error) {
	done, err := d.get(ctx, id, digests, target)
	if lower, changed := lowerDigest(id); changed && errors.Is(err, client.ErrNotFound) {
		if inLower, lowerErr := d.get(ctx, lower, digests, target); !errors.Is(lowerErr, client.ErrNotFound) {
			return inLower, lowerErr
		}
	}
	return done, err
}

func (d *Downloader) get(ctx context.Context, id artifact.ID, digests []Algorithm, target *Target) (Downloaded, error) {
	expected := expectation{id: id, size: -1, sum: id, algorithms: digests, signer: d.Signer, scheme: d.Scheme}
	var c *check
	receive := func(found client.Found, body io.Reader) (err error) {
		if c, err = expected.newCheck(found); err != nil {
			return err
		}
		to, err := target.begin()
		if err != nil {
			return err
		}
		return c.read(body, to, 0)
	}
	err := caught(Input{ID: id}, func() error { // so that the target is closed after a panic, too
		return d.Client.Get(ctx, client.Download{ID: id, Progress: d.Progress, Receive: receive})
	})
	if err == nil && !target.holds(c.n) {
		err = ErrUnsteady
	}
	if err != nil {
		return Downloaded{}, Verification{ID: id}.withVerdict(err).Err
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
		err = target.complete()
	}
	return done, Verification{ID: id}.withVerdict(err).Err
}
