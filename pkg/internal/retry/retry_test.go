package retry

import (
	"errors"
	"net/http"
	"testing"
	"time"
)

func TestPauseIsBounded(t *testing.T) {
	t.Parallel()
	l := New(1000)
	for _, random := range []float64{0, 0.25, 0.999999} {
		l.Random = func() float64 { return random }
		for attempt := 1; attempt < 100; attempt++ {
			if pause, err := l.pause(attempt, ""); err != nil || pause < 0 || pause > maxPause {
				t.Fatalf("attempt %d: %v, %v", attempt, pause, err)
			}
		}
	}
}

// FuzzRetryAfter checks that the client waits no longer than MaxAfter, and
// refuses only longer pauses.
func FuzzRetryAfter(f *testing.F) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, seed := range []string{"", "0", "120", "121", "-1", "99999999999", now.Format(http.TimeFormat), "Fri, 31 Dec 9999 23:59:59 GMT", "1e3", " 5", "Sunday, 06-Nov-94 08:49:37 GMT"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if pause, ok := ParseAfter(value, now); pause < 0 || !ok && pause != 0 {
			t.Fatalf("%q: %v, %v", value, pause, ok)
		}
		l := New(1)
		l.Now = func() time.Time { return now }
		pause, err := l.pause(1, value)
		var later *LaterError
		if pause < 0 || pause > MaxAfter || err != nil && (!errors.As(err, &later) || later.After <= MaxAfter) {
			t.Fatalf("%q: %v, %v", value, pause, err)
		}
	})
}
