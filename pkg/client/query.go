package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/api"
	"github.com/artifact-cli/artifact/pkg/internal/reply"
)

// Presence says whether the cache has an artifact.
type Presence int

// The values of [Presence]. For an unknown one ask with [Client.Stat].
const (
	Unknown Presence = iota
	Missing
	Present
)

// Answer is about one artifact of a query. Found is set if it is present.
type Answer struct {
	Presence Presence
	Found    Found
}

const (
	// MaxQuery is the most artifacts in one request. Some servers accept a megabyte,
	// four times that many of the longest ids.
	MaxQuery = 1000
	// maxQueried is the most bytes of the answer for one of them.
	maxQueried = 2 << 10
)

// Query asks for many artifacts in requests of [MaxQuery], and returns an answer for
// each, in order. It is [Unknown] if the server has no such query or does not mention
// the artifact. The error is an [*Error].
func (c *Client) Query(ctx context.Context, ids []artifact.ID) ([]Answer, error) {
	answers := make([]Answer, 0, len(ids))
	for some := range slices.Chunk(ids, MaxQuery) {
		if c.noQuery.Load() {
			break
		}
		part, err := c.query(ctx, some)
		if err != nil {
			return nil, err
		}
		answers = append(answers, part...)
	}
	return append(answers, make([]Answer, len(ids)-len(answers))...), nil
}

// unqueried are the statuses of servers without the query. 400, 415 and 422 come from
// those with something else under its path, or that refuse such ids.
var unqueried = []int{
	http.StatusBadRequest, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusGone,
	http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity, http.StatusNotImplemented,
}

func (c *Client) query(ctx context.Context, ids []artifact.ID) ([]Answer, error) {
	hashes := make([]string, len(ids))
	for i, id := range ids {
		hashes[i] = string(id)
	}
	question, err := json.Marshal(api.Query{Hashes: hashes})
	if err != nil {
		return nil, fmt.Errorf("asking for %d artifacts: %w", len(ids), err)
	}
	var answers []Answer
	_, err = c.do(ctx, request{
		doing: "asking which artifacts exist", method: http.MethodPost,
		target: c.url(api.ArtifactsPath),
		header: http.Header{"Content-Type": {"application/json"}},
		body:   artifact.FromBytes(question),
		receive: func(a *answer) (err error) {
			answers, err = a.queried(ids)
			return err
		},
	})
	var failed *Error
	if errors.As(err, &failed) && (failed.Status != 0 && errors.Is(err, ErrNotRemoteCache) || slices.Contains(unqueried, failed.Status)) {
		c.noQuery.Store(true)
		return make([]Answer, len(ids)), nil
	}
	return answers, err
}

// queried reads the answer to a query.
func (a *answer) queried(ids []artifact.ID) ([]Answer, error) {
	text, err := a.Document(int64(reply.MaxBytes + len(ids)*maxQueried))
	if err != nil {
		return nil, err
	}
	results, err := readResults(text)
	if err != nil || results == nil {
		return nil, ErrNotRemoteCache
	}
	answers := make([]Answer, len(ids))
	for i, id := range ids {
		if result, mentioned := results[string(id)]; mentioned {
			answers[i] = result.answer(id, a.Line)
		}
	}
	return answers, nil
}

// queriedResult is [api.QueryResult] with missing members told from 0.
type queriedResult struct {
	Size           *int64          `json:"size"`
	TaskDurationMs json.Number     `json:"taskDurationMs"`
	Tag            string          `json:"tag"`
	SHA            string          `json:"sha"`
	DirtyHash      string          `json:"dirtyHash"`
	Error          json.RawMessage `json:"error"`
}

// unreadable is an unknown result.
var unreadable = &queriedResult{Error: json.RawMessage("null")}

// readResults returns [unreadable] for what cannot be read, and nil for null. Reading
// all at once takes half the time of what follows.
func readResults(text []byte) (results map[string]*queriedResult, err error) {
	if json.Unmarshal(text, &results) == nil {
		return results, nil
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil {
		return nil, err
	}
	results = make(map[string]*queriedResult, len(raw))
	for id, part := range raw {
		var result *queriedResult
		if json.Unmarshal(part, &result) != nil {
			result = unreadable
		}
		results[id] = result
	}
	return results, nil
}

// answer is [Unknown] if the server reports an error.
func (r *queriedResult) answer(id artifact.ID, line func(text string, limit int) string) Answer {
	switch {
	case r == nil:
		return Answer{Presence: Missing}
	case r.Error != nil:
		return Answer{}
	}
	found := Found{ID: id, Size: -1, Metadata: artifact.Metadata{
		Tag:       line(r.Tag, api.MaxTag),
		SHA:       line(r.SHA, api.MaxSHA),
		DirtyHash: line(r.DirtyHash, api.MaxDirtyHash),
	}}
	if r.Size != nil && *r.Size >= 0 {
		found.Size = *r.Size
	}
	// The server always sends the member; 0 mostly means unset.
	if ms := r.TaskDurationMs.String(); ms != "0" {
		found.Metadata.Duration = milliseconds(ms)
	}
	return Answer{Presence: Present, Found: found}
}
