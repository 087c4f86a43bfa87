package transfer

import (
	"context"
	"errors"
	"hash"
	"strings"
	"time"

	"github.com/artifact-cli/artifact/pkg/archive"
	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
)

// prepared is an input that is ready to be sent, and its result.
type prepared struct {
	input   Input // with its tag
	source  *artifact.Source
	signed  bool
	tracker Tracker
	result  *Result
}

// Put uploads one input. With SkipExisting it skips the input if the cache has
// its id with the same size and tag, or reports neither. The Result always has a
// Status.
func (u *Uploader) Put(ctx context.Context, input Input) Result {
	begin := time.Now()
	result := Result{Path: input.Path, Size: -1}
	result.Err = u.put(ctx, &prepared{input: input, tracker: orSilent(u.Progress), result: &result})
	result.Elapsed = time.Since(begin)
	if result.Err != nil {
		result.Status = Failed
	}
	return result
}

func (u *Uploader) put(ctx context.Context, p *prepared) error {
	missing := false
	if p.input.Pack != nil && p.input.ID != "" && u.asks() { // before it packs
		held, err := u.holdsPacked(ctx, p)
		if held || err != nil {
			return err
		}
		missing = true
	}
	source, id, err := p.input.open(ctx, u.SpoolDir, p.tracker, func(*artifact.Source) error { return nil })
	if err != nil {
		return err
	}
	defer source.Close()
	if err := u.prepare(ctx, p, source, id); err != nil {
		return err
	}
	if u.asks() && !missing {
		held, err := u.holds(ctx, p, nil)
		if err != nil {
			return err
		}
		if held {
			p.result.Status = Skipped
			return source.Unchanged(ctx)
		}
	}
	return u.upload(ctx, p)
}

// asks reports whether to look up what the cache has.
func (u *Uploader) asks() bool { return u.SkipExisting && u.Client != nil }

// holdsPacked reports whether the cache has an archive that is not packed yet. One
// without the signature that it would get is packed and sent again.
func (u *Uploader) holdsPacked(ctx context.Context, p *prepared) (bool, error) {
	found, err := u.Client.Stat(ctx, p.input.ID)
	if endsRun(err) || isLost(err) || ctx.Err() != nil {
		return false, err
	}
	if err != nil || u.Signer != nil && found.Size >= 0 && found.Metadata.Tag == "" {
		return false, nil
	}
	p.result.ID, p.result.Size, p.result.Status = p.input.ID, found.Size, Skipped
	return true, nil
}

// prepare signs an opened input if needed.
func (u *Uploader) prepare(ctx context.Context, p *prepared, source *artifact.Source, id artifact.ID) error {
	p.source, p.result.ID, p.result.Size = source, id, source.Size()
	if p.input.ID == "" {
		p.result.Algorithm = p.input.Algorithm
	}
	p.signed = u.Signer != nil && p.input.Tag == ""
	if !p.signed || u.DryRun && !u.asks() {
		return nil
	}
	// The tag covers the id, and is sent before the body. So if the id is a
	// digest, the bytes are read three times: for the id, for the tag, and to
	// send them.
	begin := func() hash.Hash { return u.Signer.New(u.Scheme, id, source.Size()) }
	mac, err := source.Hash(ctx, begin, func(n int64) { p.tracker.Hashed(n, source.Size()) })
	if err != nil {
		return p.input.failure(ctx, err)
	}
	p.input.Tag = artifact.Tag(mac)
	return nil
}

// holds reports whether the cache has what would be sent. An error that may
// concern only this artifact is ignored: a needless upload does no harm.
func (u *Uploader) holds(ctx context.Context, p *prepared, queried *client.Found) (bool, error) {
	var found client.Found
	var err error
	if queried != nil {
		found = *queried
	} else {
		found, err = u.Client.Stat(ctx, p.result.ID)
	}
	if err == nil {
		found, err = confirmed(ctx, u.Client, found, p.source.Size())
	}
	if endsRun(err) || isLost(err) || ctx.Err() != nil {
		return false, err
	}
	return err == nil && p.isAt(found), nil
}

// confirmed looks up an artifact again if its size is not the expected one.
func confirmed(ctx context.Context, c *client.Client, found client.Found, size int64) (client.Found, error) {
	if found.Size < 0 || size < 0 || found.Size == size {
		return found, nil
	}
	return c.Confirm(ctx, found)
}

// isAt reports whether found is what would be sent. If the server reports a size
// or tag, it must match, so that a truncated or unsigned artifact is replaced.
func (p *prepared) isAt(found client.Found) bool {
	tag := found.Metadata.Tag
	switch {
	case found.Size < 0 && tag == "":
		return true
	case found.Size >= 0 && found.Size != p.source.Size():
		return false
	}
	return tag == p.input.Tag || tag != "" && artifact.SameTag(tag, p.input.Tag)
}

// upload sends what was prepared, or only reports it in a dry run.
func (u *Uploader) upload(ctx context.Context, p *prepared) error {
	var described artifact.Metadata
	if u.Describe != nil {
		described = u.Describe(ctx)
	}
	metadata, result := p.input.describe(described), p.result
	if u.DryRun {
		result.Metadata, result.Status, result.Signed = metadata, Planned, p.signed
		return ctx.Err()
	}
	if err := u.checkArchive(ctx, p); err != nil {
		return err
	}
	stored, err := u.Client.Put(ctx, client.Upload{
		ID: result.ID, Name: p.input.Path, Source: p.source, Metadata: metadata, Progress: p.tracker,
	})
	if err != nil {
		if failed := (*client.Error)(nil); errors.As(err, &failed) {
			result.Attempts = failed.Attempts
		}
		return err
	}
	result.URLs, result.Metadata, result.Attempts, result.Signed = stored.URLs, metadata, stored.Attempts, p.signed
	if u.Verify {
		if err := u.verify(ctx, p); err != nil {
			return err
		}
	}
	result.Status = Uploaded
	return nil
}

// checkArchive reports an archive that turbo would ask for and not restore. The error
// is ctx's.
func (u *Uploader) checkArchive(ctx context.Context, p *prepared) error {
	if u.CheckArchive == nil || p.input.Pack != nil || !strings.HasSuffix(p.input.Path, ".tar.zst") || !isTurboHash(p.result.ID) {
		return nil
	}
	err := archive.Check(ctx, p.source.Open(), u.Root, checkLimits, nil)
	if isUnsafe(err) {
		u.CheckArchive(p.input.Path, err)
	}
	return ctx.Err() // a file that cannot be read fails when it is sent
}

// isTurboHash reports whether an id looks like the hash of a turbo task.
func isTurboHash(id artifact.ID) bool {
	return len(id) == 16 && strings.Trim(string(id), "0123456789abcdef") == ""
}

// verify downloads what was uploaded, and compares bytes and tag.
func (u *Uploader) verify(ctx context.Context, p *prepared) error {
	verifier := Verifier{Client: u.Client, Jobs: 1, Progress: p.tracker}
	result := Verification{Path: p.input.Path, ID: p.result.ID}
	expected := expectation{id: p.result.ID, size: p.source.Size(), local: p.source, tag: p.result.Metadata.Tag}
	err := verifier.compare(ctx, p.input.Path, expected, &result)
	if errors.Is(err, client.ErrNotFound) {
		return &Mismatch{Name: p.input.Path, Err: ErrNotKept}
	}
	return result.withVerdict(err).Err
}

// endsRun reports whether every other request would fail for the same reason.
func endsRun(err error) bool {
	failed := (*client.Error)(nil)
	return errors.As(err, &failed) && failed.ConcernsAll()
}

// isLost reports whether a request got no answer from the network.
func isLost(err error) bool {
	failed := (*client.Error)(nil)
	return errors.As(err, &failed) && failed.NetworkCause() != ""
}
