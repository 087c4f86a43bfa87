package command

import (
	"context"
	"fmt"
	"time"

	"github.com/artifact-cli/artifact/pkg/internal/ui"
	"github.com/artifact-cli/artifact/pkg/transfer"
)

// putAll uploads a list, prints each result as it comes, and then what all of
// them came to.
func (a *app) putAll(ctx context.Context, uploader transfer.Uploader, inputs transfer.Inputs, o putOptions, d *detection) error {
	if uploader.Client == nil && o.skipExisting {
		a.warn("without a credential nobody is asked what the cache has")
	}
	defer holdBallast()()
	began := time.Now()
	tally, sums := tally{app: a}, putSums{}
	shown := a.progress().BeginMany("uploading")
	defer shown.End()
	if o.shard == "" && !o.recursive {
		o.expect(ctx, shown)
	}
	// Results that come together are written together.
	results := a.streams.results
	results.gather = true
	defer results.flush()
	batch := transfer.Batch{Jobs: affordable(o.jobs), FailFast: o.failFast, Progress: shown, Waiting: results.flush}
	for result := range uploader.PutAll(ctx, inputs, batch) {
		sums.add(result)
		if result.Err != nil { // which is told elsewhere, and behind those before it
			results.flush()
		}
		tally.add(a.printPutOfMany(result))
		if results.err != nil {
			return results.err
		}
	}
	results.flush()
	shown.End()
	a.printDetection(d)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	sums.leftOut = int(o.leftOut.Load())
	if sums.total() == 0 {
		a.warn("nothing was uploaded: the list has no entry")
		return nil
	}
	a.note(sums.text(time.Since(began), o.dryRun))
	return tally.err()
}

// printPutOfMany prints a result and returns its error, if it has one.
func (a *app) printPutOfMany(r transfer.Result) error {
	if r.Path == "" && r.Err != nil && a.global.json { // an entry that is no input
		a.printJSON(failureJSON{newErrorJSON(r.Err)})
		return r.Err
	}
	return a.printPut(r)
}

// putSums are what several uploads came to.
type putSums struct {
	uploaded, skipped, failed, notSent int

	leftOut int   // links and special files below a directory
	bytes   int64 // uploaded
}

func (s *putSums) add(r transfer.Result) {
	switch r.Status {
	case transfer.Uploaded, transfer.Planned:
		s.uploaded++
		s.bytes += r.Size
	case transfer.Skipped:
		s.skipped++
	case transfer.NotSent:
		s.notSent++
	default:
		s.failed++
	}
}

func (s *putSums) total() int { return s.uploaded + s.skipped + s.failed + s.notSent + s.leftOut }

func (s *putSums) text(elapsed time.Duration, dryRun bool) string {
	done := "uploaded"
	if dryRun {
		done = "to upload"
	}
	text := fmt.Sprintf("%d %s, %d skipped, %d failed, %d not sent", s.uploaded, done, s.skipped, s.failed, s.notSent)
	if s.leftOut > 0 {
		text += fmt.Sprintf(", %d left out", s.leftOut)
	}
	text += fmt.Sprintf("; %s in %s", ui.Size(s.bytes), elapsed.Round(10*time.Millisecond))
	if s.bytes > 0 && !dryRun {
		text += fmt.Sprintf(" (%s)", ui.Rate(float64(s.bytes)/elapsed.Seconds()))
	}
	return text
}
