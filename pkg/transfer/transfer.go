// Package transfer moves whole inputs into a cache and out of it: it opens what
// a user named, derives ids that are not given, signs, uploads, downloads and
// checks. Memory depends neither on the size of artifacts nor on their
// number. Start at [Uploader.Put], [Uploader.PutAll], [Verifier.Verify] and
// [Downloader.Get]; a [List] and a [Tree] name many inputs.
package transfer

import (
	"context"
	"time"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
)

// Status is what became of an input.
type Status string

// The values of [Status].
const (
	Uploaded Status = "uploaded"
	Skipped  Status = "skipped" // the cache has it, or gets it with an earlier input
	Planned  Status = "planned" // would be uploaded, but for DryRun
	Failed   Status = "failed"
	// NotSent is an input that the run did not get to before it ended.
	NotSent Status = "not sent"
)

// Result is what became of one input.
type Result struct {
	// Path is the input's name as it was given.
	Path string
	// ID is empty if the input failed before its id was known.
	ID artifact.ID
	// Algorithm derived the id; it is empty for a given id.
	Algorithm Algorithm
	// Size is in bytes, and -1 if unknown.
	Size   int64
	Status Status
	// URLs are from the server's answer.
	URLs client.URLs
	// Attempts is the number of attempts to upload.
	Attempts int
	// Elapsed is the time from the opening of the input to the end.
	Elapsed time.Duration
	// Metadata is what was sent, or would be.
	Metadata artifact.Metadata
	// Signed reports whether the tag was made here, or would be.
	Signed bool
	// Err is set if Status is [Failed] or [NotSent].
	Err error
}

// Uploader uploads inputs.
type Uploader struct {
	// Client is the cache. A dry run needs none.
	Client *client.Client
	// Describe, if not nil, gives the metadata of an artifact. It may block
	// until it is known, and must return when its context ends.
	Describe func(context.Context) artifact.Metadata
	// Signer, if not nil, signs by Scheme what has no tag of its own.
	Signer *artifact.Signer
	Scheme artifact.Scheme
	// Verify downloads each artifact again and compares, before it counts as
	// uploaded.
	Verify bool
	// SkipExisting sends nothing that the cache has already: see
	// [Uploader.Put].
	SkipExisting bool
	// DryRun sends nothing. With SkipExisting the cache is still asked.
	DryRun bool
	// Progress, if not nil, observes the transfer of a single input.
	Progress Tracker
	// SpoolDir is where streams are kept, as in [artifact.SpoolOptions].
	SpoolDir string
}
