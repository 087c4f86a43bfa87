package client

import (
	"errors"
	"fmt"
	"net/http"
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

// setMetadata writes the metadata into the headers of an upload.
func setMetadata(header http.Header, m artifact.Metadata) {
	for name, value := range metadataHeaders(m) {
		header.Set(name, value)
	}
}

func metadataHeaders(m artifact.Metadata) map[string]string {
	headers := map[string]string{}
	for name, value := range map[string]string{
		api.HeaderCI:        m.CI,
		api.HeaderSHA:       m.SHA,
		api.HeaderDirtyHash: m.DirtyHash,
		api.HeaderTag:       m.Tag,
	} {
		if value != "" {
			headers[name] = value
		}
	}
	if m.Interactive != nil {
		headers[api.HeaderInteractive] = "0"
		if *m.Interactive {
			headers[api.HeaderInteractive] = "1"
		}
	}
	if m.Duration != nil {
		ms := m.Duration.Round(time.Millisecond).Milliseconds()
		headers[api.HeaderDuration] = strconv.FormatInt(ms, 10)
	}
	return headers
}
