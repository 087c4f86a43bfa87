package server

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/artifact-cli/artifact/pkg/internal/api"
	"github.com/artifact-cli/artifact/pkg/internal/fault"
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

// lookups is how many artifacts of a query are looked up together.
const lookups = 32

// query answers which of many artifacts exist. It writes the results as they come,
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
	answer := bufio.NewWriter(x) // keeps an error until Flush
	separator := "{"
	for hashes := range slices.Chunk(distinct(question.Hashes), lookups) {
		results, err := s.lookUpAll(x, team, hashes)
		if err != nil {
			return err
		}
		if x.status == 0 { // not earlier: if the storage fails, the answer is a 503
			x.beginDocument()
		}
		for i, hash := range hashes {
			name, _ := json.Marshal(hash) // any string can be encoded
			result, err := json.Marshal(results[i])
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintf(answer, "%s%s:%s", separator, name, result); err != nil {
				return err
			}
			separator = ","
		}
	}
	if x.status == 0 {
		x.beginDocument()
	}
	_, _ = answer.WriteString(strings.TrimSuffix(separator, ",") + "}\n")
	return answer.Flush()
}

func (x *exchange) beginDocument() {
	x.w.Header().Set("Content-Type", jsonType)
	x.begin(http.StatusOK)
}

// distinct returns hashes without repetitions.
func distinct(hashes []string) []string {
	seen := make(map[string]bool, len(hashes))
	return slices.DeleteFunc(hashes, func(hash string) bool {
		known := seen[hash]
		seen[hash] = true
		return known
	})
}

// lookUpAll returns for each hash an [api.QueryResult], an error in its place, or nil.
// It fails if the storage does.
func (s *Server) lookUpAll(x *exchange, team string, hashes []string) ([]any, error) {
	entries, errs := make([]store.Entry, len(hashes)), make([]error, len(hashes))
	lookUp := func(i int) error {
		key, err := newKey(team, hashes[i])
		if err == nil {
			entries[i], err = s.store.Stat(x.ctx(), key)
		}
		return err
	}
	_, isDistant := s.store.(store.Distant)
	var group sync.WaitGroup
	for i := range hashes {
		if isDistant {
			group.Go(func() { errs[i] = fault.Catch(func() error { return lookUp(i) }) })
		} else {
			errs[i] = lookUp(i) // a directory is faster without goroutines
		}
	}
	group.Wait()
	results := make([]any, len(hashes))
	for i, err := range errs {
		fault.Raise(err)
		if errors.Is(err, store.ErrUnavailable) {
			return nil, err
		}
		results[i] = x.result(entries[i], err)
	}
	return results, nil
}

// result returns what the answer to a query says about an artifact.
func (x *exchange) result(entry store.Entry, err error) any {
	if err != nil {
		failure := x.note(err)
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
