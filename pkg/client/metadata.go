package client

import (
	"errors"
	"fmt"
	"iter"
	"strconv"
	"time"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/api"
)

// ErrInvalidMetadata says that a value breaks a rule of the API.
var ErrInvalidMetadata = errors.New("invalid metadata")

// CheckMetadata refuses values that the API's limits do not allow, with an
// error that wraps [ErrInvalidMetadata].
func CheckMetadata(m artifact.Metadata) error {
	for name, value := range metadataHeaders(m) {
		if err := api.CheckHeader(name, value); err != nil {
			return fmt.Errorf("%w: %s: %w", ErrInvalidMetadata, name, err)
		}
	}
	return nil
}

// metadataHeaders gives the name and value of each header that is to be sent.
func metadataHeaders(m artifact.Metadata) iter.Seq2[string, string] {
	var interactive, duration string
	if m.Interactive != nil {
		interactive = "0"
		if *m.Interactive {
			interactive = "1"
		}
	}
	if m.Duration != nil {
		ms := m.Duration.Round(time.Millisecond).Milliseconds()
		duration = strconv.FormatInt(ms, 10)
	}
	return func(yield func(name, value string) bool) {
		for _, header := range [...]struct{ name, value string }{
			{api.HeaderCI, m.CI}, {api.HeaderInteractive, interactive}, {api.HeaderSHA, m.SHA},
			{api.HeaderDirtyHash, m.DirtyHash}, {api.HeaderDuration, duration}, {api.HeaderTag, m.Tag},
		} {
			if header.value != "" && !yield(header.name, header.value) {
				return
			}
		}
	}
}
