package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
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

// parseMaxAge parses the maximum age of artifacts: days, weeks, a Go duration, or
// a plain number of seconds. It rejects 0, which would mean no limit.
func parseMaxAge(text string) (time.Duration, error) {
	age, err := parseSeconds(text)
	if err != nil { // Go's durations have no longer units than hours
		age, err = parseDays(text)
	}
	switch {
	case err != nil || age < 0:
		return 0, fmt.Errorf("%q is not an age: use a number of days such as 14d, or a duration such as 36h", text)
	case age == 0:
		return 0, fmt.Errorf("%q would keep no artifact", text)
	}
	return age, nil
}

// parseDays parses a number of days or weeks, such as 14d or 2w.
func parseDays(text string) (time.Duration, error) {
	unit := 24 * time.Hour
	count, isDays := strings.CutSuffix(text, "d")
	if weeks, isWeeks := strings.CutSuffix(text, "w"); isWeeks {
		unit, count = 7*unit, weeks
	} else if !isDays {
		return 0, strconv.ErrSyntax
	}
	n, err := strconv.ParseInt(count, 10, 64)
	if err == nil && (n < 0 || n > int64(math.MaxInt64/unit)) {
		err = strconv.ErrRange
	}
	return time.Duration(n) * unit, err
}

// storeCloser is a store that must be closed.
type storeCloser interface {
	store.Store
	io.Closer
}

// openStore opens the bucket or directory of o. log gets what the store removes.
func (a *app) openStore(ctx context.Context, o serveOptions, log *serveLog) (storeCloser, error) {
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
		return nil, &usageError{err, "Check --dir: it must be empty or hold a cache, and this user must be able to write to it, or to read it with --read-only."}
	}
	return kept, nil
}
