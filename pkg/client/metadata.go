package client

import (
	"errors"
	"fmt"
	"iter"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
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

// Found is an artifact that the cache has, as far as the server tells.
type Found struct {
	ID artifact.ID
	// Size is in bytes, and -1 where the server does not tell.
	Size int64
	// EndUnproven says that the bytes end where the connection does, so that an
	// artifact that was cut short looks whole.
	EndUnproven bool
	// Metadata lacks what the server does not tell, CI and Interactive among
	// it. All text in it is printable; a tag that is no base64 is kept, and is
	// nobody's signature.
	Metadata artifact.Metadata
}

// found reads the headers of an answer that stands for an artifact, and refuses
// one that does not.
func (a *answer) found(id artifact.ID) (Found, error) {
	if a.StatusCode != http.StatusOK || a.isPage() {
		return Found{}, ErrNotRemoteCache
	}
	// Nothing but "identity" was asked for, so what is below is unknown: it may
	// be what somebody stored, or what a proxy made of that.
	if coding := a.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return Found{}, ErrEncoded
	}
	proven := a.ContentLength >= 0 || a.Request.Method == http.MethodHead || slices.Contains(a.TransferEncoding, "chunked") || a.ProtoMajor >= 2
	return Found{ID: id, Size: a.ContentLength, EndUnproven: !proven, Metadata: a.metadata()}, nil
}

// isPage reports whether a website answered, by the headers alone. A server that
// guesses the type of what it serves may call an artifact HTML, but then it
// tells something of it too.
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

// milliseconds is a duration as servers tell it, if it can be one. Some give
// fractions.
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
