package transfer

import (
	"context"
	"iter"
)

// Quick asks only whether the artifacts of a list are there and, if the server
// reports sizes, of the right size. No byte of an artifact is downloaded, and no signature is
// looked at. The results come in the order of the list, which it goes through as
// [Verifier.LookUp] does, but for inputs with an id: these are opened too.
func (v *Verifier) Quick(ctx context.Context, inputs Inputs) iter.Seq[Verification] {
	return func(yield func(Verification) bool) {
		for answer := range v.look(ctx, inputs) {
			result := Verification{Path: answer.Path, ID: answer.ID, Size: -1}
			err := answer.Err
			if err == nil {
				result.Size = answer.Found.Size
				err = answer.compare()
			}
			if !yield(result.withVerdict(err)) {
				return
			}
		}
	}
}

// compare compares the size that the server reported, if any, with the input's.
func (l LookedUp) compare() error {
	if there := l.Found.Size; there >= 0 && l.size >= 0 && there != l.size {
		return differs("it has %d bytes there, and %d here", there, l.size)
	}
	return nil
}
