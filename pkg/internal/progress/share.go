package progress

import "sync"

// Share is the Tracker of one artifact that tells an [Overall] of the bytes
// that it sends. Without one it tells nobody.
type Share struct {
	Whole Overall

	mu          sync.Mutex // for late calls
	size, moved int64
	settled     bool
}

// Hashed notes the size, the first time that it is known.
func (s *Share) Hashed(_, size int64) {
	if s.Whole == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.size == 0 && size > 0 && !s.settled {
		s.size = size
		s.Whole.Weighed(size)
	}
}

// Sent tells of what moved since the last call.
func (s *Share) Sent(n, _ int64) {
	if s.Whole == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if n != s.moved && !s.settled {
		s.Whole.Moved(n - s.moved)
		s.moved = n
	}
}

// Received does nothing: what is downloaded is no part of an upload.
func (s *Share) Received(n, size int64) {}

// Settle says that the artifact is done with. Later calls are not heard.
func (s *Share) Settle() {
	if s.Whole == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.settled {
		s.settled = true
		s.Whole.Settled(s.size - s.moved)
	}
}
