package progress

import "sync"

// Share is the Tracker of one artifact that tells an [Overall] of its bytes that
// move one way. Without one it tells nobody.
type Share struct {
	Whole Overall
	// Down counts what is received. Otherwise that is no part of the
	// transfer, but a check of what was sent.
	Down bool

	mu          sync.Mutex // for late calls
	size, moved int64
	weighed     bool
	settled     bool
}

// Hashed notes the size, the first time that it is known.
func (s *Share) Hashed(_, size int64) {
	if s.Whole == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.weigh(size)
}

func (s *Share) weigh(size int64) {
	if size >= 0 && !s.weighed && !s.settled {
		s.size, s.weighed = size, true
		s.Whole.Weighed(size)
	}
}

// Sent tells of what was sent since the last call.
func (s *Share) Sent(n, size int64) { s.move(n, size, !s.Down) }

// Received tells of what came since the last call.
func (s *Share) Received(n, size int64) { s.move(n, size, s.Down) }

func (s *Share) move(n, size int64, counts bool) {
	if s.Whole == nil || !counts {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.weigh(size)
	if n != s.moved && !s.settled {
		s.Whole.Moved(n - s.moved)
		s.moved = n
	}
}

// Settle says that the artifact is done with. Later calls are not heard.
func (s *Share) Settle() {
	if s.Whole == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.settled {
		s.weigh(s.moved) // nobody had told
		s.settled = true
		s.Whole.Settled(s.size - s.moved)
	}
}
