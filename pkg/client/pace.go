package client

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/artifact-cli/artifact/pkg/internal/retry"
)

// pace limits the concurrent requests of a client. It halves them when the server
// reports too many, and adds one after each round of successes. If the server
// asks for a pause, all requests wait.
type pace struct {
	most int // 0 means no limit; pauses count even then
	now  func() time.Time

	mu      sync.Mutex
	limit   float64 // from 1 to most
	running int
	era     int // increased by each halving
	resume  time.Time
	waiting []chan struct{} // oldest first
}

func newPace(most int) *pace { return &pace{most: most, now: time.Now, limit: float64(most)} }

// begin waits until another request may start, and returns its era for end. The
// error is ctx's.
func (p *pace) begin(ctx context.Context) (era int, err error) {
	for {
		pause, turn, era := p.enter()
		switch {
		case pause > 0:
			if err := retry.Sleep(ctx, pause); err != nil {
				p.leave(nil) // passes on the turn that it may have had
				return 0, err
			}
		case turn == nil:
			return era, nil
		default:
			select {
			case <-turn:
			case <-ctx.Done():
				p.leave(turn)
				return 0, ctx.Err()
			}
		}
	}
}

// enter takes a slot, or returns what to wait for.
func (p *pace) enter() (pause time.Duration, turn chan struct{}, era int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if pause = p.resume.Sub(p.now()); pause > 0 {
		return pause, nil, 0
	}
	if p.most == 0 || p.running < int(p.limit) {
		p.running++
		return 0, nil, p.era
	}
	turn = make(chan struct{})
	p.waiting = append(p.waiting, turn)
	return 0, turn, 0
}

// leave stops waiting. A turn that came meanwhile passes to the next.
func (p *pace) leave(turn chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(p.waiting, turn); i >= 0 {
		p.waiting = slices.Delete(p.waiting, i, i+1)
		return
	}
	p.wake()
}

// end ends a request that began in an era.
func (p *pace) end(era int, failed *Error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running--
	switch {
	case failed == nil:
		p.limit = min(float64(p.most), p.limit+1/max(p.limit, 1))
	case failed.Status == http.StatusTooManyRequests || failed.Status == http.StatusServiceUnavailable:
		// Requests from before the last halving do not count.
		if era == p.era {
			p.era++
			p.limit = max(1, p.limit/2)
		}
		if asked, ok := retry.ParseAfter(failed.retryAfter, p.now()); ok && asked <= retry.MaxAfter {
			if resume := p.now().Add(asked); resume.After(p.resume) {
				p.resume = resume
			}
		}
	}
	p.wake()
}

// wake starts those that may begin.
func (p *pace) wake() {
	for free := int(p.limit) - p.running; free > 0 && len(p.waiting) > 0; free-- {
		close(p.waiting[0])
		p.waiting = p.waiting[1:]
	}
}
