package transfer

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
)

// Shard is one of several parts that a list is split into, by the paths of its
// entries alone: each entry belongs to one of them, on every machine. The zero
// value is the whole list.
type Shard struct {
	Index, Count uint // Index is from 1 to Count
}

// ErrShard is what every error of [ParseShard] wraps.
var ErrShard = errors.New("it must be I/N with I from 1 to N, such as 1/4")

// ParseShard reads I/N.
func ParseShard(text string) (Shard, error) {
	before, after, _ := strings.Cut(text, "/")
	index, indexErr := strconv.ParseUint(before, 10, 31)
	count, countErr := strconv.ParseUint(after, 10, 31)
	if indexErr != nil || countErr != nil || index < 1 || index > count {
		return Shard{}, fmt.Errorf("%q: %w", text, ErrShard)
	}
	return Shard{Index: uint(index), Count: uint(count)}, nil
}

// Of gives the entries that belong to the shard. Those that are no inputs
// belong to all of them: they have no path.
func (s Shard) Of(inputs Inputs) Inputs {
	if s.Count <= 1 {
		return inputs
	}
	return func(yield func(Input, error) bool) {
		for input, err := range inputs {
			if (err != nil || s.has(input.Path)) && !yield(input, err) {
				return
			}
		}
	}
}

func (s Shard) has(path string) bool {
	sum := sha256.Sum256([]byte(filepath.ToSlash(path)))
	return binary.BigEndian.Uint64(sum[:])%uint64(s.Count) == uint64(s.Index-1)
}
