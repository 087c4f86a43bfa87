package transfer

import (
	"context"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/internal/fault"
)

// ask finds out what the cache has of a batch, and finishes what it has.
func (r *putRun) ask(ctx context.Context, batch []*putEntry) {
	answers := make([]client.Answer, len(batch))
	if r.ending.reasonToStop() == nil {
		err := fault.Catch(func() error {
			known, err := r.uploader.Client.Query(ctx, idsOf(batch))
			if err == nil {
				answers = known
			}
			return err
		})
		if endsRun(err) || isLost(err) { // so would the uploads be
			for _, e := range batch {
				if !r.hasEnded(e) {
					r.settle(e, Failed, err)
				}
			}
			return
		}
	}
	for i, e := range batch {
		switch answer := answers[i]; {
		case answer.Presence == client.Present && e.isAt(answer.Found):
			r.settle(e, Skipped, nil)
		case answer.Presence == client.Present:
			e.found = &answer.Found
		case answer.Presence == client.Missing:
			e.missing = true
		}
	}
}

func idsOf(batch []*putEntry) []artifact.ID {
	ids := make([]artifact.ID, len(batch))
	for i, e := range batch {
		ids[i] = e.result.ID
	}
	return ids
}
