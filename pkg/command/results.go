package command

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/internal/ui"
	"github.com/artifact-cli/artifact/pkg/transfer"
)

// putJSON is a result of put as --json prints it. Scripts rely on the names.
type putJSON struct {
	Path       string        `json:"path"`
	PathBase64 string        `json:"pathBase64,omitempty"`
	Hash       artifact.ID   `json:"hash,omitempty"`
	Algorithm  string        `json:"algorithm,omitempty"`
	Size       *int64        `json:"size,omitempty"`
	Status     string        `json:"status"`
	URLs       []string      `json:"urls,omitempty"`
	Attempts   int           `json:"attempts,omitempty"`
	Seconds    float64       `json:"seconds"`
	Signed     bool          `json:"signed"`
	Metadata   *metadataJSON `json:"metadata,omitempty"`
	Error      *errorJSON    `json:"error,omitempty"`
}

// metadataJSON is what was sent of an artifact's metadata.
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

// printPut prints a result and returns its error, if it has one.
func (a *app) printPut(r transfer.Result) error {
	err := named(r)
	if a.global.json {
		a.printJSON(newPutJSON(r, err))
		if err != nil {
			return &artifactError{err}
		}
		return nil
	}
	switch {
	case err != nil:
		return err
	case a.global.quiet:
		fmt.Fprintln(a.streams.results, r.ID)
	default:
		fmt.Fprintln(a.streams.results, ui.SumLine(string(r.ID), r.Path))
	}
	return nil
}

// named gives an error of the client the name that the user knows the input by.
func named(r transfer.Result) error {
	if answered, ok := r.Err.(*client.Error); ok {
		return &uploadError{path: r.Path, answered: answered}
	}
	return r.Err
}

type uploadError struct {
	path     string
	answered *client.Error
}

func (e *uploadError) Error() string {
	return fmt.Sprintf("uploading %s: %s", e.path, e.answered.Reason())
}
func (e *uploadError) Unwrap() error { return e.answered }

func newPutJSON(r transfer.Result, err error) putJSON {
	shown := putJSON{
		Path: r.Path, Hash: r.ID, Algorithm: string(r.Algorithm), Status: string(r.Status),
		URLs: r.URLs, Attempts: r.Attempts, Seconds: r.Elapsed.Round(time.Microsecond).Seconds(), Error: newErrorJSON(err),
	}
	if !utf8.ValidString(r.Path) {
		shown.PathBase64 = base64.StdEncoding.EncodeToString([]byte(r.Path))
	}
	if r.Size >= 0 {
		shown.Size = &r.Size
	}
	if r.Err == nil {
		shown.Metadata = newMetadataJSON(r.Metadata)
	}
	return shown
}

// printJSON prints one object on one line.
func (a *app) printJSON(object any) {
	encoder := json.NewEncoder(a.streams.results)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(object) // the writer keeps its error
}
