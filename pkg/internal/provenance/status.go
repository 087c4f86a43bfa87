package provenance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// maxEntries bounds the memory that a work tree can make us take.
const maxEntries = 1 << 20

// maxRecord is the most bytes of one record of git status. Longer paths than
// this exist in no work tree.
const maxRecord = 1 << 20

// A status is what git status says of a work tree.
type status struct {
	head    string  // the commit, empty where there is none
	entries []entry // in no order; only the index is known of each
}

// status asks git for the commit and the entries that may have changed.
func (r repository) status(ctx context.Context) (status, error) {
	git, err := r.startStatus(ctx)
	if err != nil {
		return status{}, err
	}
	return readStatus(git)
}

func (r repository) startStatus(ctx context.Context) (*process, error) {
	return r.start(ctx, nil, "status", "--porcelain=v2", "--branch", "-z", "--no-ahead-behind",
		"--no-renames", "--ignore-submodules=none")
}

func readStatus(git *process) (status, error) {
	var st status
	var parseErr error
	records := &recordWriter{delim: 0, limit: maxRecord, take: func(record []byte) error {
		parseErr = st.parse(record)
		return parseErr
	}}
	err := git.read(records)
	if parseErr != nil {
		// git, cut off, has complained too; this is why.
		err = fmt.Errorf("reading git status: %w", parseErr)
	}
	if err != nil {
		return status{}, err
	}
	st.entries = sortEntries(st.entries)
	return st, nil
}

// parse takes one record of git status --porcelain=v2 -z.
func (st *status) parse(record []byte) error {
	if len(record) >= maxRecord {
		return fmt.Errorf("a record has more than %d bytes", maxRecord-1)
	}
	kind, rest, _ := bytes.Cut(record, []byte(" "))
	var e entry
	var err error
	switch string(kind) {
	case "#":
		return st.parseHeader(string(rest))
	case "1":
		e, err = parseTracked(string(rest))
	case "u":
		e, err = parseUnmerged(string(rest))
	case "?":
		// git ends the path of a repository inside the tree with a slash.
		e = entry{path: strings.TrimSuffix(string(rest), "/"), listed: true}
	default:
		err = errors.New("unknown kind")
	}
	if err == nil && e.path == "" {
		err = errors.New("no path")
	}
	if err != nil {
		return fmt.Errorf("record %.100q: %w", record, err)
	}
	if len(st.entries) == maxEntries {
		return fmt.Errorf("there are more than %d changed files", maxEntries)
	}
	st.entries = append(st.entries, e)
	return nil
}

func (st *status) parseHeader(header string) error {
	commit, ok := strings.CutPrefix(header, "branch.oid ")
	if !ok || commit == "(initial)" {
		return nil
	}
	if !isObjectID(commit) {
		return fmt.Errorf("header %.100q: no commit id", header)
	}
	st.head = commit
	return nil
}

// parseTracked takes "XY SUB mH mI mW hH hI PATH".
func parseTracked(rest string) (entry, error) {
	f := strings.SplitN(rest, " ", 8)
	if len(f) != 8 || len(f[0]) != 2 {
		return entry{}, errors.New("fields are missing")
	}
	head, err := parseSide(f[2], f[5])
	if err != nil {
		return entry{}, err
	}
	index, err := parseSide(f[3], f[6])
	if err != nil {
		return entry{}, err
	}
	work, err := parseMode(f[4])
	if err != nil {
		return entry{}, err
	}
	e := entry{path: f[7], head: head, index: index, work: side{mode: work}}
	if f[0][1] == '.' {
		// The work tree holds what the index does: nothing to look at.
		e.work = index
		return e, nil
	}
	e.listed = work != 0
	return e, nil
}

// parseUnmerged takes "XY SUB m1 m2 m3 mW h1 h2 h3 PATH".
func parseUnmerged(rest string) (entry, error) {
	f := strings.SplitN(rest, " ", 10)
	if len(f) != 10 {
		return entry{}, errors.New("fields are missing")
	}
	stages := make([]side, 3)
	for i := range stages {
		var err error
		if stages[i], err = parseSide(f[2+i], f[6+i]); err != nil {
			return entry{}, err
		}
	}
	work, err := parseMode(f[5])
	if err != nil {
		return entry{}, err
	}
	return entry{path: f[9], stages: stages, work: side{mode: work}, listed: work != 0}, nil
}

func parseSide(mode, id string) (side, error) {
	m, err := parseMode(mode)
	if err != nil {
		return side{}, err
	}
	if !isObjectID(id) {
		return side{}, fmt.Errorf("no object id: %.100q", id)
	}
	if m == 0 {
		return side{}, nil
	}
	return side{mode: m, id: id}, nil
}

func parseMode(s string) (uint32, error) {
	mode, err := strconv.ParseUint(s, 8, 18)
	if err != nil || len(s) != 6 {
		return 0, fmt.Errorf("no mode: %.100q", s)
	}
	return uint32(mode), nil
}

// isObjectID tells whether s is a SHA-1 or SHA-256 in lower-case hex.
func isObjectID(s string) bool {
	if len(s) != 40 && len(s) != 64 {
		return false
	}
	return strings.Trim(s, "0123456789abcdef") == ""
}
