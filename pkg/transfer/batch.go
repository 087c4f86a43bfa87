package transfer

import (
	"context"
	"iter"
	"runtime"
	"time"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/internal/fault"
)

// Batch says how the inputs of a list are uploaded together.
type Batch struct {
	// Jobs is how many are sent at a time, at least 1.
	Jobs int
	// FailFast starts nothing further when one has failed.
	FailFast bool
	// Progress, if not nil, observes the whole list.
	Progress ListTracker
}

// smallSize is how many bytes a file may have to be read without taking turns.
const smallSize = 64 << 10

// PutAll uploads a list and gives the results in its order, each as soon as
// those before it are known. Opening and hashing, asking and sending of
// different inputs overlap. An id that comes again among the last 10,000 is
// sent once; with other bytes it fails with [ErrOtherBytes]. An entry that is
// no input gives a result without a path.
//
// When the credential is refused, the cache is closed or the network lost, what
// is left of the list comes as [NotSent]. When ctx ends, only what was uploaded by
// then is still given. Memory depends neither on the number
// nor on the size of the inputs: up to [client.MaxQuery] of them are under way or
// wait for one before them, four times as many with SkipExisting.
func (u *Uploader) PutAll(ctx context.Context, inputs Inputs, batch Batch) iter.Seq[Result] {
	return func(yield func(Result) bool) {
		r := &putRun{
			uploader: u, batch: batch, ending: ending{failFast: batch.FailFast},
			turns: make(chan struct{}, 2*runtime.GOMAXPROCS(0)),
		}
		l := line[*putEntry]{entries: r.entries(inputs), window: window, inTurn: r.completeRepeat}
		prepare, send := each(batch.Jobs, r.caught(r.prepare)), each(batch.Jobs, r.caught(r.send))
		l.steps = []step[*putEntry]{prepare, send}
		if u.asks() {
			l.window = queryWindow
			l.steps = []step[*putEntry]{prepare, {queries, client.MaxQuery, r.ask}, send}
		}
		for e := range l.run(ctx) {
			result := e.result
			e.outcome.result = nil // the outcome is remembered for long
			if !yield(result) {
				return
			}
		}
	}
}

// putRun is one run over a list.
type putRun struct {
	uploader *Uploader
	batch    Batch
	repeats  repeats
	ending   ending
	turns    chan struct{} // for reading large inputs and streams
}

// putEntry is one input on its way.
type putEntry struct {
	prepared
	*outcome
	result Result
	begin  time.Time
	share  share
	first  *outcome // of the input that is sent for this one
	stream bool     // it can be read once
	// What a query said: that the cache has nothing, or something else.
	missing bool
	found   *client.Found
}

func (e *putEntry) finished() <-chan struct{} { return e.done }

func (e *putEntry) failure() error { return e.result.Err }

func (e *putEntry) release() {
	if e.source != nil {
		_ = e.source.Close() // opened for reading
		e.source = nil
	}
}

// entries returns the entries of the list. An entry that is no input is finished at
// once.
func (r *putRun) entries(inputs Inputs) iter.Seq[*putEntry] {
	return func(yield func(*putEntry) bool) {
		if list := r.batch.Progress; list != nil {
			defer list.Listed()
		}
		for input, err := range inputs {
			e := newPutEntry(input, r.batch.Progress)
			if err != nil {
				r.settle(e, Failed, err)
			} else if !r.hasEnded(e) && input.ID != "" { // in the order of the list: the first one is sent
				e.first = r.repeats.claim(input.ID, e.outcome)
			}
			if !yield(e) {
				return
			}
		}
	}
}

func newPutEntry(input Input, list ListTracker) *putEntry {
	if list != nil {
		list.Found(1)
	}
	e := &putEntry{
		prepared: prepared{input: input},
		outcome:  &outcome{path: input.Path, done: make(chan struct{}), size: -1},
		result:   Result{Path: input.Path, Size: -1},
		share:    share{list: list},
	}
	e.outcome.result = &e.result
	return e
}

// caught makes a panic over one input a failure of that input alone.
func (r *putRun) caught(work func(context.Context, *putEntry)) func(context.Context, *putEntry) {
	return func(ctx context.Context, e *putEntry) {
		if err := caught(e.input, func() error { work(ctx, e); return nil }); err != nil {
			r.settle(e, Failed, err)
		}
	}
}

// prepare opens an input and finds out its id.
func (r *putRun) prepare(ctx context.Context, e *putEntry) {
	if r.hasEnded(e) {
		return
	}
	e.begin = time.Now()
	if err := r.open(ctx, e); err != nil {
		r.settle(e, Failed, err)
		return
	}
	if e.input.ID == "" {
		e.first = r.repeats.claim(e.result.ID, e.outcome)
	}
	if e.first != nil {
		r.finish(e, Skipped, nil) // for now: see completeRepeat
	}
}

func (r *putRun) open(ctx context.Context, e *putEntry) error {
	id := e.input.ID
	input := e.input
	input.ID = "" // the bytes behind a given id are hashed too: it may come again
	hasTurn := false
	defer func() {
		if hasTurn {
			<-r.turns
		}
	}()
	source, sum, err := input.open(ctx, r.uploader.SpoolDir, &e.share, func(file *artifact.Source) error {
		e.stream = file == nil
		if e.stream || file.Size() > smallSize {
			if hasTurn = send(ctx, r.turns, struct{}{}); !hasTurn {
				return ctx.Err()
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	e.source = source
	e.size, e.sum, e.algorithm = source.Size(), sum, input.Algorithm
	e.share.Hashed(e.size, e.size) // a stream's size is known by now
	if id == "" {
		id = sum
	}
	e.prepared, err = r.uploader.prepare(ctx, e.input, source, id, &e.share, &e.result)
	if err == nil && r.uploader.asks() { // it may be long until it is its turn
		if err = source.Release(); err != nil {
			err = &InputError{Path: e.input.Path, Err: err}
		}
	}
	return err
}

// ask finds out what the cache has of a batch, and finishes what it has.
func (r *putRun) ask(ctx context.Context, batch []*putEntry) {
	answers := make([]client.Answer, len(batch))
	ids := make([]artifact.ID, len(batch))
	for i, e := range batch {
		ids[i] = e.result.ID
	}
	if r.ending.reasonToStop() == nil {
		err := fault.Catch(func() error {
			known, err := r.uploader.Client.Query(ctx, ids)
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

// send uploads an input.
func (r *putRun) send(ctx context.Context, e *putEntry) {
	if r.hasEnded(e) {
		return
	}
	if r.uploader.asks() && !e.missing {
		if held, err := r.uploader.holds(ctx, e.prepared, e.result.ID, e.found); held || err != nil {
			r.settle(e, Skipped, err)
			return
		}
	}
	err := r.uploader.upload(ctx, e.prepared, &e.share, &e.result)
	r.settle(e, e.result.Status, err)
}

// hasEnded reports whether the run has ended, and finishes the entry if so.
func (r *putRun) hasEnded(e *putEntry) bool {
	err := r.ending.notTried(e.input, "sent")
	if err != nil {
		r.finish(e, NotSent, err)
	}
	return err != nil
}

// settle finishes an entry, and ends the run if its error is a reason to.
func (r *putRun) settle(e *putEntry, status Status, err error) {
	if err != nil {
		status = Failed
	}
	r.ending.observe(err)
	r.finish(e, status, err)
}

func (r *putRun) finish(e *putEntry, status Status, err error) {
	e.status, e.err = status, err
	e.result.Status, e.result.Err = status, err
	if !e.begin.IsZero() {
		e.result.Elapsed = time.Since(e.begin)
	}
	e.release()
	e.share.finish()
	close(e.done)
}
