package transfer

import (
	"sync"

	"github.com/artifact-cli/artifact/pkg/client"
)

// Tracker observes the transfer of one artifact. Offsets are absolute: a new
// attempt starts again at a smaller one. Methods may be called from any
// goroutine, but never concurrently, and even shortly after the transfer has
// ended. They must return quickly.
type Tracker interface {
	// Hashed reports that the first n of size bytes were hashed; size is -1
	// while it is unknown, as for a stream.
	Hashed(n, size int64)
	client.Progress
}

// ListTracker observes the transfer of a list. Methods may be called
// concurrently, and must return quickly.
type ListTracker interface {
	// Found reports n more artifacts.
	Found(n int)
	// Listed reports the end of the list.
	Listed()
	// Sized reports the size of an artifact in bytes: once for each, before
	// Finished.
	Sized(size int64)
	// Moved reports that n more bytes went over the network. n is negative when a
	// new attempt starts over.
	Moved(n int64)
	// Finished reports that an artifact is done, and how many of its bytes were
	// not moved.
	Finished(rest int64)
}

// share is the [Tracker] of one artifact in a list. With a nil list it does
// nothing.
type share struct {
	list ListTracker
	// download is set to count received bytes. An upload receives bytes only to
	// verify them.
	download bool

	mu       sync.Mutex // for late calls
	size     int64
	moved    int64
	sized    bool
	finished bool
}

// orSilent returns tracker, or one that does nothing if it is nil.
func orSilent(tracker Tracker) Tracker {
	if tracker == nil {
		return &share{}
	}
	return tracker
}

// Hashed reports the size, once it is known.
func (s *share) Hashed(_, size int64) { s.update(func() { s.setSize(size) }) }

// Sent reports the bytes of an upload.
func (s *share) Sent(n, size int64) { s.move(n, size, !s.download) }

// Received reports the bytes of a download.
func (s *share) Received(n, size int64) { s.move(n, size, s.download) }

func (s *share) move(n, size int64, counts bool) {
	if !counts {
		return
	}
	s.update(func() {
		s.setSize(size)
		if n != s.moved {
			s.list.Moved(n - s.moved)
			s.moved = n
		}
	})
}

// finish reports that the artifact is done. Later calls are ignored.
func (s *share) finish() {
	s.update(func() {
		s.setSize(s.moved) // if the size never became known
		s.finished = true
		s.list.Finished(s.size - s.moved)
	})
}

// update calls f unless list is nil or the artifact is done.
func (s *share) update(f func()) {
	if s.list == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.finished {
		f()
	}
}

func (s *share) setSize(size int64) {
	if size >= 0 && !s.sized {
		s.size, s.sized = size, true
		s.list.Sized(size)
	}
}
