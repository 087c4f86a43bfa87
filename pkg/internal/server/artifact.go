package server

import (
	"cmp"
	"errors"
	"io"
	"maps"
	"mime"
	"net/http"
	"strconv"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/api"
	"github.com/artifact-cli/artifact/pkg/internal/store"
)

// put stores an upload. It checks the headers before the first Read of the body,
// which makes net/http send "100 Continue".
func (s *Server) put(x *exchange) error {
	if x.permission < readWrite {
		// With any other code turbo would try each artifact.
		return refuse(http.StatusForbidden, "forbidden", "This token may only read.")
	}
	key, err := x.key()
	if err != nil {
		return err
	}
	// net/http reports a missing length as 0, and -1 for chunks, in which turbo
	// 1.13 to 2.1 uploads.
	if x.r.ContentLength == 0 && x.r.Header.Get("Content-Length") == "" {
		return refuse(http.StatusLengthRequired, "length_required", "An upload needs a Content-Length, or must be chunked.")
	}
	mediaType, _, err := mime.ParseMediaType(x.r.Header.Get("Content-Type"))
	if err != nil || mediaType != api.ContentType {
		return refuse(http.StatusUnsupportedMediaType, "unsupported_media_type", "An upload's Content-Type must be "+api.ContentType+".")
	}
	metadata, err := parseMetadata(x.r.Header)
	if err != nil {
		return err
	}
	if err := s.store.Put(x.ctx(), key, x.r.ContentLength, metadata, x.body); err != nil {
		return cmp.Or(x.body.failure(), err)
	}
	return x.json(http.StatusAccepted, api.Uploaded{URLs: []string{x.location(key.ID)}})
}

// location returns the URL of an upload, with the client's name for this server.
func (x *exchange) location(id artifact.ID) string {
	query := x.r.URL.Query()
	maps.DeleteFunc(query, func(name string, values []string) bool {
		return name != api.ParamTeamID && name != api.ParamSlug || values[0] == ""
	})
	scheme := "http://"
	if x.r.TLS != nil {
		scheme = "https://"
	}
	location := scheme + x.r.Host + api.ArtifactPath(string(id))
	if len(query) > 0 {
		location += "?" + query.Encode()
	}
	return location
}

// get sends a whole artifact. It ignores Range, as HTTP allows.
func (s *Server) get(x *exchange) error {
	key, err := x.key()
	if err != nil {
		return err
	}
	blob, err := s.store.Get(x.ctx(), key)
	if err != nil {
		return err
	}
	return errors.Join(x.stream(blob), blob.Body.Close())
}

func (s *Server) head(x *exchange) error {
	key, err := x.key()
	if err != nil {
		return err
	}
	entry, err := s.store.Stat(x.ctx(), key)
	if err != nil {
		return err
	}
	x.describe(entry)
	x.begin(http.StatusOK)
	return nil
}

// describe sets the headers of an artifact.
func (x *exchange) describe(entry store.Entry) {
	header := x.w.Header()
	contentType := api.ContentType
	if accepted, _, err := mime.ParseMediaType(x.r.Header.Get("Accept")); err == nil && accepted == jsonType {
		// @vercel/sdk accepts only this type for any artifact.
		contentType = jsonType
	}
	header.Set("Content-Type", contentType)
	header.Set("Content-Length", strconv.FormatInt(entry.Size, 10))
	setMetadata(header, entry.Metadata)
}

// stream sends a blob in pieces that the slowest client can receive within a
// window. Each is an io.LimitedReader over a file, so that the system can use
// sendfile.
func (x *exchange) stream(blob *store.Blob) error {
	x.describe(blob.Entry)
	x.begin(http.StatusOK)
	for x.sent < blob.Size {
		piece := &io.LimitedReader{R: blob.Body, N: min(quota(x.limits.Window), blob.Size-x.sent)}
		x.extend()
		n, err := io.Copy(x.w, piece)
		x.sent += n
		if err != nil {
			return unsent(err)
		}
		if n == 0 {
			return io.ErrUnexpectedEOF
		}
	}
	return nil
}
