package command

import (
	"cmp"
	"context"
	"os"
	"time"

	"github.com/artifact-cli/artifact/pkg/internal/ui"
	"github.com/artifact-cli/artifact/pkg/internal/usertext"
	"github.com/artifact-cli/artifact/pkg/transfer"
)

// getAll downloads a list to files, prints each result as it comes, and then a
// summary.
func (a *app) getAll(ctx context.Context, downloader transfer.Downloader, list transfer.Inputs, o getOptions) error {
	dir := cmp.Or(o.archive.dir, ".")
	err := os.MkdirAll(dir, 0o777) //nolint:gosec // less the umask, like mkdir
	var root *os.Root
	if err == nil {
		root, err = os.OpenRoot(dir)
	}
	if err != nil {
		return unusable("--directory: opening %s: %w", dir, usertext.FileReason(err))
	}
	defer func() { _ = root.Close() }()
	tally, signed := &tally{app: a, done: "downloaded", began: time.Now()}, map[transfer.Signature]int{}
	shown := a.progress().BeginMany("downloading")
	o.expect(ctx, shown)
	batch := transfer.Batch{Jobs: limitJobs(o.jobs), FailFast: o.failFast, Progress: shown}
	err = printList(ctx, tally, shown, downloader.GetAll(ctx, list, root, batch), func(r transfer.Fetched) error {
		if r.Err == nil {
			tally.bytes += r.Size
			signed[r.Signature]++
		}
		return a.printFetched(r)
	})
	switch {
	case err != nil:
		return err
	case tally.total == 0:
		a.warn("nothing was downloaded: the list is empty")
	case tally.failed > 0:
		return tally.err()
	default:
		a.note(tally.text())
		a.noteSchemes(signed)
	}
	return nil
}

// printFetched prints a result of a list and returns its error, if any.
func (a *app) printFetched(r transfer.Fetched) error {
	err := withName("downloading", r.Path, r.Err)
	switch {
	case a.common.json && err != nil:
		a.printJSON(foundJSON{Hash: r.ID, Path: r.Path, Base64: pathBase64(r.Path), Error: newErrorJSON(err)})
	case a.common.json:
		a.printJSON(newFoundJSON(r.Found, r.Size, r.Path))
	case err != nil:
	case a.common.quiet:
		a.printResult(string(r.ID))
	default:
		a.printResult(ui.SumLine(string(r.ID), r.Path))
	}
	return err
}
