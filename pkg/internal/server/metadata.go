package server

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/api"
)

// maxMilliseconds is the longest duration, 292 years.
const maxMilliseconds = uint64(math.MaxInt64 / time.Millisecond)

// parseMetadata parses the headers of an upload, within the API's limits. An
// empty header counts as absent: turbo up to 1.10 sends one in an unknown CI,
// @vercel/sdk for an empty tag.
func parseMetadata(header http.Header) (m artifact.Metadata, err error) {
	field := func(name string) string {
		value := header.Get(name)
		switch {
		case err != nil:
		case len(header[name]) > 1:
			err = badHeader(name, "is given more than once")
		case value != "" && name != api.HeaderDuration:
			if wrong := api.CheckHeader(name, value); wrong != nil {
				err = badHeader(name, "is wrong: "+wrong.Error())
			}
		}
		return value
	}
	m = artifact.Metadata{
		CI: field(api.HeaderCI), SHA: field(api.HeaderSHA), DirtyHash: field(api.HeaderDirtyHash), Tag: field(api.HeaderTag),
	}
	if interactive := field(api.HeaderInteractive); interactive != "" {
		m.Interactive = new(interactive == "1")
	}
	if duration := field(api.HeaderDuration); duration != "" && err == nil {
		if m.Duration, err = parseDuration(duration); err != nil {
			err = badHeader(api.HeaderDuration, "is wrong: "+err.Error())
		}
	}
	return m, err
}

// badHeader spells the name as the API's reference does.
func badHeader(name, problem string) error {
	return badRequest("The header " + strings.ToLower(name) + " " + problem + ".")
}

// parseDuration parses milliseconds, and drops a fraction: @vercel/sdk sends
// 12.5, and turbo fails on an answer with one.
func parseDuration(value string) (*time.Duration, error) {
	whole, fraction, _ := strings.Cut(value, ".")
	ms, err := strconv.ParseUint(whole, 10, 64)
	switch {
	case errors.Is(err, strconv.ErrRange) || err == nil && ms > maxMilliseconds:
		return nil, fmt.Errorf("%d milliseconds are allowed", maxMilliseconds)
	case err != nil || strings.Trim(fraction, "0123456789") != "":
		return nil, fmt.Errorf("it must be 0 or more milliseconds, not %q", value)
	}
	return new(time.Duration(ms) * time.Millisecond), nil //nolint:gosec // it is no more than maxMilliseconds
}

// setMetadata sets the headers that parseMetadata parses, except for the two
// about the client.
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
