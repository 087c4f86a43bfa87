package transfer

import (
	"slices"
	"testing"
)

// notes is a ListTracker that records calls.
type notes []note

type note struct {
	what string
	n    int64
}

func (l *notes) add(what string, n int64) { *l = append(*l, note{what, n}) }
func (l *notes) Found(n int)              { l.add("found", int64(n)) }
func (l *notes) Listed()                  { l.add("listed", 0) }
func (l *notes) Sized(size int64)         { l.add("sized", size) }
func (l *notes) Moved(n int64)            { l.add("moved", n) }
func (l *notes) Finished(rest int64)      { l.add("finished", rest) }

// TestShare reports one direction only, subtracts what is sent again, and ignores
// calls after it has finished.
func TestShare(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		down bool
		tell func(Tracker)
		want notes
	}{
		"up": {false, func(s Tracker) {
			s.Hashed(3, -1)
			s.Hashed(3, 9)
			s.Hashed(9, 9)
			s.Sent(5, 9)
			s.Received(4, 9)
			s.Sent(0, 9)
			s.Sent(0, 9)
			s.Sent(8, 9)
		}, notes{{"sized", 9}, {"moved", 5}, {"moved", -5}, {"moved", 8}, {"finished", 1}}},
		"down": {true, func(s Tracker) {
			s.Sent(5, 9)
			s.Received(4, -1)
			s.Received(6, 7)
		}, notes{{"moved", 4}, {"sized", 7}, {"moved", 2}, {"finished", 1}}},
		"of a size that nobody tells": {true, func(s Tracker) { s.Received(4, -1) },
			notes{{"moved", 4}, {"sized", 4}, {"finished", 0}}},
		"empty":        {false, func(s Tracker) { s.Hashed(0, 0) }, notes{{"sized", 0}, {"finished", 0}}},
		"never opened": {false, func(Tracker) {}, notes{{"sized", 0}, {"finished", 0}}},
	} {
		var got notes
		share := &share{list: &got, download: test.down}
		test.tell(share)
		share.finish()
		share.finish()
		share.Sent(9, 9)
		share.Hashed(9, 99)
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
	nobody := &share{}
	nobody.Hashed(1, 1)
	nobody.Sent(1, 1)
	nobody.finish()
}
