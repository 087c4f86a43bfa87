package command

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/internal/printable"
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
	err := underName("uploading", r.Path, r.Err)
	if a.global.json {
		a.printJSON(newPutJSON(r, err))
		return a.printed(err)
	}
	switch {
	case err != nil:
		return err
	case a.global.quiet:
		a.printResult(string(r.ID))
	default:
		a.printResult(ui.SumLine(string(r.ID), r.Path))
	}
	return nil
}

// printed is the error of a result that was printed, and with it, as JSON, the
// error.
func (a *app) printed(err error) error {
	if err == nil || !a.global.json {
		return err
	}
	return &artifactError{err}
}

// underName gives an error of the client the name that the user knows the input by.
func underName(doing, path string, err error) error {
	if answered, ok := err.(*client.Error); ok && path != "" {
		renamed := *answered
		renamed.Doing, renamed.Name = doing, path
		return &renamed
	}
	return err
}

func newPutJSON(r transfer.Result, err error) putJSON {
	shown := putJSON{
		Path: r.Path, Hash: r.ID, Algorithm: string(r.Algorithm), Status: string(r.Status),
		URLs: r.URLs.List(), Attempts: r.Attempts, Seconds: r.Elapsed.Round(time.Microsecond).Seconds(), Error: newErrorJSON(err),
		PathBase64: pathBase64(r.Path), Size: known(r.Size), Signed: r.Signed,
	}
	if r.Status == transfer.NotSent {
		shown.Status = string(transfer.Failed)
	}
	if r.Err == nil {
		shown.Metadata = newMetadataJSON(r.Metadata)
	}
	return shown
}

// pathBase64 is a path that JSON cannot carry, or nothing.
func pathBase64(path string) string {
	if utf8.ValidString(path) {
		return ""
	}
	return base64.StdEncoding.EncodeToString([]byte(path))
}

// known is a size, or nil where there is none.
func known(size int64) *int64 {
	if size < 0 {
		return nil
	}
	return &size
}

// verifyJSON is a result of verify as --json prints it. Scripts rely on the
// names.
type verifyJSON struct {
	Path       string      `json:"path,omitempty"`
	PathBase64 string      `json:"pathBase64,omitempty"`
	Hash       artifact.ID `json:"hash,omitempty"`
	Status     string      `json:"status"`
	Size       *int64      `json:"size,omitempty"`
	Signature  string      `json:"signature,omitempty"`
	Error      *errorJSON  `json:"error,omitempty"`
}

// printVerification prints a result and returns its error, if it has one.
func (a *app) printVerification(r transfer.Verification) error {
	err := underName("verifying", r.Path, r.Err)
	if a.global.json {
		a.printJSON(verifyJSON{
			Path: r.Path, PathBase64: pathBase64(r.Path), Hash: r.ID, Status: string(r.Verdict), Size: known(r.Size),
			Signature: string(r.Signature), Error: newErrorJSON(err),
		})
		return err
	}
	if word := verdictWords[r.Verdict]; word != "" && (!a.global.quiet || r.Verdict != transfer.Verified) {
		a.printResult(ui.VerdictLine(r.Name(), word))
	}
	return err
}

// verdictWords are what people and scripts read. One that was not reached has
// an error instead.
var verdictWords = map[transfer.Verdict]string{
	transfer.Verified: "OK", transfer.Missing: "MISSING", transfer.Different: "DIFFERS",
	transfer.BadSignature: "BAD SIGNATURE", transfer.Unverifiable: "UNVERIFIABLE",
}

// printJSON prints one object on one line.
func (a *app) printJSON(object any) {
	var line strings.Builder
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(object) // every one of ours can be encoded
	a.printResult(strings.TrimSuffix(line.String(), "\n"))
}

// printResult prints one line of results. Programs get the bytes of names as they
// are; a terminal might obey them.
func (a *app) printResult(line string) {
	if a.streams.onTerminal {
		line = printable.Text(line)
	}
	fmt.Fprintln(a.streams.results, line) // the writer keeps its error
}
