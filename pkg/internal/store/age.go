package store

import (
	"fmt"
	"time"
)

// errExpired is an ErrNotFound for a stored artifact that is too old.
var errExpired = fmt.Errorf("%w: it is too old", ErrNotFound)

// age is the age that artifacts of a store do not reach; 0 means no limit.
type age time.Duration

// isOver reports whether an artifact of this time is too old. One from the future,
// which a wrong clock stored, counts as old as it is ahead: otherwise it could stay
// for ever.
func (a age) isOver(stored time.Time) bool {
	return a > 0 && time.Since(stored).Abs() >= time.Duration(a)
}
