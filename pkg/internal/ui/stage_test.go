package ui

import (
	"math"
	"testing"
	"time"
)

func TestViewer(t *testing.T) {
	t.Parallel()
	begin := time.Unix(0, 0)
	m := newViewer(begin)
	for _, step := range []struct {
		at   time.Duration
		told position
		want view
	}{
		{time.Second, position{}, view{stage: preparing, inStage: time.Second}},
		{2 * time.Second, position{hashedCall, 0, 100}, view{stage: hashing, size: 100, pace: pace{rate: -1}}},
		{3 * time.Second, position{hashedCall, 10, 100}, view{stage: hashing, n: 10, size: 100, pace: pace{rate: 10, left: 9 * time.Second}, inStage: time.Second}},
		{12 * time.Second, position{hashedCall, 20, 100}, view{stage: hashing, n: 20, size: 100, pace: pace{rate: 2, left: 40 * time.Second}, inStage: 10 * time.Second}},
		{13 * time.Second, position{hashedCall, 20, 100}, view{stage: hashing, n: 20, size: 100, pace: pace{rate: 1, left: 80 * time.Second}, inStage: 11 * time.Second}}, // of the last ten seconds
		{40 * time.Second, position{hashedCall, 20, 100}, view{stage: hashing, n: 20, size: 100, inStage: 38 * time.Second}},                                              // stalled: no rate, no time left
		{41 * time.Second, position{hashedCall, 5, 100}, view{stage: hashing, n: 5, size: 100, pace: pace{rate: -1}}},                                                     // once more
		{42 * time.Second, position{hashedCall, 100, 100}, view{stage: hashed, n: 100, size: 100, pace: pace{rate: -1}}},
		{43 * time.Second, position{sentCall, -1, 1 << 50}, view{stage: uploading, size: 1 << 50, pace: pace{rate: -1}}},
		{44 * time.Second, position{sentCall, 1, 1 << 50}, view{stage: uploading, n: 1, size: 1 << 50, pace: pace{rate: 1}, inStage: time.Second}}, // too long to tell
		{45 * time.Second, position{sentCall, 1<<50 - 1, 1 << 50}, view{stage: uploading, n: 1<<50 - 1, size: 1 << 50, pace: pace{rate: (1<<50 - 1) / 2.0, left: time.Second}, inStage: 2 * time.Second}},
		{46 * time.Second, position{sentCall, math.MaxInt64, 1 << 50}, view{stage: waiting, n: 1 << 50, size: 1 << 50, pace: pace{rate: -1}}},
		{46 * time.Second, position{call: pausedCall}, view{stage: pausing, pace: pace{rate: -1}}},
		{47 * time.Second, position{hashedCall, 7, -1}, view{stage: reading, n: 7, size: -1, pace: pace{rate: -1}}},
		{48 * time.Second, position{sentCall, 0, 0}, view{stage: waiting, pace: pace{rate: -1}}},
		{49 * time.Second, position{receivedCall, 7, -1}, view{stage: receiving, n: 7, size: -1, pace: pace{rate: -1}}},
		{50 * time.Second, position{receivedCall, 7, 10}, view{stage: downloading, n: 7, size: 10, pace: pace{rate: -1}}},
		{51 * time.Second, position{receivedCall, 10, 10}, view{stage: checking, n: 10, size: 10, pace: pace{rate: -1}}},
	} {
		step.want.elapsed = step.at
		got := m.observe(begin.Add(step.at), step.told)
		if got != step.want {
			t.Errorf("after %v and %v:\ngot  %+v\nwant %+v", step.at, step.told, got, step.want)
		}
		if got.percent() == 100 && got.n < got.size {
			t.Errorf("%d of %d is said to be 100%%", got.n, got.size)
		}
	}
}
