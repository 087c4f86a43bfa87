package transfer

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path"
	"path/filepath"

	"github.com/artifact-cli/artifact/pkg/artifact"
)

// The reasons not to write to a file of a list. Errors wrap one of them in an
// [*OutputError].
var (
	ErrOutside  = errors.New("the name leads out of the directory")
	ErrSameName = errors.New("the list has this name for another artifact too")
)

// Fetched is the result of one download of a list.
type Fetched struct {
	Downloaded
	// Path is the file's name below the directory.
	Path string
	// ID is the id that the list has.
	ID  artifact.ID
	Err error
}

// GetAll downloads a list to files below dir, and yields the results in its order.
// A file is named after the input's path, or after its id if the path is empty or -,
// and missing directories are created. No name, and no link, leads out of dir. Each
// file appears once it is complete and checked, as with [Downloader.Get].
//
// A name that repeats within 10,000 entries is downloaded once; with another id
// it fails with [ErrSameName]. An invalid entry yields a result without a path. If the
// credential is refused, the cache is closed or the network is lost, the rest of the
// list yields a [*NotTriedError]. When ctx ends, GetAll yields only what has been
// downloaded.
func (d *Downloader) GetAll(ctx context.Context, inputs Inputs, dir *os.Root, batch Batch) iter.Seq[Fetched] {
	r := &getRun{downloader: *d, dir: dir, batch: batch, ending: ending{failFast: batch.FailFast}}
	if batch.Jobs > 1 {
		r.downloader.pieceSize = sharedPiece
	}
	l := line[*getEntry]{
		entries: entries(inputs, batch.Progress, r.enter), window: window, steps: []step[*getEntry]{each(batch.Jobs, r.fetch)}, inTurn: completeFetch,
	}
	return func(yield func(Fetched) bool) {
		for e := range l.run(ctx) {
			if !yield(*e.result) {
				return
			}
		}
	}
}

// getRun is one download of a list.
type getRun struct {
	downloader Downloader
	dir        *os.Root
	batch      Batch
	ending     ending
	names      repeats[string, fetch]
}

// fetch is a remembered download. Its result is set when done is closed.
type fetch struct {
	*Fetched
	done <-chan struct{}
}

// getEntry is an entry of a list to download.
type getEntry struct {
	*listed[*Fetched]
	first *fetch // with the same name and id
}

// enter returns the entry of an input. One that needs no download is finished at
// once.
func (r *getRun) enter(input Input, err error) *getEntry {
	e := &getEntry{listed: newListed[*Fetched](r.batch.Progress)(input, err)}
	e.result = new(Fetched)
	if err == nil {
		err = r.place(e)
	}
	if err != nil {
		r.finish(e, err)
	} else if e.first != nil {
		e.finish(nil) // for now: see completeFetch
	}
	return e
}

// place sets the name of an entry's file.
func (r *getRun) place(e *getEntry) error {
	name := e.input.Path
	if name == "" || name == "-" {
		name = string(e.input.ID)
	}
	e.result.Path, e.result.ID = name, e.input.ID
	e.input.Path = path.Clean(filepath.ToSlash(name))
	switch {
	case !filepath.IsLocal(filepath.FromSlash(name)):
		return &OutputError{Path: name, Err: ErrOutside, Unopened: true}
	case e.input.Path == ".":
		return &OutputError{Path: name, Err: ErrDirectory, Unopened: true}
	}
	e.first = r.names.claim(e.input.Path, &fetch{e.result, e.done})
	if e.first != nil && e.first.ID != e.result.ID {
		return &OutputError{Path: name, Err: fmt.Errorf("%w, %s", ErrSameName, e.first.ID), Unopened: true}
	}
	return nil
}

// fetch downloads one artifact.
func (r *getRun) fetch(ctx context.Context, e *getEntry) {
	err := r.ending.notTried(e.input, "downloaded")
	if err == nil {
		err = catch(e.input, func() (err error) {
			one := r.downloader
			one.Progress = &e.share
			target := targetIn(r.dir, filepath.FromSlash(e.input.Path))
			defer func() { _ = target.Close() }() // it was not completed, or has nothing to close
			e.result.Downloaded, err = one.download(ctx, e.input, target)
			return err
		})
	}
	r.finish(e, err)
}

func (r *getRun) finish(e *getEntry, err error) {
	e.result.Err = err
	r.ending.observe(err)
	e.listed.finish(err)
}

// completeFetch completes the result of an entry that repeats an earlier one. It
// returns false if ctx ended first.
func completeFetch(ctx context.Context, e *getEntry) bool {
	if e.first == nil || e.err != nil {
		return true
	}
	if !await(ctx, e.first.done) {
		return false
	}
	name := e.result.Path
	*e.result = *e.first.Fetched
	e.result.Path = name
	return true
}
