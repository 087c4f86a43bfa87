package command

import (
	"testing"
	"time"
)

func TestWaitText(t *testing.T) {
	t.Parallel()
	for wait, want := range map[time.Duration]string{
		150 * time.Second:           "2m30s",
		30 * time.Hour:              "30 hours",
		72 * time.Hour:              "3 days",
		(1<<32 - 1) * time.Second:   "more than 2 years (if that is a mistake, tell its operator)",
		time.Duration(1<<63 - 1):    "more than 2 years (if that is a mistake, tell its operator)",
		1000*24*time.Hour - 1:       "999 days",
		2*time.Hour - time.Second/4: "2h0m0s",
	} {
		if got := waitText(wait); got != want {
			t.Errorf("%v: %s, want %s", wait, got, want)
		}
	}
}
