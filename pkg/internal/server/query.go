package server

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/artifact-cli/artifact/pkg/internal/api"
	"github.com/artifact-cli/artifact/pkg/internal/store"
)

// maxJSON is the maximum size of a JSON body in bytes: 50,000 of turbo's hashes.
const maxJSON = 1 << 20

// document decodes a JSON body of at most maxJSON bytes.
func (x *exchange) document(into any) error {
	if x.r.ContentLength > maxJSON {
		return errTooLong
	}
	text, err := io.ReadAll(io.LimitReader(x.body, maxJSON+1))
	if err != nil {
		return x.body.failure()
	}
	if len(text) > maxJSON {
		return errTooLong
	}
	if err := json.Unmarshal(text, into); err != nil {
		return badRequest("The request's body is not the expected JSON.").because(err)
	}
	return nil
}

var errTooLong = refuse(http.StatusRequestEntityTooLarge, "payload_too_large", "The request's body is longer than 1 MiB.")

// query answers which of many artifacts exist. It writes each result at once,
// because the answer may be much longer than the request.
func (s *Server) query(x *exchange) error {
	team, err := x.team()
	if err != nil {
		return err
	}
	var question api.Query
	if err := x.document(&question); err != nil {
		return err
	}
	if question.Hashes == nil {
		return badRequest("The request's body has no hashes.")
	}
	x.w.Header().Set("Content-Type", jsonType)
	x.begin(http.StatusOK)
	answer := bufio.NewWriter(x) // keeps an error until Flush
	separator := "{"
	seen := make(map[string]bool, len(question.Hashes))
	for _, hash := range question.Hashes {
		if seen[hash] {
			continue
		}
		seen[hash] = true
		name, _ := json.Marshal(hash) // any string can be encoded
		result, err := json.Marshal(s.lookUp(x, team, hash))
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(answer, "%s%s:%s", separator, name, result); err != nil {
			return err
		}
		separator = ","
	}
	_, _ = answer.WriteString(strings.TrimSuffix(separator, ",") + "}\n")
	return answer.Flush()
}

// lookUp returns an [api.QueryResult], an error instead of one, or nil.
func (s *Server) lookUp(x *exchange, team, hash string) any {
	key, err := newKey(team, hash)
	var entry store.Entry
	if err == nil {
		entry, err = s.store.Stat(x.ctx(), key)
	}
	if err != nil {
		failure := asFailure(err)
		x.err = errors.Join(x.err, failure.cause)
		if failure.status == http.StatusNotFound {
			return nil // one error makes turbo give up on all hashes
		}
		return struct {
			Error api.QueryError `json:"error"`
		}{api.QueryError{Message: failure.message}}
	}
	result := api.QueryResult{
		Size: entry.Size, Tag: entry.Metadata.Tag, SHA: entry.Metadata.SHA, DirtyHash: entry.Metadata.DirtyHash,
	}
	if entry.Metadata.Duration != nil {
		result.TaskDurationMs = entry.Metadata.Duration.Milliseconds()
	}
	return result
}
