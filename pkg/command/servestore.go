package command

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

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

// keptStore is a store that must be closed.
type keptStore interface {
	store.Store
	io.Closer
}

func (a *app) openStore(ctx context.Context, o serveOptions, log *serveLog) (keptStore, error) {
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
	kept, err := store.Open(dir, store.Options{MaxSize: o.maxSize, ReadOnly: o.readOnly, Removed: log.removal})
	if err != nil {
		return nil, unusable("%w", err)
	}
	return kept, nil
}
