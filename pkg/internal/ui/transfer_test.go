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
	at := func(report func(*Transfer, int64, int64), n, size int64) position {
		var t Transfer
		report(&t, n, size)
		return t.at
	}
	for _, step := range []struct {
		at   time.Duration
		told position
		want view
	}{
		{time.Second, position{}, view{position: position{preparing, 0, 0, 0}, inStage: time.Second}},
		{2 * time.Second, at((*Transfer).Hashed, 0, 100), view{position: position{hashing, 0, 100, 0}, pace: pace{rate: -1}}},
		{3 * time.Second, at((*Transfer).Hashed, 10, 100), view{position: position{hashing, 10, 100, 0}, pace: pace{rate: 10, left: 9 * time.Second}, inStage: time.Second}},
		{12 * time.Second, at((*Transfer).Hashed, 20, 100), view{position: position{hashing, 20, 100, 0}, pace: pace{rate: 2, left: 40 * time.Second}, inStage: 10 * time.Second}},
		{13 * time.Second, at((*Transfer).Hashed, 20, 100), view{position: position{hashing, 20, 100, 0}, pace: pace{rate: 1, left: 80 * time.Second}, inStage: 11 * time.Second}}, // of the last ten seconds
		{40 * time.Second, at((*Transfer).Hashed, 20, 100), view{position: position{hashing, 20, 100, 0}, inStage: 38 * time.Second}},                                              // stalled: no rate, no time left
		{41 * time.Second, at((*Transfer).Hashed, 5, 100), view{position: position{hashing, 5, 100, 0}, pace: pace{rate: -1}}},                                                     // once more
		{42 * time.Second, at((*Transfer).Hashed, 100, 100), view{position: position{hashed, 100, 100, 0}, pace: pace{rate: -1}}},
		{43 * time.Second, at((*Transfer).Sent, -1, 1<<50), view{position: position{uploading, 0, 1 << 50, 0}, pace: pace{rate: -1}}},
		{44 * time.Second, at((*Transfer).Sent, 1, 1<<50), view{position: position{uploading, 1, 1 << 50, 0}, pace: pace{rate: 1}, inStage: time.Second}}, // too long to tell
		{45 * time.Second, at((*Transfer).Sent, 1<<50-1, 1<<50), view{position: position{uploading, 1<<50 - 1, 1 << 50, 0}, pace: pace{rate: (1<<50 - 1) / 2.0, left: time.Second}, inStage: 2 * time.Second}},
		{46 * time.Second, at((*Transfer).Sent, math.MaxInt64, 1<<50), view{position: position{waiting, 1 << 50, 1 << 50, 0}, pace: pace{rate: -1}}},
		{46 * time.Second, position{stage: pausing}, view{position: position{pausing, 0, 0, 0}, pace: pace{rate: -1}}},
		{47 * time.Second, at((*Transfer).Hashed, 7, -1), view{position: position{reading, 7, -1, 0}, pace: pace{rate: -1}}},
		{47 * time.Second, position{packing, 7, -1, 3}, view{position: position{packing, 7, -1, 3}, pace: pace{rate: -1}}},
		{48 * time.Second, at((*Transfer).Sent, 0, 0), view{position: position{waiting, 0, 0, 0}, pace: pace{rate: -1}}},
		{49 * time.Second, at((*Transfer).Received, 7, -1), view{position: position{receiving, 7, -1, 0}, pace: pace{rate: -1}}},
		{50 * time.Second, at((*Transfer).Received, 7, 10), view{position: position{downloading, 7, 10, 0}, pace: pace{rate: -1}}},
		{51 * time.Second, at((*Transfer).Received, 10, 10), view{position: position{checking, 10, 10, 0}, pace: pace{rate: -1}}},
	} {
		got := m.observe(begin.Add(step.at), step.told)
		if got != step.want {
			t.Errorf("after %v and %v:\ngot  %+v\nwant %+v", step.at, step.told, got, step.want)
		}
		if got.percent() == 100 && got.n < got.size {
			t.Errorf("%d of %d is said to be 100%%", got.n, got.size)
		}
	}
}
