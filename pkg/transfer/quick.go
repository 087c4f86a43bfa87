package transfer

import (
	"context"
	"iter"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
)

// Quick asks for a list only whether it is there and, where the server tells,
// of the right size. No byte of an artifact is downloaded, and no signature is
// looked at. The results come in the order of the list.
func (v *Verifier) Quick(ctx context.Context, inputs Inputs) iter.Seq[Verification] {
	return func(yield func(Verification) bool) {
		identified := inOrder(ctx, v.Jobs, claims(inputs), v.identify)
		for batch := range inBatches(identified, client.MaxQuery) {
			if !v.quickBatch(ctx, batch, yield) {
				return
			}
		}
	}
}

// identity is what is known of an input without asking for it.
type identity struct {
	path string
	id   artifact.ID
	size int64 // -1 where it is not known
	err  error
}

func (v *Verifier) identify(ctx context.Context, c claim) identity {
	found := identity{path: c.input.Path, size: -1, err: c.err}
	if c.err != nil {
		return found
	}
	expected, err := v.expect(ctx, c.input)
	if err != nil {
		found.err = err
		return found
	}
	found.id, found.size = expected.id, expected.size
	if expected.local != nil {
		found.err = expected.local.Unchanged()
		_ = expected.local.Close() // it was only read
	}
	return found
}

func (v *Verifier) quickBatch(ctx context.Context, batch []identity, yield func(Verification) bool) bool {
	var ids []artifact.ID
	for _, known := range batch {
		if known.err == nil {
			ids = append(ids, known.id)
		}
	}
	next, stop := iter.Pull(LookUp(ctx, v.Client, v.Jobs, ids))
	defer stop()
	for _, known := range batch {
		result := Verification{Path: known.path, ID: known.id, Size: -1}
		err := known.err
		if err == nil {
			answer, ok := next()
			if !ok { // ctx has ended
				return false
			}
			result.Size, err = known.compare(answer)
		}
		if !yield(result.concluded(err)) {
			return false
		}
	}
	return true
}

func (known identity) compare(answer LookedUp) (size int64, err error) {
	if answer.Err != nil {
		return -1, answer.Err
	}
	size = answer.Found.Size
	if size >= 0 && known.size >= 0 && size != known.size {
		err = differs("it has %d bytes there, and %d here", size, known.size)
	}
	return size, err
}
