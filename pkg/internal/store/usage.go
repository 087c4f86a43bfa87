package store

// Reason is why a store removed artifacts.
type Reason string

// The reasons, as labels of metrics.
const (
	Expired Reason = "age"  // older than the store's maximum age
	Evicted Reason = "size" // to stay below the store's maximum size
)

// Removal is what a store removed at one time, such as in one pass over the
// directory or to make room for one artifact.
type Removal struct {
	Reason    Reason
	Artifacts int   // at least 1
	Bytes     int64 // as [Options].MaxSize counts them
}

// Usage is what a store holds, and what it has removed since it was opened.
type Usage struct {
	// IsCounted is false until the store knows Artifacts and Bytes.
	IsCounted bool
	Artifacts int64
	Bytes     int64            // as [Options].MaxSize counts them
	Removed   map[Reason]int64 // artifacts
}

// Metered is a [Store] that knows its usage. Usage takes only microseconds.
type Metered interface {
	Usage() Usage
}
