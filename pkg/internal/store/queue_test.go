package store

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestQueue compares random operations on a short queue with a list of all files.
func TestQueue(t *testing.T) {
	t.Parallel()
	for seed := range uint64(500) {
		m := queueModel{t: t, random: rand.New(rand.NewPCG(seed, 0)), all: make(map[string]file)} //nolint:gosec // reproducible
		m.q = newQueue(1 + m.random.IntN(8))
		for range m.random.IntN(60) {
			if f := m.file(); m.all[f.name] == (file{}) {
				m.q.add(f)
				m.all[f.name] = f
			}
		}
		m.q.trim()
		for range 300 {
			m.step()
			m.check()
			if t.Failed() {
				t.Fatalf("with the seed %d", seed)
			}
		}
	}
}

type queueModel struct {
	t      *testing.T
	random *rand.Rand
	q      *queue
	all    map[string]file
	count  int64
}

// file returns a file of one of a few names, last used at a new time.
func (m *queueModel) file() file {
	m.count++
	return file{name: fmt.Sprint(m.random.IntN(30)), lastUse: m.random.Int64N(100)<<32 + m.count}
}

func (m *queueModel) step() {
	f := m.file()
	switch m.random.IntN(4) {
	case 0, 1:
		m.q.insert(f)
		m.all[f.name] = f
	case 2:
		m.q.drop(f.name)
		delete(m.all, f.name)
	default:
		isBusy := func(name string) bool { return name < "15" }
		got, found := m.q.next(isBusy)
		var want file
		for _, f := range m.all {
			if f.lastUse < m.q.cutoff && !isBusy(f.name) && (want == file{} || byLastUse(f, want) < 0) {
				want = f
			}
		}
		if got != want || found != (want != file{}) {
			m.t.Errorf("next() = %v, %t, want %v", got, found, want)
		}
		if found {
			m.q.drop(got.name)
			delete(m.all, got.name)
		}
	}
}

// check checks that the files before the cutoff are listed, and that few others are
// kept.
func (m *queueModel) check() {
	want := make(map[string]int64)
	for name, f := range m.all {
		if f.lastUse < m.q.cutoff {
			want[name] = f.lastUse
		}
	}
	if !maps.Equal(m.q.listed, want) {
		m.t.Errorf("%v are listed before %d, want %v", m.q.listed, m.q.cutoff, want)
	}
	if len(m.q.files) > 2*m.q.limit || !slices.IsSortedFunc(m.q.files, byLastUse) {
		m.t.Errorf("a queue of %d has the files %v", m.q.limit, m.q.files)
	}
}
