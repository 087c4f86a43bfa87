package transfer

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/internal/jsonfile"
)

// Revision is the state of the source that an artifact was built from. An empty value
// is not sent.
type Revision struct{ SHA, DirtyHash string }

// turboMeta is what turbo stores beside an artifact, in HASH-meta.json.
type turboMeta struct {
	Duration  float64 `json:"duration"` // milliseconds
	SHA       *string `json:"sha"`
	DirtyHash *string `json:"dirty_hash"`
}

// TurboCache returns the artifacts in a local cache of turbo's: each HASH.tar.zst in
// dir, under HASH, in the order of their names. Duration and revision are those in
// HASH-meta.json, and left out without that file. Otherwise each input is like the
// one given. Other files are ignored.
func TurboCache(dir string, like Input) Inputs {
	return func(yield func(Input, error) bool) {
		entries, err := os.ReadDir(dir) // sorted by name
		if err != nil {
			yield(Input{Path: dir}, &InputError{Path: dir, Err: err})
			return
		}
		for _, entry := range entries {
			hash, ok := strings.CutSuffix(entry.Name(), ".tar.zst")
			if !ok || !isTurboHash(artifact.ID(hash)) {
				continue
			}
			input := like
			input.Path, input.ID = asFile(filepath.Join(dir, entry.Name())), artifact.ID(hash)
			meta := filepath.Join(dir, hash+"-meta.json")
			err := input.readTurboMeta(meta)
			if err != nil {
				err = &InputError{Path: filepath.ToSlash(meta), Err: err}
			}
			if !yield(input, err) {
				return
			}
		}
	}
}

func (in *Input) readTurboMeta(path string) error {
	in.Revision = new(Revision) // not the work tree's, which may have changed since
	var meta turboMeta
	err := jsonfile.Read(path, &meta)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case meta.Duration < 0 || meta.Duration > math.MaxInt64/float64(time.Millisecond):
		return fmt.Errorf("duration: %v is not a number of milliseconds", meta.Duration)
	}
	in.Duration = new(time.Duration(meta.Duration) * time.Millisecond)
	if meta.SHA != nil {
		in.Revision.SHA = *meta.SHA
	}
	if meta.DirtyHash != nil {
		in.Revision.DirtyHash = *meta.DirtyHash
	}
	return client.CheckMetadata(in.describe(artifact.Metadata{}))
}
