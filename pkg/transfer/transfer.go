// Package transfer moves whole inputs into a cache: it opens what a user
// named, derives the id where none is given, and uploads. Start at
// [Uploader.Put].
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
	// Progress is told of hashed and sent bytes.
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
	if u.Client == nil {
		result.Metadata, result.Status = u.Describe(ctx), Planned
		return ctx.Err()
	}
	stored, err := u.Client.Put(ctx, client.Upload{
		ID: id, Source: source, Describe: u.Describe, Progress: u.Progress,
	})
	var failed *client.Error
	if errors.As(err, &failed) {
		result.Attempts = failed.Attempts
	}
	if err != nil {
		return err
	}
	result.URLs, result.Metadata, result.Attempts = stored.URLs, stored.Metadata, stored.Attempts
	result.Status = Uploaded
	return nil
}
