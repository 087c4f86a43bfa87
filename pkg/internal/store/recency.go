package store

import "time"

// item is a file that the [ledger] counts.
type item struct {
	name     string // below the store's directory
	size     int64
	lastUse  time.Time
	readers  int
	replaced bool // another file has its name now
	index    int  // in the heap, while there are no readers
}

// recency is a heap (see container/heap) with the least recently used first.
type recency []*item

// Len implements sort.Interface.
func (r recency) Len() int { return len(r) }

// Less implements sort.Interface.
func (r recency) Less(i, j int) bool { return r[i].lastUse.Before(r[j].lastUse) }

// Swap implements sort.Interface.
func (r recency) Swap(i, j int) {
	r[i], r[j] = r[j], r[i]
	r[i].index, r[j].index = i, j
}

// Push implements heap.Interface.
func (r *recency) Push(x any) {
	it := x.(*item)
	it.index = len(*r)
	*r = append(*r, it)
}

// Pop implements heap.Interface.
func (r *recency) Pop() any {
	last := len(*r) - 1
	it := (*r)[last]
	(*r)[last] = nil
	*r = (*r)[:last]
	return it
}
