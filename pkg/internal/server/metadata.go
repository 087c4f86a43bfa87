package server

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/api"
)

// maxMilliseconds is the longest duration, 292 years.
const maxMilliseconds = int64(1<<63-1) / int64(time.Millisecond)

// parseMetadata reads the headers of an upload, and refuses what breaks the
// API's limits.
func parseMetadata(header http.Header) (artifact.Metadata, error) {
	var m artifact.Metadata
	for _, field := range []struct {
		name string
		set  func(value string) error
	}{
		{api.HeaderCI, func(v string) error { m.CI = v; return nil }},
		{api.HeaderSHA, func(v string) error { m.SHA = v; return nil }},
		{api.HeaderDirtyHash, func(v string) error { m.DirtyHash = v; return nil }},
		{api.HeaderTag, func(v string) error { m.Tag = v; return nil }},
		{api.HeaderInteractive, func(v string) error { m.Interactive = new(v == "1"); return nil }},
		{api.HeaderDuration, func(v string) (err error) { m.Duration, err = parseDuration(v); return err }},
	} {
		values := header[field.name]
		if len(values) == 0 {
			continue
		}
		if len(values) > 1 {
			return artifact.Metadata{}, badHeader(field.name, "is given more than once")
		}
		if err := api.CheckHeader(field.name, values[0]); err != nil {
			return artifact.Metadata{}, badHeader(field.name, "is wrong: "+err.Error())
		}
		if err := field.set(values[0]); err != nil {
			return artifact.Metadata{}, badHeader(field.name, "is wrong: "+err.Error())
		}
	}
	return m, nil
}

// badHeader spells the name as the API's reference does.
func badHeader(name, problem string) error {
	return badRequest("The header " + strings.ToLower(name) + " " + problem + ".")
}

// parseDuration takes what setMetadata gives back with the same characters.
func parseDuration(value string) (*time.Duration, error) {
	ms, err := strconv.ParseInt(value, 10, 64)
	if err != nil || ms < 0 || ms > maxMilliseconds {
		return nil, fmt.Errorf("it must be from 0 to %d milliseconds", maxMilliseconds)
	}
	if strconv.FormatInt(ms, 10) != value {
		return nil, fmt.Errorf("it must have neither a sign nor leading zeros")
	}
	return new(time.Duration(ms) * time.Millisecond), nil
}

// setMetadata gives back what parseMetadata took, but the two headers that
// describe the client.
func setMetadata(header http.Header, m artifact.Metadata) {
	for name, value := range map[string]string{
		api.HeaderSHA: m.SHA, api.HeaderDirtyHash: m.DirtyHash, api.HeaderTag: m.Tag,
	} {
		if value != "" {
			header.Set(name, value)
		}
	}
	if m.Duration != nil {
		header.Set(api.HeaderDuration, strconv.FormatInt(m.Duration.Milliseconds(), 10))
	}
}
