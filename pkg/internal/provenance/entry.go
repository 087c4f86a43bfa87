package provenance

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
)

// The modes that git records.
const (
	modeFile       = 0o100644
	modeExecutable = 0o100755
	modeSymlink    = 0o120000
	modeSubmodule  = 0o160000
)

// A side is what one of HEAD, index and work tree holds at a path; the zero
// side is nothing.
type side struct {
	mode uint32
	// id is the object id that git records: a blob, or a commit for
	// modeSubmodule, where it may be empty.
	id string
	// dirty is the dirty hash of a submodule's work tree.
	dirty string
}

func (s side) String() string {
	if s.mode == 0 {
		return ""
	}
	text := fmt.Sprintf("%06o %s", s.mode, cmp.Or(s.id, "-"))
	if s.dirty != "" {
		text += " " + s.dirty
	}
	return text
}

// An entry is a path that git status lists.
type entry struct {
	path  string // from the root of the work tree, with slashes
	head  side
	index side
	work  side
	// stages are those of an unmerged path, which has no index side.
	stages []side
	// listed says that git status saw something in the work tree that has
	// to be looked at: work is not final before.
	listed bool
}

// changed tells whether the entry's content differs between HEAD, index and
// work tree. git status also lists files of another size that a filter turns
// into the same blob.
func (e entry) changed() bool {
	return e.stages != nil || e.head != e.index || e.index != e.work
}

func (e entry) String() string {
	index := e.index.String()
	for _, s := range e.stages {
		index += "," + s.String()
	}
	return e.path + "\x00" + index + "\x00" + e.work.String() + "\x00"
}

// sortEntries sorts by path and makes one entry of the two that git status
// lists for a file that is removed from the index only: a removed and an
// untracked one.
func sortEntries(entries []entry) []entry {
	slices.SortStableFunc(entries, func(a, b entry) int { return strings.Compare(a.path, b.path) })
	merged := entries[:0]
	for _, e := range entries {
		if n := len(merged); n > 0 && merged[n-1].path == e.path {
			merged[n-1].listed = merged[n-1].listed || e.listed
			continue
		}
		merged = append(merged, e)
	}
	return merged
}

// digest is the dirty hash of changed entries, sorted; it is empty for none.
func digest(entries []entry) string {
	if len(entries) == 0 {
		return ""
	}
	h := sha256.New()
	for _, e := range entries {
		_, _ = io.WriteString(h, e.String()) // a hash never fails
	}
	return hex.EncodeToString(h.Sum(nil))
}

// recordWriter cuts what is written to it into records that end with delim,
// and passes each to take without delim. A take that fails ends the writing.
type recordWriter struct {
	delim byte
	limit int // the most bytes of a record that are kept
	take  func(record []byte) error
	// partial is the beginning of a record whose end has not come yet.
	partial []byte
}

func (w *recordWriter) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		record, after, complete := bytes.Cut(rest, []byte{w.delim})
		rest = after
		if len(w.partial) > 0 || !complete {
			w.partial = append(w.partial, record[:min(len(record), w.limit-len(w.partial))]...)
			record = w.partial
		}
		if !complete {
			break
		}
		if err := w.take(record); err != nil {
			return 0, err
		}
		w.partial = w.partial[:0]
	}
	return len(p), nil
}
