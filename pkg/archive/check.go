package archive

import (
	"context"
	"hash/maphash"
	"io"
	"io/fs"
	"iter"
	"path"
	"strings"
)

// Check reads an archive, and r to its end, and returns why turbo would ignore it,
// or nil. Absolute links must lead into the directory root. visit, if not nil, is
// called with each entry before the first bad one. The error is [Reader]'s or
// visit's, or ctx's cause once ctx has ended.
func Check(ctx context.Context, r io.Reader, root string, limits Limits, visit func(Entry) error) error {
	check := newChecker(limits.Entries)
	check.targets = map[uint64]string{}
	return each(ctx, r, root, limits, check, func(entry Entry, content io.Reader) error {
		if visit != nil {
			if err := visit(entry); err != nil {
				return err
			}
		}
		_, err := io.Copy(io.Discard, content)
		return err
	})
}

// each checks the entries of an archive, calls take with each that is good, and
// reads the rest of r.
func each(ctx context.Context, r io.Reader, root string, limits Limits, check *checker, take func(Entry, io.Reader) error) error {
	archive, err := NewReader(r, root, limits)
	if err != nil {
		return err
	}
	defer archive.Close()
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		entry, err := archive.Next()
		if err == io.EOF {
			return archive.drain()
		}
		if err == nil {
			err = check.add(entry)
		}
		if err == nil {
			err = take(entry, archive)
		}
		if err != nil {
			return err
		}
	}
}

// checker remembers the kind of each name in an archive. It keeps hashes of the
// names, since a hostile archive may have millions of long ones.
type checker struct {
	limit int // of names; 0 is none
	seed  maphash.Seed
	names map[uint64]nameState
	// targets, if not nil, are where links lead, seen from the root: turbo writes
	// through a link that leads to a directory. Without them nothing may lie below one.
	targets     map[uint64]string
	targetBytes int
}

// nameState is the state of a name.
type nameState struct {
	kind kind
	made bool // it was written to the file system
}

type kind uint8

const (
	isFile kind = iota + 1
	isLink
	isDir
)

func newChecker(limit int) *checker {
	return &checker{limit: limit, seed: maphash.MakeSeed(), names: map[uint64]nameState{}}
}

// maxTargets is the maximum size, in bytes, of the targets to remember.
const maxTargets = 16 << 20

// add refuses an entry that lies below something that is not a directory, and one
// that makes a directory of something else, or the reverse. A name may come twice
// otherwise: the last one counts.
func (c *checker) add(entry Entry) error {
	name := entry.Name
	if len(c.targets) > 0 {
		name = c.follow(name)
	}
	as := isFile
	switch entry.Mode.Type() {
	case fs.ModeDir:
		as = isDir
	case fs.ModeSymlink:
		as = isLink
	}
	for end, key := range c.prefixes(name) {
		kind := isDir
		if end == len(name) {
			kind = as
			if as == isLink && c.targets != nil && c.targetBytes < maxTargets {
				c.targets[key] = path.Join(path.Dir(name), entry.Target)
				c.targetBytes += len(c.targets[key])
			}
		}
		if err := c.see(entry.Name, name[:end], key, kind); err != nil {
			return err
		}
	}
	return nil
}

// prefixes returns the directories that a name lies in and the name itself, each by
// its length and its hash, in one pass over the name.
func (c *checker) prefixes(name string) iter.Seq2[int, uint64] {
	return func(yield func(int, uint64) bool) {
		var hash maphash.Hash
		hash.SetSeed(c.seed)
		for end := 0; ; {
			length := strings.IndexByte(name[end:], '/')
			if length < 0 {
				_, _ = hash.WriteString(name[end:])
				yield(len(name), hash.Sum64())
				return
			}
			_, _ = hash.WriteString(name[end : end+length])
			if end += length; !yield(end, hash.Sum64()) {
				return
			}
			_ = hash.WriteByte('/')
			end++
		}
	}
}

// follow returns the name that an entry has without the links that it lies below. It
// follows those that lead to a directory of the archive, as many as Linux does.
func (c *checker) follow(name string) string {
	for range 40 {
		next := name
		for end, key := range c.prefixes(name) {
			if end == len(name) || c.names[key].kind != isLink {
				continue
			}
			target := c.targets[key]
			if kind := c.names[maphash.String(c.seed, target)].kind; target == "." || kind == isDir || kind == isLink {
				next = path.Join(target, name[end:])
			}
			break
		}
		if next == name {
			break
		}
		name = next
	}
	return name
}

// see records an entry's kind under its name. key is the name's hash.
func (c *checker) see(entry, name string, key uint64, as kind) error {
	state := c.names[key]
	if state.kind != 0 && (state.kind == isDir) != (as == isDir) {
		switch {
		case entry == name:
			return unsafe(entry, "another entry of this name is of another kind")
		case state.kind == isLink:
			return unsafe(entry, "it lies below the link %s", name)
		}
		return unsafe(entry, "it lies below the file %s", name)
	}
	if state.kind == 0 && c.limit > 0 && len(c.names) >= c.limit {
		return tooMany(entry, c.limit)
	}
	state.kind = as
	c.names[key] = state
	return nil
}

// make records that a name was written to the file system.
func (c *checker) make(name string) {
	key := maphash.String(c.seed, name)
	state := c.names[key]
	state.made = true
	c.names[key] = state
}

// isMade reports whether this exact name was written to the file system.
func (c *checker) isMade(name string) bool { return c.names[maphash.String(c.seed, name)].made }
