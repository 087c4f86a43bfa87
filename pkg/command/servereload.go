package command

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/artifact-cli/artifact/pkg/internal/fault"
	"github.com/artifact-cli/artifact/pkg/internal/settings"
)

// reloadInterval is how often files are read again.
const reloadInterval = 10 * time.Second

// reloadable are files whose changes take effect while the cache runs.
type reloadable interface {
	// reload reads the files, and returns a note if they changed. After an error,
	// what was read before stays in use.
	reload() (note string, err error)
}

// keepFresh reloads files in the background, until ctx ends. It calls failed after
// a panic.
func (a *app) keepFresh(ctx context.Context, failed func(error), interval time.Duration, files ...reloadable) {
	for _, each := range files {
		go func() {
			err := fault.Catch(func() error {
				a.reloadOften(ctx, interval, each)
				return nil
			})
			if err != nil {
				failed(err)
			}
		}()
	}
}

// reloadOften reloads files until ctx ends. It prints an error once, not each time.
func (a *app) reloadOften(ctx context.Context, interval time.Duration, files reloadable) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for last := ""; ; {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		note, err := files.reload()
		problem := ""
		if err != nil {
			problem = errorText(err) + "; what was read before stays in use"
		}
		if problem != "" && problem != last {
			a.printMessage(slog.LevelError, problem) // with -q too: a removed token is still accepted
		}
		last = problem
		if note != "" {
			a.note(note)
		}
	}
}

// checkRegular returns an error if the file of a flag is not a regular one. Others
// cannot be read again: opening a FIFO would wait for another writer.
func checkRegular(flag, path string) error {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return &settings.Error{Origin: flag, Err: fmt.Errorf("%s: it is not a regular file", path)}
	}
	return nil // reading it shows a better error
}
