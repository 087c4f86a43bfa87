// Package progress is what a transfer reports while it runs. Libraries report;
// only a program draws.
package progress

// Tracker is told how far one artifact has come. Offsets are absolute: a new
// attempt begins again at a smaller one. Calls may come from any goroutine, but
// never two at once, and a late call after the end is harmless. A method must
// return quickly: the transfer waits for it.
type Tracker interface {
	// Hashed says that the first n of size bytes were hashed; size is -1
	// while it is not known, as for a stream.
	Hashed(n, size int64)
	// Sent says that the first n of size bytes were handed to the network.
	// All of them sent is not yet an upload that the server accepted.
	Sent(n, size int64)
	// Received says that the first n of size bytes came from the network;
	// size is -1 where the server did not tell.
	Received(n, size int64)
}

// None is a Tracker that nobody watches.
type None struct{}

// Hashed does nothing.
func (None) Hashed(n, size int64) {}

// Sent does nothing.
func (None) Sent(n, size int64) {}

// Received does nothing.
func (None) Received(n, size int64) {}

// Overall is told how far a transfer of many artifacts has come. Calls may come
// from any goroutine, also at once, and must return quickly.
type Overall interface {
	// Found says that there are n more artifacts.
	Found(n int)
	// Listed says that all of them were found.
	Listed()
	// Weighed says that one of them has so many bytes: once for each, at the
	// latest before it is settled.
	Weighed(size int64)
	// Moved says that so many more bytes went over the network. It is below 0
	// where a new attempt takes back what one before has moved.
	Moved(n int64)
	// Settled says that it is known what became of one artifact, and that so
	// many bytes of it need not be moved any more.
	Settled(rest int64)
}
