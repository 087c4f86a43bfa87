package client

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestPaceHalvesAndGrows looks at the limit through how many get in.
func TestPaceHalvesAndGrows(t *testing.T) {
	t.Parallel()
	p := newPace(8)
	full := func(want int) {
		t.Helper()
		for p.running < want {
			if _, turn, _ := p.enter(); turn != nil {
				t.Fatalf("%d got in, want %d", p.running, want)
			}
		}
		if _, turn, _ := p.enter(); turn == nil {
			t.Fatalf("more than %d got in", want)
		} else {
			p.leave(turn)
		}
	}
	full(8)
	busy := &Error{Status: http.StatusTooManyRequests}
	for range 8 { // all of one era: they halve it once
		p.end(0, busy)
	}
	full(4)
	for range 4 {
		p.end(1, &Error{Status: http.StatusServiceUnavailable})
	}
	full(2)
	for range 2 {
		p.end(2, &Error{Status: http.StatusInternalServerError}) // says nothing of the load
	}
	full(2)
	for range 2 {
		p.end(2, nil)
	}
	full(2) // 2 + 1/2 + 1/2.5
	for range 2 {
		p.end(2, nil)
	}
	full(3)
	for range 100 {
		p.running++
		p.end(2, nil)
	}
	full(8)
}

func TestPaceNeverStops(t *testing.T) {
	t.Parallel()
	p := newPace(1)
	for era := range 5 {
		p.running++
		p.end(era, &Error{Status: http.StatusTooManyRequests})
	}
	if _, turn, _ := p.enter(); turn != nil {
		t.Error("nobody gets in")
	}
}

// TestPacePausesAll holds everybody to a pause that one was asked for.
func TestPacePausesAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPace(4)
		era, _ := p.begin(t.Context())
		p.end(era, &Error{Status: http.StatusTooManyRequests, retryAfter: "30"})
		began := time.Now()
		for range 10 {
			go func() {
				era, _ := p.begin(t.Context())
				if waited := time.Since(began); waited < 30*time.Second {
					t.Errorf("began after %v", waited)
				}
				time.Sleep(time.Second)
				p.end(era, nil)
			}()
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if p.running != 0 || len(p.waiting) != 0 {
			t.Errorf("%d run and %d wait", p.running, len(p.waiting))
		}
	})
}

// TestPaceLosesNoTurn ends waits at every moment, and lets all others through.
func TestPaceLosesNoTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPace(3)
		var most, running, done atomic.Int64
		for i := range 300 {
			go func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i%7)*time.Millisecond+time.Hour*time.Duration(i%2))
				defer cancel()
				era, err := p.begin(ctx)
				if err != nil {
					return
				}
				most.Store(max(most.Load(), running.Add(1)))
				time.Sleep(time.Millisecond)
				running.Add(-1)
				done.Add(1)
				p.end(era, nil)
			}()
		}
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if most.Load() != 3 || done.Load() < 150 || p.running != 0 || len(p.waiting) != 0 {
			t.Errorf("at most %d at a time, %d done, %d run and %d wait", most.Load(), done.Load(), p.running, len(p.waiting))
		}
	})
}
