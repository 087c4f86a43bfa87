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

// Shard is one of several parts of a list. An entry's path alone determines its
// part, so every machine splits the list the same way. The zero value is the
// whole list.
type Shard struct {
	Index, Count uint // Index is from 1 to Count
}

// ErrShard is wrapped by the errors of [ParseShard].
var ErrShard = errors.New("it must be I/N with I from 1 to N, such as 1/4")

// ParseShard parses I/N.
func ParseShard(text string) (Shard, error) {
	before, after, _ := strings.Cut(text, "/")
	index, indexErr := strconv.ParseUint(before, 10, 31)
	count, countErr := strconv.ParseUint(after, 10, 31)
	if indexErr != nil || countErr != nil || index < 1 || index > count {
		return Shard{}, fmt.Errorf("%q: %w", text, ErrShard)
	}
	return Shard{Index: uint(index), Count: uint(count)}, nil
}

// Of returns the entries in the shard. Invalid entries, which have no path, are
// in every shard.
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
