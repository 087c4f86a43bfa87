// Package transfer uploads, downloads and verifies whole inputs: it opens files
// and streams, derives ids, signs, transfers and checks. Memory depends neither
// on the size of artifacts nor on their number. Start at [Uploader.Put],
// [Uploader.PutAll], [Verifier.Verify] and [Downloader.Get]; a [List] and a
// [Tree] name many inputs.
package transfer

import (
	"context"
	"time"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
)

// Status is the outcome of an input.
type Status string

// The values of [Status].
const (
	Uploaded Status = "uploaded"
	Skipped  Status = "skipped" // the cache has it, or gets it from an earlier input
	Planned  Status = "planned" // would be uploaded, but for DryRun
	Failed   Status = "failed"
	// NotSent is an input that was not tried before the run stopped.
	NotSent Status = "not sent"
)

// Result is the result of one input.
type Result struct {
	// Path is the input's name as given.
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
	// Elapsed is the time from opening the input to the end.
	Elapsed time.Duration
	// Metadata is what was sent, or would be.
	Metadata artifact.Metadata
	// Signed reports whether the Uploader made the tag, or would have.
	Signed bool
	// Err is set if Status is [Failed] or [NotSent].
	Err error
}

// Uploader uploads inputs.
type Uploader struct {
	// Client is the cache. A dry run needs none.
	Client *client.Client
	// Describe, if not nil, returns the metadata of an artifact. It may block,
	// and must return when its context ends.
	Describe func(context.Context) artifact.Metadata
	// Signer, if not nil, signs inputs without a tag, by Scheme.
	Signer *artifact.Signer
	Scheme artifact.Scheme
	// Verify downloads and compares each artifact before it counts as uploaded.
	Verify bool
	// SkipExisting skips what the cache already has; see [Uploader.Put].
	SkipExisting bool
	// CheckArchive, if not nil, is called before an archive that turbo would not restore
	// below the directory Root is sent under a hash of turbo's, with the reason. It may
	// be called from several goroutines at once.
	CheckArchive func(path string, reason error)
	Root         string
	// DryRun sends nothing, but with SkipExisting still asks the cache.
	DryRun bool
	// Progress, if not nil, observes the transfer of a single input.
	Progress Tracker
	// SpoolDir is [artifact.SpoolOptions.Dir] for streams.
	SpoolDir string
}
