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

// Presence is whether the cache has an artifact.
type Presence int

// The values of [Presence]. If it is unknown, use [Client.Stat].
const (
	Unknown Presence = iota
	Missing
	Present
)

// Answer is the answer about one artifact of a query. Found is set if it is
// present.
type Answer struct {
	Presence Presence
	Found    Found
}

const (
	// MaxQuery is the maximum number of artifacts in one request. Some servers
	// accept only 1 MB, which is four times as many of the longest ids.
	MaxQuery = 1000
	// maxQueryAnswer is the maximum size of the answer for one of them, in bytes.
	maxQueryAnswer = 2 << 10
)

// Query asks about many artifacts, [MaxQuery] in each request, and returns an
// answer for each, in order. An answer is [Unknown] if the server does not
// support the query or does not mention the artifact. The error is an [*Error].
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

// noQueryStatuses are those of servers that do not support the query. 400, 415 and
// 422 come from servers that have something else at its path, or reject such ids.
var noQueryStatuses = []int{
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
			answers, err = a.queryAnswers(ids)
			return err
		},
	})
	var failed *Error
	if errors.As(err, &failed) && (failed.Status != 0 && errors.Is(err, ErrNotRemoteCache) || slices.Contains(noQueryStatuses, failed.Status)) {
		c.noQuery.Store(true)
		return make([]Answer, len(ids)), nil
	}
	return answers, err
}

// queryAnswers parses the answer to a query.
func (a *answer) queryAnswers(ids []artifact.ID) ([]Answer, error) {
	text, err := a.Document(int64(reply.MaxBytes + len(ids)*maxQueryAnswer))
	if err != nil {
		return nil, err
	}
	var results map[string]*queryResult
	if json.Unmarshal(text, &results) != nil || results == nil {
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

// queryResult is an [api.QueryResult] that distinguishes missing members from 0.
type queryResult struct {
	Size           *int64          `json:"size"`
	TaskDurationMs json.Number     `json:"taskDurationMs"`
	Tag            string          `json:"tag"`
	SHA            string          `json:"sha"`
	DirtyHash      string          `json:"dirtyHash"`
	Error          json.RawMessage `json:"error"`
}

// UnmarshalJSON makes a result that cannot be parsed an unknown one.
func (r *queryResult) UnmarshalJSON(text []byte) error {
	type plain queryResult
	if json.Unmarshal(text, (*plain)(r)) != nil {
		*r = queryResult{Error: json.RawMessage("null")}
	}
	return nil
}

// answer is [Unknown] if the server reports an error.
func (r *queryResult) answer(id artifact.ID, line func(text string, limit int) string) Answer {
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
	// The server always sends this member; 0 usually means unset.
	if ms := r.TaskDurationMs.String(); ms != "0" {
		found.Metadata.Duration = milliseconds(ms)
	}
	return Answer{Presence: Present, Found: found}
}
