package transfer

import (
	"fmt"
	"slices"
	"testing"
)

// TestShards checks that shards are disjoint, complete and even.
func TestShards(t *testing.T) {
	t.Parallel()
	const paths = 20_000
	list := func(yield func(Input, error) bool) {
		for i := range paths {
			if !yield(Input{Path: fmt.Sprintf("dist/%05d.tar.zst", i)}, nil) {
				return
			}
		}
	}
	for _, count := range []uint{1, 2, 4, 7, 16} {
		seen := map[string]uint{}
		for index := uint(1); index <= count; index++ {
			n := 0
			for input := range (Shard{Index: index, Count: count}).Of(list) {
				if other := seen[input.Path]; other != 0 {
					t.Fatalf("%s belongs to %d/%d and to %d/%d", input.Path, other, count, index, count)
				}
				seen[input.Path] = index
				n++
			}
			mean := float64(paths) / float64(count)
			if share := float64(n) / mean; share < 0.94 || share > 1.06 {
				t.Errorf("%d/%d has %d of %d paths, %.1f%% of an even part", index, count, n, paths, 100*share)
			}
		}
		if len(seen) != paths {
			t.Errorf("%d parts have %d of %d paths", count, len(seen), paths)
		}
	}
}

// TestShardsAreStable checks that all versions and systems split a list in the
// same way.
func TestShardsAreStable(t *testing.T) {
	t.Parallel()
	shards := [3][]string{}
	for _, path := range []string{"a", "b", "c", "dist/a", "dist/b", "dist/é", "x"} {
		for i := range shards {
			if (Shard{Index: uint(i + 1), Count: 3}).has(path) {
				shards[i] = append(shards[i], path)
			}
		}
	}
	want := [3][]string{{"dist/b", "x"}, {"a", "b", "dist/a", "dist/é"}, {"c"}}
	if !slices.EqualFunc(shards[:], want[:], slices.Equal[[]string]) {
		t.Errorf("%q, want %q", shards, want)
	}
}

// TestShardsKeepMistakes checks that an invalid entry, which has no path, is in
// every shard.
func TestShardsKeepMistakes(t *testing.T) {
	t.Parallel()
	list := func(yield func(Input, error) bool) { yield(Input{}, ErrEmpty) }
	for index := uint(1); index <= 3; index++ {
		n := 0
		for _, err := range (Shard{Index: index, Count: 3}).Of(list) {
			if err == ErrEmpty {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%d/3 has it %d times", index, n)
		}
	}
}

func TestParseShard(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Shard{
		"1/1": {1, 1}, "4/4": {4, 4}, "2/1000": {2, 1000},
		"": {}, "1": {}, "0/4": {}, "5/4": {}, "-1/4": {}, "1/0": {}, "1/4/4": {}, "a/4": {}, "1/99999999999": {}, " 1/4": {},
	} {
		if got, err := ParseShard(text); got != want || (err == nil) != (want != Shard{}) {
			t.Errorf("%q: %v, %v; want %v", text, got, err, want)
		}
	}
}
