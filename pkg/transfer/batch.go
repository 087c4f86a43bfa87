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

// Batch configures the transfer of a list.
type Batch struct {
	// Jobs is how many artifacts are transferred at a time, at least 1.
	Jobs int
	// FailFast starts no more transfers after a failure.
	FailFast bool
	// Progress, if not nil, observes the list.
	Progress ListTracker
}

// smallSize is the maximum size, in bytes, of a file that is read without taking
// turns.
const smallSize = 64 << 10

// PutAll uploads a list and yields the results in its order, each as soon as
// those before it are known. It hashes, looks up and sends different inputs at
// the same time. An id that repeats one of the last 10,000 is sent once; with
// other bytes it fails with [ErrOtherBytes]. An invalid entry yields a result
// without a path.
//
// If the credential is refused, the cache is closed or the network is lost, the
// rest of the list is [NotSent]. When ctx ends, PutAll yields only what has been
// uploaded. Memory depends neither on the number nor on the size of the inputs:
// up to [client.MaxQuery] of them are in flight or wait for an earlier one, four
// times as many with SkipExisting.
func (u *Uploader) PutAll(ctx context.Context, inputs Inputs, batch Batch) iter.Seq[Result] {
	return func(yield func(Result) bool) {
		r := &putRun{
			uploader: u, batch: batch, ending: ending{failFast: batch.FailFast},
			turns: make(chan struct{}, 2*runtime.GOMAXPROCS(0)),
		}
		l := line[*putEntry]{entries: entries(inputs, batch.Progress, r.enter), window: window, inTurn: r.completeRepeat}
		prepare, send := each(batch.Jobs, r.catch(r.prepare)), each(batch.Jobs, r.catch(r.send))
		l.steps = []step[*putEntry]{prepare, send}
		if u.asks() {
			l.window = queryWindow
			l.steps = []step[*putEntry]{prepare, {queries, client.MaxQuery, r.ask}, send}
		}
		for e := range l.run(ctx) {
			result := e.Result
			e.yielded()
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
	repeats  repeats[artifact.ID, outcome]
	ending   ending
	turns    chan struct{} // for reading large inputs and streams
}

// putEntry is an input in flight.
type putEntry struct {
	prepared
	*outcome
	known  chan struct{} // closed when the result is known
	begin  time.Time
	share  share
	first  *outcome // of the input that is sent instead of this one
	stream bool     // can be read only once
	// The result of a query: the cache has no artifact, or another one.
	missing bool
	found   *client.Found
}

func (e *putEntry) finished() <-chan struct{} { return e.known }

func (e *putEntry) failure() error { return e.Err }

func (e *putEntry) release() {
	if e.source != nil {
		_ = e.source.Close() // opened for reading
		e.source = nil
	}
}

// enter returns the entry of an input. An invalid one is finished at once.
func (r *putRun) enter(input Input, err error) *putEntry {
	known := make(chan struct{})
	e := &putEntry{
		outcome: &outcome{Result: Result{Path: input.Path, Size: -1}, done: known},
		known:   known,
		share:   share{list: r.batch.Progress},
	}
	e.prepared = prepared{input: input, tracker: &e.share, result: &e.Result}
	if err != nil {
		r.settle(e, Failed, err)
	} else if !r.hasEnded(e) && input.ID != "" { // in the order of the list, so that the first is sent
		e.first = r.repeats.claim(input.ID, e.outcome)
	}
	return e
}

// catch turns a panic over one input into a failure of that input.
func (r *putRun) catch(work func(context.Context, *putEntry)) func(context.Context, *putEntry) {
	return func(ctx context.Context, e *putEntry) {
		if err := catch(e.input, func() error { work(ctx, e); return nil }); err != nil {
			r.settle(e, Failed, err)
		}
	}
}

// prepare opens an input and determines its id.
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
		e.first = r.repeats.claim(e.ID, e.outcome)
	}
	if e.first != nil {
		r.finish(e, Skipped, nil) // for now: see completeRepeat
	}
}

func (r *putRun) open(ctx context.Context, e *putEntry) error {
	id := e.input.ID
	input := e.input
	input.ID = "" // hash the bytes even if the id is given: it may repeat
	acquired := false
	defer func() {
		if acquired {
			<-r.turns
		}
	}()
	source, sum, err := input.open(ctx, r.uploader.SpoolDir, &e.share, func(file *artifact.Source) error {
		e.stream = file == nil
		if e.stream || file.Size() > smallSize {
			if acquired = send(ctx, r.turns, struct{}{}); !acquired {
				return ctx.Err()
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	e.bytes = bytesRead{source.Size(), input.Algorithm, sum}
	e.share.Hashed(source.Size(), source.Size()) // a stream's size is known by now
	if id == "" {
		id = sum
	}
	err = r.uploader.prepare(ctx, &e.prepared, source, id)
	if err == nil && r.uploader.asks() { // its turn may be far off
		if err = source.Release(); err != nil {
			err = &InputError{Path: e.input.Path, Err: err}
		}
	}
	return err
}

// ask looks up a batch, and finishes the inputs that the cache has.
func (r *putRun) ask(ctx context.Context, batch []*putEntry) {
	answers := make([]client.Answer, len(batch))
	ids := make([]artifact.ID, len(batch))
	for i, e := range batch {
		ids[i] = e.ID
	}
	if r.ending.reasonToStop() == nil {
		err := fault.Catch(func() error {
			known, err := r.uploader.Client.Query(ctx, ids)
			if err == nil {
				answers = known
			}
			return err
		})
		if endsRun(err) || isLost(err) { // the uploads would fail too
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
		if held, err := r.uploader.holds(ctx, &e.prepared, e.found); held || err != nil {
			r.settle(e, Skipped, err)
			return
		}
	}
	err := r.uploader.upload(ctx, &e.prepared)
	r.settle(e, e.Status, err)
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
	e.Status, e.Err = status, err
	if !e.begin.IsZero() {
		e.Elapsed = time.Since(e.begin)
	}
	e.release()
	e.share.finish()
	close(e.known)
}
