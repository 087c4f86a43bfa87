package transfer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/internal/fault"
)

// LookedUp is the result of looking up one artifact.
type LookedUp struct {
	// Path is the input's name as given, if it had one.
	Path string
	// ID is empty if it could not be determined.
	ID    artifact.ID
	Found client.Found
	// Err wraps [client.ErrNotFound] if the artifact is not there.
	Err error

	size     int64 // of the input; -1 if unknown
	presence client.Presence
}

// LookUp looks up a list in the cache, and yields the results in its order. An
// input with an id is not opened. LookUp asks for up to [client.MaxQuery]
// artifacts at once, and then, up to Jobs at a time, for those that the server
// did not mention. An invalid entry yields a result without a path.
//
// If the credential is refused, the cache is closed or the network is lost, the
// rest of the list yields a [*NotTriedError].
func (v *Verifier) LookUp(ctx context.Context, inputs Inputs) iter.Seq[LookedUp] {
	return v.look(ctx, func(yield func(Input, error) bool) {
		for input, err := range inputs {
			input.Remote = input.Remote || input.ID != ""
			if !yield(input, err) {
				return
			}
		}
	})
}

// Quick checks only that the artifacts of a list exist and, if the server reports
// sizes, have the right size. It downloads nothing, and checks no signatures.
// Otherwise it is like [Verifier.LookUp], but also opens inputs with an id.
func (v *Verifier) Quick(ctx context.Context, inputs Inputs) iter.Seq[Verification] {
	return func(yield func(Verification) bool) {
		for answer := range v.look(ctx, inputs) {
			result := Verification{Path: answer.Path, ID: answer.ID, Size: -1}
			err := answer.Err
			if err == nil {
				result.Size = answer.Found.Size
				if result.Size >= 0 && answer.size >= 0 && result.Size != answer.size {
					err = differs("the cache has %d bytes, the input has %d", result.Size, answer.size)
				}
			}
			if !yield(result.withVerdict(err)) {
				return
			}
		}
	}
}

// look looks up one list. Identifying, asking for many and asking for one
// overlap.
func (v *Verifier) look(ctx context.Context, inputs Inputs) iter.Seq[LookedUp] {
	l := look{verifier: v}
	return results(ctx, line[*listed[LookedUp]]{
		entries: entries(inputs, v.ListProgress, newListed[LookedUp](v.ListProgress)), window: queryWindow,
		steps: []step[*listed[LookedUp]]{
			each(v.Jobs, l.identify),
			{queries, client.MaxQuery, l.askForMany},
			each(v.Jobs, l.askForOne),
		},
	})
}

type look struct {
	verifier *Verifier
	ending   ending
}

// identify determines an id.
func (l *look) identify(ctx context.Context, c *listed[LookedUp]) {
	result := &c.result
	*result = LookedUp{Path: c.input.Path, Err: c.err, size: -1}
	if result.Err == nil {
		result.Err = l.ending.notTried(c.input, "looked up")
	}
	if result.Err != nil {
		return
	}
	identified := Identify(ctx, c.input, l.verifier.Progress)
	result.ID, result.size, result.Err = identified.ID, identified.Size, identified.Err
}

// askForMany looks up a batch with one request.
func (l *look) askForMany(ctx context.Context, batch []*listed[LookedUp]) {
	var asked []*LookedUp
	var ids []artifact.ID
	for _, c := range batch {
		if c.result.Err == nil {
			asked, ids = append(asked, &c.result), append(ids, c.result.ID)
		}
	}
	if len(ids) == 0 || l.ending.reasonToStop() != nil {
		return
	}
	var answers []client.Answer
	err := fault.Catch(func() (err error) {
		answers, err = l.verifier.Client.Query(ctx, ids)
		return err
	})
	for i, result := range asked {
		switch {
		case err == nil:
			result.Found, result.presence = answers[i].Found, answers[i].Presence
		case endsRun(err) && i > 0: // the first one has said so
			continue
		default: // all of them were requested
			result.Err = err
			l.ending.observe(err)
		}
		if result.presence == client.Missing {
			result.Err = fmt.Errorf("looking up %s: %w", result.ID, client.ErrNotFound)
		}
	}
}

// askForOne looks up an artifact that the query did not describe. If a digest in
// upper case is missing, it tries lower case.
func (l *look) askForOne(ctx context.Context, c *listed[LookedUp]) {
	defer func() { c.finish(c.result.Err) }()
	result := &c.result
	if result.Err == nil && result.presence == client.Unknown {
		result.Found, result.Err = l.stat(ctx, result.Path, result.ID)
	} else if result.Err == nil && result.Found.Size < 0 {
		if more, err := l.stat(ctx, result.Path, result.ID); err == nil {
			result.Found = completed(result.Found, more)
		}
	}
	if result.Err == nil {
		result.Found, result.Err = confirmed(ctx, l.verifier.Client, result.Found, result.size)
	}
	if lower, changed := lowerDigest(result.ID); changed && errors.Is(result.Err, client.ErrNotFound) {
		if found, err := l.stat(ctx, result.Path, lower); err == nil {
			result.ID, result.Found, result.Err = lower, found, nil
		}
	}
}

// completed fills what is missing in found from more.
func completed(found, more client.Found) client.Found {
	if found.Size < 0 {
		found.Size = more.Size
	}
	known, further := &found.Metadata, more.Metadata
	known.Duration = cmp.Or(known.Duration, further.Duration)
	known.SHA = cmp.Or(known.SHA, further.SHA)
	known.DirtyHash = cmp.Or(known.DirtyHash, further.DirtyHash)
	known.Tag = cmp.Or(known.Tag, further.Tag)
	return found
}

func (l *look) stat(ctx context.Context, path string, id artifact.ID) (client.Found, error) {
	if err := l.ending.notTried(Input{Path: path, ID: id}, "looked up"); err != nil {
		return client.Found{}, err
	}
	var found client.Found
	err := catch(Input{Path: path, ID: id}, func() (err error) {
		found, err = l.verifier.Client.Stat(ctx, id)
		return err
	})
	l.ending.observe(err)
	return found, err
}
