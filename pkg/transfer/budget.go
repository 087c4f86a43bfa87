package transfer

import "sync/atomic"

// budget counts the bytes of small inputs that are in memory.
type budget struct{ taken atomic.Int64 }

// take gives the bytes that an input may have in memory: all of them, or none.
func (b *budget) take(size int64) int64 {
	if size > smallSize {
		return 0
	}
	size = max(size, 1) // an empty one is in memory too
	if b.taken.Add(size) > smallMemory {
		b.taken.Add(-size)
		return 0
	}
	return size
}

// give returns them.
func (b *budget) give(size int64) { b.taken.Add(-size) }
