// Package artifact holds what a build artifact is to a Remote Cache: its
// [ID], its [Metadata], the [Team] that it belongs to, and the [Source] that
// its bytes are read from.
//
// It refuses what the cache's API refuses, before anything is sent. It knows
// no network, no terminal and no environment, and imports the standard library
// only. Start at [OpenFile], [ParseID] and [Metadata].
package artifact
