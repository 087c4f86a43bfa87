// Package transfer moves whole inputs into a cache and out of it: it opens what
// a user named, derives the id where none is given, signs, uploads, downloads
// and checks. Memory depends neither on the size of artifacts nor on their
// number. Start at [Uploader.Put], [Verifier.Verify] and [Downloader.Get]; a
// [List] names many inputs.
package transfer

import (
	"context"
	"errors"
	"time"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/internal/digest"
	"github.com/artifact-cli/artifact/pkg/internal/progress"
)

// Status is what became of an input.
type Status string

// The values of [Status].
const (
	Uploaded Status = "uploaded"
	Planned  Status = "planned" // what would be uploaded, if it were not a dry run
	Failed   Status = "failed"
)

// Result is what became of one input.
type Result struct {
	// Path is the input's name as it was given.
	Path string
	// ID is empty where the input failed before its id was known.
	ID artifact.ID
	// Algorithm is what the id was derived with; it is empty for a given id.
	Algorithm digest.Algorithm
	// Size is in bytes, and -1 where it was not found out.
	Size   int64
	Status Status
	// URLs are those of the server's answer.
	URLs []string
	// Attempts counts the tries to upload.
	Attempts int
	// Elapsed is the time from the opening of the input to the end.
	Elapsed time.Duration
	// Metadata is what was sent, or would be.
	Metadata artifact.Metadata
	// Signed tells whether the tag was made here, or would be.
	Signed bool
	// Err is set where Status is [Failed].
	Err error
}

// Uploader uploads inputs.
type Uploader struct {
	// Client is where they go; nil makes a dry run, which sends nothing.
	Client *client.Client
	// Describe gives the metadata of an artifact. It may block until it is
	// known, and must return when its context ends.
	Describe func(context.Context) artifact.Metadata
	// Signer, if not nil, signs by Scheme what has no tag of its own.
	Signer *artifact.Signer
	Scheme artifact.Scheme
	// Verify downloads each artifact again and compares, before it counts as
	// uploaded.
	Verify bool
	// Progress is told of hashed, sent and received bytes.
	Progress progress.Tracker
	// SpoolDir is where streams are kept, as in [artifact.SpoolOptions].
	SpoolDir string
}

// Put uploads one input. It never returns a Result without a Status.
func (u *Uploader) Put(ctx context.Context, input Input) Result {
	begin := time.Now()
	result := Result{Path: input.Path, Size: -1}
	result.Err = u.put(ctx, input, &result)
	result.Elapsed = time.Since(begin)
	if result.Err != nil {
		result.Status = Failed
	}
	return result
}

func (u *Uploader) put(ctx context.Context, input Input, result *Result) error {
	source, id, err := input.open(ctx, u.SpoolDir, u.Progress)
	if err != nil {
		return err
	}
	defer source.Close()
	result.ID, result.Size = id, source.Size()
	if input.ID == "" {
		result.Algorithm = input.Algorithm
	}
	describe, err := u.describe(ctx, input, id, source)
	if err != nil {
		return err
	}
	if u.Client == nil {
		result.Metadata, result.Status, result.Signed = describe(ctx), Planned, u.signs(input)
		return ctx.Err()
	}
	stored, err := u.Client.Put(ctx, client.Upload{
		ID: id, Source: source, Describe: describe, Progress: u.Progress,
	})
	var failed *client.Error
	if errors.As(err, &failed) {
		result.Attempts = failed.Attempts
	}
	if err != nil {
		return err
	}
	result.URLs, result.Metadata, result.Attempts = stored.URLs, stored.Metadata, stored.Attempts
	result.Signed = u.signs(input) && stored.Metadata.Tag != ""
	if u.Verify {
		if err := u.verify(ctx, input.Path, source, result); err != nil {
			return err
		}
	}
	result.Status = Uploaded
	return nil
}

// signs tells whether an input gets a tag here.
func (u *Uploader) signs(input Input) bool { return u.Signer != nil && input.Tag == "" }

// describe gives what describes one input, its tag among it. A tag covers the
// id and stands before the body: so where the id is a digest, the bytes have
// been read once before, and are read once more to be sent.
func (u *Uploader) describe(ctx context.Context, input Input, id artifact.ID, source *artifact.Source) (func(context.Context) artifact.Metadata, error) {
	if u.signs(input) && u.Client != nil {
		mac := u.Signer.New(u.Scheme, id, source.Size())
		err := source.Hash(ctx, mac, func(n int64) { u.Progress.Hashed(n, source.Size()) })
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err != nil {
			return nil, &InputError{Path: input.Path, Err: err}
		}
		input.Tag = artifact.Tag(mac)
	}
	return func(ctx context.Context) artifact.Metadata { return input.describe(u.Describe(ctx)) }, nil
}

// verify holds what was uploaded against its source, and its tag against the
// one that was sent.
func (u *Uploader) verify(ctx context.Context, path string, source *artifact.Source, sent *Result) error {
	verifier := Verifier{Client: u.Client, Jobs: 1, Progress: u.Progress}
	result := Verification{Path: path, ID: sent.ID}
	expected := expectation{id: sent.ID, size: source.Size(), local: source, tag: sent.Metadata.Tag}
	err := verifier.hold(ctx, path, expected, &result)
	if errors.Is(err, client.ErrNotFound) {
		return &Mismatch{Name: path, Err: ErrNotKept}
	}
	return result.concluded(err).Err
}
