package client

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/api"
)

// ErrInvalidMetadata reports a value that breaks a rule of the API.
var ErrInvalidMetadata = errors.New("invalid metadata")

// CheckMetadata returns an error that wraps [ErrInvalidMetadata] if a value
// breaks a rule of the API.
func CheckMetadata(m artifact.Metadata) error {
	_, err := uploadHeader(m)
	return err
}

// uploadHeader returns the headers of an upload, or [CheckMetadata]'s error. The
// key without a value is not sent: it allows net/http to repeat the request if an
// idle connection turns out to be closed.
func uploadHeader(m artifact.Metadata) (http.Header, error) {
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
	header := http.Header{"Content-Type": {api.ContentType}, "Idempotency-Key": nil}
	for _, field := range [...]struct{ name, value string }{
		{api.HeaderCI, m.CI}, {api.HeaderInteractive, interactive}, {api.HeaderSHA, m.SHA},
		{api.HeaderDirtyHash, m.DirtyHash}, {api.HeaderDuration, duration}, {api.HeaderTag, m.Tag},
	} {
		if field.value == "" {
			continue
		}
		if err := api.CheckHeader(field.name, field.value); err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrInvalidMetadata, field.name, err)
		}
		header.Set(field.name, field.value)
	}
	return header, nil
}

// Found describes an artifact that the server has.
type Found struct {
	ID   artifact.ID
	Size int64 // in bytes; -1 if unknown
	// EndUnproven is set if the bytes end with the connection, so that a
	// truncated artifact would look complete.
	EndUnproven bool
	// Metadata is printable, and incomplete: servers do not return CI and
	// Interactive. Its tag may not be base64.
	Metadata artifact.Metadata
}

// found parses the headers of an answer with an artifact, and rejects any other
// answer.
func (a *answer) found(id artifact.ID) (Found, error) {
	if a.StatusCode != http.StatusOK || a.isPage() {
		return Found{}, ErrNotRemoteCache
	}
	// Only "identity" was requested. The coding may be a proxy's, or stored.
	if coding := a.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return Found{}, ErrEncoded
	}
	proven := a.ContentLength >= 0 || a.Request.Method == http.MethodHead || slices.Contains(a.TransferEncoding, "chunked") || a.ProtoMajor >= 2
	return Found{ID: id, Size: a.ContentLength, EndUnproven: !proven, Metadata: a.metadata()}, nil
}

// isPage reports whether a website answered, by the headers alone. A cache that
// guesses types may call an artifact HTML, but also sends metadata.
func (a *answer) isPage() bool {
	return a.IsPage() && a.metadata() == artifact.Metadata{}
}

func (a *answer) metadata() artifact.Metadata {
	header := a.Header
	text := func(name string) string {
		value := header.Get(name)
		if api.CheckHeader(name, value) != nil {
			return ""
		}
		return value
	}
	m := artifact.Metadata{
		SHA: text(api.HeaderSHA), DirtyHash: text(api.HeaderDirtyHash),
		Tag: a.Line(header.Get(api.HeaderTag), api.MaxTag),
	}
	m.Duration = milliseconds(header.Get(api.HeaderDuration))
	return m
}

// milliseconds parses a server's duration, which may have a fraction. It returns
// nil if it is not valid.
func milliseconds(text string) *time.Duration {
	const most = math.MaxInt64 / int64(time.Millisecond)
	if ms, err := strconv.ParseInt(text, 10, 64); err == nil && ms >= 0 && ms <= most {
		return new(time.Duration(ms) * time.Millisecond)
	}
	if ms, err := strconv.ParseFloat(text, 64); err == nil && ms >= 0 && ms < float64(most) {
		return new(time.Duration(ms * float64(time.Millisecond)))
	}
	return nil
}
