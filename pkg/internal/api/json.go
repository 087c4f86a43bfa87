package api

// Uploaded answers an upload.
type Uploaded struct {
	URLs []string `json:"urls"`
}

// Query is the body of the batch query.
type Query struct {
	Hashes []string `json:"hashes"`
}

// QueryResult is the result for one artifact in the answer to the batch query, a
// map by hash. A miss is null.
type QueryResult struct {
	Size           int64       `json:"size"`
	TaskDurationMs int64       `json:"taskDurationMs"`
	Tag            string      `json:"tag,omitempty"`
	SHA            string      `json:"sha,omitempty"`
	DirtyHash      string      `json:"dirtyHash,omitempty"`
	Error          *QueryError `json:"error,omitempty"`
}

// QueryError replaces all other members of a [QueryResult].
type QueryError struct {
	Message string `json:"message"`
}

// The values of [Status].
const (
	StatusEnabled   = "enabled"
	StatusDisabled  = "disabled"
	StatusOverLimit = "over_limit"
	StatusPaused    = "paused"
)

// Status is the state of the cache for a user and a team.
type Status struct {
	Status string `json:"status"`
}

// Event is an entry in the body of a POST to [EventsPath].
type Event struct {
	SessionID string   `json:"sessionId"`
	Source    string   `json:"source"` // LOCAL or REMOTE
	Event     string   `json:"event"`  // HIT or MISS
	Hash      string   `json:"hash"`
	Duration  *float64 `json:"duration,omitempty"` // milliseconds, on a HIT
}

// Failure is an error in both forms that clients parse: nested, as Vercel sends
// it, and flat, as its API reference has it.
type Failure struct {
	Error FailureDetail `json:"error"`
	FailureDetail
}

// FailureDetail describes an error, for programs and for people.
type FailureDetail struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// CodeCachePrefix begins the codes for the state of the cache:
// remote_caching_disabled, remote_caching_over_limit and remote_caching_paused.
const CodeCachePrefix = "remote_caching_"
