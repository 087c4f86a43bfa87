package command

import (
	"encoding/base64"
	"fmt"
	"unicode/utf8"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/transfer"
)

// printed marks an error as printed if --json prints it with its result.
func (a *app) printed(err error) error {
	if err == nil || !a.common.json {
		return err
	}
	return &artifactError{err}
}

// withName replaces the id in an error of the client by the input's path. A
// request for many artifacts has no id.
func withName(doing, path string, err error) error {
	if answered, ok := err.(*client.Error); ok && path != "" && answered.ID != "" {
		renamed := *answered
		renamed.Doing, renamed.Name = doing, path
		return &renamed
	}
	return err
}

// pathBase64 returns a path in base64 if it is not valid in JSON, or "".
func pathBase64(path string) string {
	if utf8.ValidString(path) {
		return ""
	}
	return base64.StdEncoding.EncodeToString([]byte(path))
}

// known returns nil for an unknown size.
func known(size int64) *int64 {
	if size < 0 {
		return nil
	}
	return &size
}

// metadataJSON is the metadata that was sent.
type metadataJSON struct {
	CI          string `json:"ci,omitempty"`
	Interactive *int   `json:"interactive,omitempty"`
	SHA         string `json:"sha,omitempty"`
	DirtyHash   string `json:"dirtyHash,omitempty"`
	DurationMs  *int64 `json:"durationMs,omitempty"`
}

func newMetadataJSON(m artifact.Metadata) *metadataJSON {
	shown := &metadataJSON{CI: m.CI, SHA: m.SHA, DirtyHash: m.DirtyHash}
	if m.Interactive != nil {
		shown.Interactive = new(0)
		if *m.Interactive {
			*shown.Interactive = 1
		}
	}
	if m.Duration != nil {
		shown.DurationMs = new(m.Duration.Milliseconds())
	}
	return shown
}

// foundJSON describes an artifact in the cache, as --json prints it. Scripts rely
// on the names.
type foundJSON struct {
	Hash     artifact.ID   `json:"hash,omitempty"`
	Size     *int64        `json:"size,omitempty"`
	Metadata *metadataJSON `json:"metadata,omitempty"`
	Tag      string        `json:"tag,omitempty"`
	Path     string        `json:"path,omitempty"`
	Base64   string        `json:"pathBase64,omitempty"`
	Error    *errorJSON    `json:"error,omitempty"`
}

func newFoundJSON(found client.Found, size int64, path string) foundJSON {
	return foundJSON{
		Hash: found.ID, Size: known(size), Metadata: newMetadataJSON(found.Metadata), Tag: found.Metadata.Tag,
		Path: path, Base64: pathBase64(path),
	}
}

// noteSchemes warns about signature schemes that some versions of turbo silently
// treat as a miss.
func (a *app) noteSchemes(signed map[transfer.Signature]int) {
	for _, scheme := range []struct {
		signature transfer.Signature
		blind     string
	}{{transfer.SignedV2, "up to 2.9.17"}, {transfer.SignedV1, "2.9.18 and later"}} {
		if n := signed[scheme.signature]; n > 0 {
			a.note(fmt.Sprintf("%s signed by scheme %s, which turbo %s treats as a miss", counted(n), scheme.signature, scheme.blind))
		}
	}
}

func counted(n int) string {
	if n == 1 {
		return "1 artifact is"
	}
	return fmt.Sprintf("%d artifacts are", n)
}
