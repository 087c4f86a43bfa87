package command

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/artifact-cli/artifact/pkg/internal/ui"
	"github.com/artifact-cli/artifact/pkg/transfer"
)

var errNothingListed = errors.New("nothing was verified: the list has no entry")

// printVerifications prints each result as it comes, and what all came to. A list
// may have no entry, as one of put may; sums with none prove nothing, which
// sha256sum does not let pass either.
func (a *app) printVerifications(ctx context.Context, shown *ui.Many, results iter.Seq[transfer.Verification], sums bool) error {
	defer shown.End()
	defer holdBallast()()
	tally := tally{app: a}
	signed := map[transfer.Signature]int{}
	for result := range results {
		if ctx.Err() != nil {
			break // what comes now was only broken off
		}
		tally.add(a.printVerification(result))
		signed[result.Signature]++
		if a.streams.results.err != nil {
			return a.streams.results.err
		}
	}
	shown.End()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if tally.total == 0 && sums {
		return &transfer.Mismatch{Name: "the list", Err: errNothingListed}
	}
	if tally.total == 0 {
		a.warn(errNothingListed.Error())
	}
	a.noteSchemes(signed)
	return tally.err()
}

func (a *app) printOneVerification(ctx context.Context, result transfer.Verification) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	err := a.printVerification(result)
	if err == nil {
		a.noteSchemes(map[transfer.Signature]int{result.Signature: 1})
	}
	return a.printed(err)
}

// noteSchemes says which scheme signatures were made by, since turbo of the
// other kind says nothing of it.
func (a *app) noteSchemes(signed map[transfer.Signature]int) {
	for _, scheme := range []struct {
		signature transfer.Signature
		blind     string
	}{{transfer.SignedV2, "up to 2.9.17"}, {transfer.SignedV1, "2.9.18 and later"}} {
		if n := signed[scheme.signature]; n > 0 {
			a.note(fmt.Sprintf("%s signed by scheme %s, which turbo %s takes for a miss", counted(n), scheme.signature, scheme.blind))
		}
	}
}

func counted(n int) string {
	if n == 1 {
		return "1 artifact is"
	}
	return fmt.Sprintf("%d artifacts are", n)
}
