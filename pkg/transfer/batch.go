package transfer

import (
	"context"
	"iter"
	"runtime"
	"sync"
	"time"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/internal/fault"
)

// Batch says how the inputs of a list are uploaded together.
type Batch struct {
	// Jobs is how many are sent at a time, at least 1.
	Jobs int
	// FailFast begins nothing further when one has failed.
	FailFast bool
	// Progress, where it is not nil, is told of all of them together.
	Progress ListTracker
	// Waiting, where it is not nil, is called when the next result is not known
	// yet: time to write what was put together of those before it.
	Waiting func()
}

const (
	// window is how many inputs are between the list and the results at most:
	// so many may wait behind one that takes long.
	window = client.MaxQuery
	// askingWindow is the same where the cache is asked first. It holds a
	// batch of questions that fills, some that are asked, and more.
	askingWindow = 4 * client.MaxQuery
	// smallSize is what an input may have at most to be read only once.
	smallSize = 64 << 10
	// smallMemory is how many bytes of small inputs are in memory at most, in
	// buffers of 4 KiB or up to twice their size. Beyond it they are read twice,
	// as large ones are.
	smallMemory = 4 << 20
)

// PutAll uploads a list and gives the results in its order, each as soon as
// those before it are known. Opening and hashing, asking and sending of
// different inputs overlap. An id that comes again among the last 10,000 is
// sent once; with other bytes it fails with [ErrOtherBytes]. An entry that is
// no input gives a result without a path.
//
// When the credential is refused, the cache is closed or the network lost, what
// is left of the list comes as [NotSent]. When ctx ends, or the results are not
// wanted any more, nothing more is given. Memory depends neither on the number
// nor on the size of the inputs: up to [client.MaxQuery] of them are under way or
// wait for one before them, four times as many with SkipExisting, and no large
// one is held.
func (u *Uploader) PutAll(ctx context.Context, inputs Inputs, batch Batch) iter.Seq[Result] {
	return func(yield func(Result) bool) {
		ctx, cancel := context.WithCancelCause(ctx)
		defer func() { fault.Raise(context.Cause(ctx)) }()
		p := &pipeline{
			uploader: u, fail: cancel, batch: batch, ending: ending{failFast: batch.FailFast},
			places: make(chan *item, u.window()),
			listed: make(chan *item, batch.Jobs), read: make(chan *item, batch.Jobs), ready: make(chan *item, batch.Jobs),
			reading: make(slots, 2*runtime.GOMAXPROCS(0)),
		}
		defer p.clear()
		defer p.stages.Wait()
		defer cancel(nil)
		p.start(ctx, inputs)
		for it := range begun(ctx, p.places) {
			if !p.awaited(ctx, it.done) || !p.repeated(ctx, it) {
				return
			}
			result := it.result
			it.outcome.result, it.outcome.done = nil, closed // what is remembered of it is small
			if !yield(result) {
				return
			}
		}
	}
}

// awaited tells whether a result is there before ctx ends.
func (p *pipeline) awaited(ctx context.Context, done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
	}
	if p.batch.Waiting != nil {
		p.batch.Waiting()
	}
	select {
	case <-done:
		return true
	case <-ctx.Done():
		return false
	}
}

func (u *Uploader) window() int {
	if u.asks() {
		return askingWindow
	}
	return window
}

// item is one input on its way.
type item struct {
	prepared
	*outcome
	result Result
	begun  time.Time
	share  share
	held   int64    // bytes in memory
	first  *outcome // of the input that is sent for this one
	stream bool     // it can be read once
	// What a query said: that the cache has nothing of the kind, or something else.
	missing bool
	told    *client.Found
}

// pipeline is one run over a list. An item goes from stage to stage; whoever
// has it is the only one to touch it.
type pipeline struct {
	uploader *Uploader
	fail     context.CancelCauseFunc
	batch    Batch
	repeats  repeats
	ending   ending
	memory   budget

	places              chan *item // all, in the order of the list
	listed, read, ready chan *item // for the stages
	stages              sync.WaitGroup

	reading slots // for large inputs and streams
}

func (p *pipeline) start(ctx context.Context, inputs Inputs) {
	// Not among the stages: a list that waits for its writer is left behind.
	go func() {
		defer close(p.places)
		defer close(p.listed)
		p.guard(func() { p.list(ctx, inputs) })
	}()
	jobs := p.batch.Jobs
	switch {
	case p.uploader.asks():
		p.stage(ctx, jobs, p.listed, p.read, p.prepare)
		p.stages.Go(func() { p.guard(func() { p.ask(ctx) }) })
	case jobs == 1: // they are sent in the order of the list, and the next one is read meanwhile
		p.stage(ctx, jobs, p.listed, p.ready, p.prepare)
	default: // to hand small ones over takes 4 % of their time
		p.stage(ctx, jobs, p.listed, nil, func(ctx context.Context, it *item) bool {
			return p.prepare(ctx, it) && p.send(ctx, it)
		})
		return
	}
	p.stage(ctx, jobs, p.ready, nil, p.send)
}

// guard runs f on a goroutine of the run, which ends where f panics.
func (p *pipeline) guard(f func()) {
	if err := fault.Catch(func() error { f(); return nil }); err != nil {
		p.fail(err)
	}
}

// slots are for what may be done so many times at once.
type slots chan struct{}

// take waits for one. There is none when ctx has ended.
func (s slots) take(ctx context.Context) bool { return send(ctx, s, struct{}{}) }

func (s slots) give() { <-s }

// stage works on items, several at a time, and passes on those that are not
// settled by that.
func (p *pipeline) stage(ctx context.Context, workers int, from <-chan *item, to chan<- *item, work func(context.Context, *item) bool) {
	var running sync.WaitGroup
	for range workers {
		running.Go(func() {
			p.guard(func() {
				for it := range begun(ctx, from) {
					goesOn := false
					if err := caught(it.input, func() error { goesOn = work(ctx, it); return nil }); err != nil {
						p.settle(it, Failed, err)
					} else if goesOn {
						pass(ctx, it, to)
					}
				}
			})
		})
	}
	p.stages.Go(func() {
		running.Wait()
		if to != nil {
			close(to)
		}
	})
}

// pass gives an item to the next stage. When ctx has ended that may be gone.
func pass(ctx context.Context, it *item, to chan<- *item) {
	if !send(ctx, to, it) {
		it.release()
	}
}

// list brings the entries of the list on their way.
func (p *pipeline) list(ctx context.Context, inputs Inputs) {
	if whole := p.batch.Progress; whole != nil {
		defer whole.Listed()
	}
	for input, err := range inputs {
		it := newItem(input, p.batch.Progress)
		if !send(ctx, p.places, it) {
			return
		}
		if err != nil {
			p.settle(it, Failed, err)
			continue
		}
		if p.dropped(it) {
			continue
		}
		if input.ID != "" { // in the order of the list, so that it is the first that counts
			it.first = p.repeats.claim(input.ID, it.outcome)
		}
		if !send(ctx, p.listed, it) {
			return
		}
	}
}

func newItem(input Input, whole ListTracker) *item {
	if whole != nil {
		whole.Found(1)
	}
	it := &item{
		prepared: prepared{input: input},
		outcome:  &outcome{path: input.Path, done: make(chan struct{}), size: -1},
		result:   Result{Path: input.Path, Size: -1},
		share:    share{list: whole},
	}
	it.outcome.result = &it.result
	return it
}

// prepare opens an input and finds out its id. It tells whether there is
// anything to send.
func (p *pipeline) prepare(ctx context.Context, it *item) (goesOn bool) {
	if p.dropped(it) {
		return false
	}
	it.begun = time.Now()
	if err := p.open(ctx, it); err != nil {
		p.settle(it, Failed, err)
		return false
	}
	if it.input.ID == "" {
		it.first = p.repeats.claim(it.result.ID, it.outcome)
	}
	if it.first != nil {
		p.finish(it, Skipped, nil) // for now: see repeated
		return false
	}
	return true
}

func (p *pipeline) open(ctx context.Context, it *item) error {
	id := it.input.ID
	input := it.input
	input.ID = "" // the bytes behind a given id are looked at too: it may come again
	inTurn := false
	defer func() {
		if inTurn {
			p.reading.give()
		}
	}()
	source, sum, err := input.openWith(ctx, p.uploader.SpoolDir, &it.share, func(file *artifact.Source) error {
		it.stream = file == nil
		switch {
		case file == nil || file.Size() > smallSize:
			if inTurn = p.reading.take(ctx); !inTurn {
				return ctx.Err()
			}
		case p.uploader.asks(): // it may never be sent
		default:
			if it.held = p.memory.take(file.Size()); it.held > 0 {
				return file.Load()
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	it.source = source
	it.size, it.sum, it.algorithm = source.Size(), sum, input.Algorithm
	it.share.Hashed(it.size, it.size) // a stream's size is known by now
	if id == "" {
		id = sum
	}
	tagged, err := p.uploader.prepare(ctx, it.input, source, id, &it.share, &it.result)
	if err != nil {
		return err
	}
	it.prepared = tagged
	if p.uploader.asks() {
		// It may be long until it is its turn.
		if err := source.Rest(); err != nil {
			return &InputError{Path: it.input.Path, Err: err}
		}
	}
	return nil
}

// send uploads an item.
func (p *pipeline) send(ctx context.Context, it *item) (goesOn bool) {
	if p.dropped(it) {
		return false
	}
	if p.uploader.asks() && !it.missing {
		if held, err := p.uploader.holds(ctx, it.prepared, it.result.ID, it.told); held || err != nil {
			p.settle(it, Skipped, err)
			return false
		}
	}
	err := p.uploader.upload(ctx, it.prepared, &it.share, &it.result)
	p.settle(it, it.result.Status, err)
	return false
}

// dropped leaves an item where the run has ended.
func (p *pipeline) dropped(it *item) bool {
	err := p.ending.untried(it.input, "sent")
	if err != nil {
		p.finish(it, NotSent, err)
	}
	return err != nil
}

// settle makes a result of an item, and looks whether it ends the run.
func (p *pipeline) settle(it *item, status Status, err error) {
	if err != nil {
		status = Failed
	}
	p.ending.observe(err)
	p.finish(it, status, err)
}

func (p *pipeline) finish(it *item, status Status, err error) {
	it.status, it.err = status, err
	it.result.Status, it.result.Err = status, err
	if !it.begun.IsZero() {
		it.result.Elapsed = time.Since(it.begun)
	}
	it.release()
	p.memory.give(it.held)
	it.held = 0
	it.share.finish()
	close(it.done)
}

// release gives back what belongs to an item.
func (it *item) release() {
	if it.source != nil {
		_ = it.source.Close() // it was only read
		it.source = nil
	}
}

// clear releases what was under way when a run was broken off.
func (p *pipeline) clear() {
	for _, stage := range []chan *item{p.listed, p.read, p.ready} {
		for more := true; more; {
			select {
			case it, ok := <-stage:
				if more = ok; ok {
					it.release()
				}
			default:
				more = false
			}
		}
	}
}
