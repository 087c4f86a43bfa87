package provenance

import (
	"context"
	"fmt"
	"testing"
)

// BenchmarkAsk measures Ask in a tree of 10,000 committed files.
func BenchmarkAsk(b *testing.B) {
	const files = 10_000
	w := newTree(b)
	for i := range files {
		w.write(fmt.Sprintf("d%02d/f%04d", i%100, i), fmt.Sprintf("%d\n", i))
	}
	w.commit()
	states := []struct {
		name  string
		make  func()
		dirty bool
	}{
		{"clean", func() {}, false},
		{"one modified", func() { w.write("d00/f0000", "another\n") }, true},
		{"10000 untracked", func() {
			for i := range files {
				w.write(fmt.Sprintf("new%02d/f%04d", i%100, i), fmt.Sprintf("%d\n", i))
			}
		}, true},
	}
	for _, state := range states {
		state.make()
		b.Run(state.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				rev, err := ask(context.Background(), w.dir, w.environ)
				if err != nil || (rev.DirtyHash != "") != state.dirty {
					b.Fatalf("%+v, %v", rev, err)
				}
			}
		})
	}
}
