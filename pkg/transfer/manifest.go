package transfer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/internal/jsonfile"
)

// manifestEntry is one line of a manifest.
type manifestEntry struct {
	Path       *string `json:"path"`
	Hash       *string `json:"hash"`
	Algorithm  *string `json:"algorithm"`
	DurationMs *int64  `json:"durationMs"`
	Tag        string  `json:"tag"`
}

// Manifest parses one JSON object per line, with the members path and,
// optionally, hash, algorithm, durationMs and tag. Any other member is an error:
// with a misspelt hash, the id would be derived. Each input is a copy of like
// with the values of its line.
func (l List) Manifest(like Input) Inputs {
	return l.parsed('\n', func(line string) (Input, error) { return parseManifest(line, like) })
}

func parseManifest(line string, like Input) (Input, error) {
	text := bytes.TrimSpace([]byte(line))
	if len(text) == 0 {
		return Input{}, errNoEntry
	}
	if !utf8.Valid(text) {
		return Input{}, errors.New("it is not valid UTF-8")
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var entry manifestEntry
	if err := decoder.Decode(&entry); err != nil {
		return Input{}, entryError(text, err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return Input{}, errors.New("there is more after the object")
	}
	if name := duplicate(text); name != "" {
		return Input{}, fmt.Errorf("%s appears twice", name)
	}
	return entry.input(like)
}

// entryError returns why a line is not an entry.
func entryError(line []byte, err error) error {
	syntax := (*jsonfile.SyntaxError)(nil)
	if !errors.As(jsonfile.Explain(line, err), &syntax) {
		return err
	}
	reason := syntax.Reason
	if line[0] == '[' {
		reason = "it is an array: put each object on its own line, as jq -c '.[]' does"
	}
	return fmt.Errorf("it is not a manifest entry: column %d: %s", syntax.Column, reason)
}

// duplicate returns a member that occurs twice in an entry. The decoder would
// silently ignore the first.
func duplicate(entry []byte) string {
	decoder := json.NewDecoder(bytes.NewReader(entry))
	_, _ = decoder.Token() // the opening brace; the line was decoded before
	var seen []string
	for decoder.More() {
		token, _ := decoder.Token()
		_, _ = decoder.Token() // its value
		name, ok := token.(string)
		if !ok {
			break
		}
		if slices.ContainsFunc(seen, func(other string) bool { return strings.EqualFold(other, name) }) {
			return name
		}
		seen = append(seen, name)
	}
	return ""
}

func (e manifestEntry) input(like Input) (Input, error) {
	input := like
	if e.Path == nil || *e.Path == "" {
		return Input{}, errors.New("it has no path")
	}
	input.Path, input.Tag = asFile(*e.Path), e.Tag
	var err error
	if e.Algorithm != nil {
		if input.Algorithm, err = ParseAlgorithm(*e.Algorithm); err != nil {
			return Input{}, fmt.Errorf("algorithm: %w", err)
		}
	}
	if e.Hash != nil {
		if input.ID, err = artifact.ParseID(*e.Hash); err != nil {
			return Input{}, fmt.Errorf("hash: %w", err)
		}
	}
	if ms := e.DurationMs; ms != nil {
		if *ms < 0 || *ms > math.MaxInt64/int64(time.Millisecond) {
			return Input{}, fmt.Errorf("durationMs: it must be from 0 to 292 years, not %d ms", *ms)
		}
		input.Duration = new(time.Duration(*ms) * time.Millisecond)
	}
	return input, client.CheckMetadata(input.describe(artifact.Metadata{}))
}
