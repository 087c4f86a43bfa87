package api

// Uploaded answers an upload.
type Uploaded struct {
	URLs []string `json:"urls"`
}

// Query is the body of the batch query.
type Query struct {
	Hashes []string `json:"hashes"`
}

// QueryResult is what the batch query's answer, a map from hash to result,
// holds for one artifact; null there is a miss.
type QueryResult struct {
	Size           int64       `json:"size"`
	TaskDurationMs int64       `json:"taskDurationMs"`
	Tag            string      `json:"tag,omitempty"`
	SHA            string      `json:"sha,omitempty"`
	DirtyHash      string      `json:"dirtyHash,omitempty"`
	Error          *QueryError `json:"error,omitempty"`
}

// QueryError stands in a [QueryResult] instead of everything else.
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

// Status answers for the principal and the team.
type Status struct {
	Status string `json:"status"`
}

// Event is one entry of what is posted to [EventsPath].
type Event struct {
	SessionID string   `json:"sessionId"`
	Source    string   `json:"source"` // LOCAL or REMOTE
	Event     string   `json:"event"`  // HIT or MISS
	Hash      string   `json:"hash"`
	Duration  *float64 `json:"duration,omitempty"` // milliseconds, on a HIT
}

// Failure is an error in the two forms that clients know: nested, as Vercel
// sends it and turbo reads it, and flat, as the published description has it.
type Failure struct {
	Error FailureDetail `json:"error"`
	FailureDetail
}

// FailureDetail says what went wrong, for programs and for people.
type FailureDetail struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// CodeCachePrefix begins the codes that say the cache, not the caller, is at
// fault: remote_caching_disabled, remote_caching_over_limit and
// remote_caching_paused.
const CodeCachePrefix = "remote_caching_"
