package store

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/artifact-cli/artifact/pkg/artifact"
)

// TestModel compares random operations on a bounded store, during scans and
// between them, with a simple model.
func TestModel(t *testing.T) {
	t.Parallel()
	seeds := uint64(12)
	if os.Getenv("ARTIFACT_TEST_LONG") != "" {
		seeds = 500
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // reproducible
			m := model{t: t, dir: t.TempDir(), random: random, stored: make(map[string]*modelFile)}
			var err error
			if m.d, err = Open(m.dir, Options{MaxSize: modelUnits*modelUnit + modelUnit - 1}); err != nil {
				t.Fatal(err)
			}
			if err := m.d.ledger.update(t.Context()); err != nil {
				t.Fatal(err)
			}
			m.d.ledger.mu.Lock()
			m.d.ledger.queue.limit = 1 + random.IntN(12)
			m.d.ledger.mu.Unlock()
			for range 80 {
				m.step()
				m.check()
				if t.Failed() {
					break
				}
			}
			for _, r := range m.open {
				_ = r.blob.Body.Close()
			}
			if err := m.d.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// A model counts in units. All headers together are smaller than one.
const (
	modelUnit  = 1000
	modelUnits = 10
)

type model struct {
	t      *testing.T
	dir    string
	random *rand.Rand
	d      *Dir
	stored map[string]*modelFile
	open   []modelReader
	uses   int
}

type modelFile struct{ units, lastUse, readers int }

type modelReader struct {
	blob *Blob
	file *modelFile
}

func (m *model) step() {
	id := fmt.Sprint("id-", m.random.IntN(8))
	switch m.random.IntN(8) {
	case 0, 1, 2:
		m.put(id, 1+m.random.IntN(modelUnits+1)/(1+m.random.IntN(5)))
	case 3, 4, 5:
		m.get(id)
	case 6:
		if len(m.open) > 0 {
			at := m.random.IntN(len(m.open))
			if err := m.open[at].blob.Body.Close(); err != nil {
				m.t.Error(err)
			}
			m.open[at].file.readers--
			m.open = slices.Delete(m.open, at, at+1)
		}
	default:
		m.d.ledger.mu.Lock()
		m.d.ledger.startScan()
		m.d.ledger.mu.Unlock()
	}
}

func (m *model) put(id string, units int) {
	want := m.makeRoom(units)
	if want == nil {
		m.uses++
		m.stored[id] = &modelFile{units: units, lastUse: m.uses}
	}
	body := strings.NewReader(strings.Repeat("x", units*modelUnit))
	err := m.d.Put(m.t.Context(), Key{Team: "t", ID: artifact.ID(id)}, body.Size(), artifact.Metadata{}, body)
	if !errors.Is(err, want) {
		m.t.Errorf("Put of %d units = %v, want %v", units, err, want)
	}
}

// makeRoom removes the least recently used files that are not being read.
func (m *model) makeRoom(units int) error {
	if units > modelUnits {
		return ErrTooLarge
	}
	files := make(map[*modelFile]bool)
	reading := 0
	for _, r := range m.open {
		if !files[r.file] {
			reading += r.file.units
		}
		files[r.file] = true
	}
	if reading+units > modelUnits {
		return ErrFull
	}
	for _, f := range m.stored {
		files[f] = true
	}
	total := units
	for f := range files {
		total += f.units
	}
	byUse := slices.SortedFunc(maps.Keys(m.stored), func(a, b string) int { return m.stored[a].lastUse - m.stored[b].lastUse })
	for _, id := range byUse {
		if f := m.stored[id]; total > modelUnits && f.readers == 0 {
			total -= f.units
			delete(m.stored, id)
		}
	}
	return nil
}

func (m *model) get(id string) {
	blob, err := m.d.Get(m.t.Context(), Key{Team: "t", ID: artifact.ID(id)})
	f := m.stored[id]
	if f == nil {
		if !errors.Is(err, ErrNotFound) {
			m.t.Errorf("Get(%q) = %v, want ErrNotFound", id, err)
		}
		return
	}
	if err != nil || blob.Size != int64(f.units*modelUnit) {
		m.t.Fatalf("Get(%q) = %v, %v, want %d units", id, blob, err, f.units)
	}
	m.uses++
	f.lastUse = m.uses
	f.readers++
	m.open = append(m.open, modelReader{blob, f})
}

// check compares the files and the usage.
func (m *model) check() {
	var want, got []string
	for id, f := range m.stored {
		want = append(want, fmt.Sprint("t/", id, " ", f.units))
	}
	var bytes int64
	err := walk(m.t.Context(), m.d.root, func(name string, info fs.FileInfo) {
		bytes += info.Size()
		got = append(got, fmt.Sprint(name, " ", info.Size()/modelUnit))
	})
	if err != nil {
		m.t.Error(err)
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		m.t.Errorf("the directory holds %q, want %q", got, want)
	}
	usage := m.d.Usage()
	if !usage.IsCounted || usage.Artifacts != int64(len(want)) || usage.Bytes != bytes {
		m.t.Errorf("Usage() = %v, want %d files of %d bytes", usage, len(want), bytes)
	}
}
