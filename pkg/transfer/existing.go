package transfer

import (
	"context"
	"sync"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/internal/fault"
)

// queries is how many batches are asked for at a time.
const queries = 2

// ask finds out what the cache has of the items that were read. A batch fills
// while hashing goes on and others are asked for.
func (p *pipeline) ask(ctx context.Context) {
	defer close(p.ready)
	var asking sync.WaitGroup
	defer asking.Wait()
	free := make(chan struct{}, queries)
	for {
		batch := fill(ctx, p.read)
		if ctx.Err() != nil {
			for _, it := range batch {
				it.release()
			}
			return
		}
		if len(batch) == 0 {
			return
		}
		free <- struct{}{}
		asking.Go(func() {
			defer func() { <-free }()
			p.guard(func() { p.askFor(ctx, batch) })
		})
	}
}

func (p *pipeline) askFor(ctx context.Context, batch []*item) {
	answers := make([]client.Answer, len(batch))
	if p.ending.why() == nil {
		err := fault.Catch(func() error {
			known, err := p.uploader.Client.Query(ctx, idsOf(batch))
			if err == nil {
				answers = known
			}
			return err
		})
		if endsRun(err) || isLost(err) { // so would the uploads be
			for _, it := range batch {
				if !p.dropped(it) {
					p.settle(it, Failed, err)
				}
			}
			return
		}
	}
	for i, it := range batch {
		switch answer := answers[i]; {
		case answer.Presence == client.Present && it.isAt(answer.Found):
			p.settle(it, Skipped, nil)
			continue
		case answer.Presence == client.Present:
			it.told = &answer.Found
		case answer.Presence == client.Missing:
			it.missing = true
		}
		pass(ctx, it, p.ready)
	}
}

func idsOf(items []*item) []artifact.ID {
	ids := make([]artifact.ID, len(items))
	for i, it := range items {
		ids[i] = it.result.ID
	}
	return ids
}
