package provenance

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
)

// git add leaves the line ends of a file alone that it would convert by itself
// (core.autocrlf, text=auto) where the index already holds CRLF for that path.
// git hash-object does not look at the index and converts them. git diff-files
// does look, so it is asked again about the files where that can matter: those
// that have a CRLF and stand in the index.

// maxArguments bounds the bytes of paths in one command; Windows takes 32,767
// characters.
const maxArguments = 16 << 10

// hashAgainstIndex corrects the blob ids of files where they depend on what the
// index holds.
func (w worktree) hashAgainstIndex(ctx context.Context, files []*entry) error {
	batch := make(map[string]*entry) // by the line that begins a patch
	var paths []string
	size := 0
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		err := w.diffFiles(ctx, batch, paths)
		clear(batch)
		paths, size = nil, 0
		return err
	}
	for _, e := range files {
		if e.work.mode == 0 || !isFileMode(e.index.mode) || e.work.id == e.index.id {
			continue
		}
		if hasCRLF, err := w.hasCRLF(ctx, e); err != nil {
			return err
		} else if !hasCRLF {
			continue
		}
		batch["diff --git "+quotePath("a/"+e.path)+" "+quotePath("b/"+e.path)] = e
		paths = append(paths, ":(top,literal)"+e.path)
		if size += len(e.path) + 16; size > maxArguments {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// diffFiles takes the blob ids of batch from the headers of a patch.
func (w worktree) diffFiles(ctx context.Context, batch map[string]*entry, paths []string) error {
	found := make(map[*entry]string, len(batch))
	var current *entry
	var surprise error
	// Every line of a file's content begins with a sign or a space, so none
	// is taken for a header, nor is one that was cut off.
	lines := &recordWriter{delim: '\n', limit: maxRecord, take: func(line []byte) error {
		if bytes.HasPrefix(line, []byte("diff --git ")) {
			current = batch[string(line)]
			return nil
		}
		ids, ok := bytes.CutPrefix(line, []byte("index "))
		if !ok || current == nil {
			return nil
		}
		_, id, _ := strings.Cut(string(ids), "..")
		id, _, _ = strings.Cut(id, " ")
		if !isObjectID(id) {
			surprise = fmt.Errorf("git diff-files: unexpected line %.200q", line)
			return surprise
		}
		found[current] = id
		return nil
	}}
	args := []string{"diff-files", "-p", "-U0", "--full-index", "--no-ext-diff", "--no-textconv",
		"--no-color", "--no-renames", "--src-prefix=a/", "--dst-prefix=b/", "--"}
	if err := w.run(ctx, lines, append(args, paths...)...); surprise != nil || err != nil {
		if surprise != nil {
			return surprise
		}
		return err
	}
	for _, e := range batch {
		switch id, ok := found[e]; {
		case !ok:
			e.work.id = e.index.id // no difference but in the mode
		case strings.Trim(id, "0") == "":
			e.work = side{} // it has gone by now
		default:
			e.work.id = id
		}
	}
	return nil
}

// hasCRLF tells whether the file at e has a CRLF before its first NUL: in a
// file with a NUL git converts nothing by itself.
func (w worktree) hasCRLF(ctx context.Context, e *entry) (bool, error) {
	f, err := os.Open(w.path(e))
	if isGone(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	buf := make([]byte, 64<<10)
	kept := 0 // 1 where the last byte read was a CR
	for ctx.Err() == nil {
		n, err := f.Read(buf[kept:])
		text, _, isBinary := bytes.Cut(buf[:kept+n], []byte{0})
		if bytes.Contains(text, []byte("\r\n")) {
			return true, nil
		}
		if isBinary || err == io.EOF {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		kept = 0
		if n > 0 && text[len(text)-1] == '\r' {
			buf[0], kept = '\r', 1
		}
	}
	return false, ctx.Err()
}
