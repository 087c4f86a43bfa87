package store

import (
	"cmp"
	"math"
	"slices"
)

// queueLength is how many files a queue lists after it was trimmed.
const queueLength = 1 << 14

// file is a file in a store's directory.
type file struct {
	name    string // below the directory
	size    int64
	lastUse int64 // its modification time, in nanoseconds since 1970
}

// queue lists the least recently used files of a directory, which are removed
// first: all that were last used before a time, the cutoff. When it has grown
// to twice the limit, it keeps only the oldest files, up to the limit, and the cutoff
// becomes the last use of the next one. So its size does not depend on the number of
// files, and its order is exact. When it is empty, the directory must be read again.
//
// Its files are in order, except that add may append in any order until the next
// trim.
type queue struct {
	limit  int
	cutoff int64            // math.MaxInt64 if all files are listed
	files  []file           // including some that are no longer listed
	listed map[string]int64 // the last use of each listed file
}

func newQueue(limit int) *queue {
	return &queue{limit: limit, cutoff: math.MaxInt64, listed: make(map[string]int64)}
}

// add adds a file that is not listed. Call trim before any other method.
func (q *queue) add(f file) {
	if f.lastUse >= q.cutoff {
		return
	}
	q.files = append(q.files, f)
	q.listed[f.name] = f.lastUse
	if len(q.files) >= 2*q.limit {
		q.trim()
	}
}

// insert lists a file, in place of an older entry for its name.
func (q *queue) insert(f file) {
	q.drop(f.name)
	if f.lastUse >= q.cutoff {
		return
	}
	at, _ := slices.BinarySearchFunc(q.files, f, byLastUse)
	q.files = slices.Insert(q.files, at, f)
	q.listed[f.name] = f.lastUse
	if len(q.files) >= 2*q.limit {
		q.trim()
	}
}

// trim sorts the files, and keeps the oldest.
func (q *queue) trim() {
	q.files = slices.DeleteFunc(q.files, func(f file) bool { return !q.has(f) })
	slices.SortFunc(q.files, byLastUse)
	if len(q.files) <= q.limit {
		return
	}
	young := q.files[q.limit:]
	q.cutoff = young[0].lastUse
	for _, f := range young {
		delete(q.listed, f.name)
	}
	clear(young)
	q.files = q.files[:q.limit]
}

func byLastUse(a, b file) int {
	return cmp.Or(cmp.Compare(a.lastUse, b.lastUse), cmp.Compare(a.name, b.name))
}

func (q *queue) has(f file) bool {
	lastUse, found := q.listed[f.name]
	return found && lastUse == f.lastUse
}

// drop removes a name from the list.
func (q *queue) drop(name string) { delete(q.listed, name) }

// next returns the oldest listed file that is not busy, and will not return it
// again. It stays listed until it is dropped.
func (q *queue) next(isBusy func(name string) bool) (file, bool) {
	for busy := 0; busy < len(q.files); {
		f := q.files[busy]
		isListed := q.has(f)
		if isListed && isBusy(f.name) {
			busy++
			continue
		}
		copy(q.files[1:], q.files[:busy])
		q.files = q.files[1:]
		if isListed {
			return f, true
		}
	}
	return file{}, false
}
