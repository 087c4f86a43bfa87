package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/artifact-cli/artifact/pkg/internal/store"
	"github.com/artifact-cli/artifact/pkg/internal/ui"
)

// parseMaxSize parses the size of a cache. It rejects 0, which would mean no
// limit.
func parseMaxSize(text string) (int64, error) {
	size, err := ui.ParseSize(text)
	if err == nil && size < 1 {
		err = fmt.Errorf("%q leaves no room for an artifact", text)
	}
	return size, err
}

// daysOf are the units of an age that Go's durations lack.
var daysOf = map[string]time.Duration{"d": 1, "w": 7}

// parseMaxAge parses the maximum age of artifacts: days, weeks, a Go duration, or
// a plain number of seconds. It rejects 0, which would mean no limit.
func parseMaxAge(text string) (time.Duration, error) {
	age, err := parseSeconds(text)
	count := strings.TrimRight(text, "dw")
	if days := daysOf[text[len(count):]]; err != nil && days != 0 {
		unit := days * 24 * time.Hour
		n, countErr := strconv.ParseInt(count, 10, 64)
		if age, err = time.Duration(n)*unit, countErr; age/unit != time.Duration(n) {
			err = strconv.ErrRange
		}
	}
	switch {
	case err != nil || age < 0:
		return 0, fmt.Errorf("%q is not an age: use a number of days such as 14d, or a duration such as 36h", text)
	case age == 0:
		return 0, fmt.Errorf("%q would keep no artifact", text)
	}
	return age, nil
}

// keptStore is a store that must be closed.
type keptStore interface {
	store.Store
	io.Closer
}

func (a *app) openStore(ctx context.Context, o serveOptions, log *serveLog) (keptStore, error) {
	if o.writeOnce && o.readOnly {
		return nil, &usageError{errors.New("--write-once does not go with --read-only"), "Leave one out: a read-only cache refuses all uploads."}
	}
	if o.bucket.Bucket != "" {
		return a.openBucket(ctx, o)
	}
	dir := o.dir
	if dir == "" {
		caches, err := os.UserCacheDir()
		if err != nil {
			return nil, usage("no default directory for artifacts, so use --dir: %w", err)
		}
		dir = filepath.Join(caches, "artifact")
	}
	kept, err := store.Open(dir, store.Options{
		MaxSize: o.maxSize, MaxAge: o.maxAge, WriteOnce: o.writeOnce, ReadOnly: o.readOnly, Removed: log.removal,
	})
	switch {
	case errors.Is(err, store.ErrNoLinks):
		return nil, &usageError{err, "Choose a --dir on another file system, or leave out --write-once."}
	case err != nil:
		return nil, unusable("%w", err)
	}
	return kept, nil
}
