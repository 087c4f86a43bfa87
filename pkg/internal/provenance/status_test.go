package provenance

import (
	"bytes"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

const (
	idA  = "78981922613b2afb6025042ff6bd878ac1994e85"
	idB  = "61780798228d17af2d34fce4cfbdf35556832472"
	zero = "0000000000000000000000000000000000000000"
)

var records = []string{
	"# branch.oid " + idA,
	"# branch.oid (initial)",
	"# branch.head main",
	"# stash 2",
	"1 .M N... 100644 100644 100755 " + idA + " " + idA + " a b",
	"1 M. N... 100644 100644 100644 " + idA + " " + idB + " a\nb",
	"1 D. N... 100644 000000 000000 " + idA + " " + zero + " a",
	"1 .A N... 000000 000000 100644 " + zero + " " + zero + " a",
	"1 .M SC.U 160000 160000 160000 " + idA + " " + idA + " sub",
	"u UU N... 100644 100644 100644 100644 " + idA + " " + idA + " " + idB + " a",
	"u DU N... 100644 000000 100644 000000 " + idA + " " + zero + " " + idB + " a",
	"? a\xff",
	"? in/",
}

func parseAll(text string) (status, error) {
	var st status
	w := &recordWriter{delim: 0, limit: maxRecord, take: st.parse}
	_, err := w.Write([]byte(text))
	return st, err
}

func TestParse(t *testing.T) {
	t.Parallel()
	st, err := parseAll(strings.Join(records, "\x00") + "\x00")
	if err != nil {
		t.Fatal(err)
	}
	file := func(id string) side { return side{mode: modeFile, id: id} }
	want := status{head: idA, entries: []entry{
		{path: "a b", head: file(idA), index: file(idA), work: side{mode: modeExecutable}, listed: true},
		{path: "a\nb", head: file(idA), index: file(idB), work: file(idB)},
		{path: "a", head: file(idA)},
		{path: "a", work: side{mode: modeFile}, listed: true},
		{path: "sub", head: side{mode: modeSubmodule, id: idA}, index: side{mode: modeSubmodule, id: idA}, work: side{mode: modeSubmodule}, listed: true},
		{path: "a", stages: []side{file(idA), file(idA), file(idB)}, work: side{mode: modeFile}, listed: true},
		{path: "a", stages: []side{file(idA), {}, file(idB)}},
		{path: "a\xff", listed: true},
		{path: "in", listed: true},
	}}
	if !reflect.DeepEqual(st, want) {
		t.Errorf("got %+v\nwant %+v", st, want)
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, record := range []string{
		"", "x", "2 R. N... 100644 100644 100644 " + idA + " " + idA + " R100 b", "! ignored", "?", "? ", "? /",
		"# branch.oid nonsense", "# branch.oid " + strings.ToUpper(idA), "# branch.oid " + idA + "0",
		"1 .M", "1 .M N... 100644 100644 100644 " + idA + " " + idA,
		"1 .M N... 100644 100644 100644 " + idA + " " + idA + " ",
		"1 .M N... 1006448 100644 100644 " + idA + " " + idA + " a",
		"1 .M N... 100648 100644 100644 " + idA + " " + idA + " a",
		"1 .M N... 100644 100644 +00644 " + idA + " " + idA + " a",
		"1 .M N... 100644 777777777 100644 " + idA + " " + idA + " a",
		"1 .M N... 100644 100644 100644 " + idA[1:] + " " + idA + " a",
		"1 MMM N... 100644 100644 100644 " + idA + " " + idA + " a",
		"u UU N... 100644 100644 100644 100644 " + idA + " " + idA + " a",
		"? " + strings.Repeat("a", maxRecord),
	} {
		if st, err := parseAll(record + "\x00"); err == nil {
			t.Errorf("%.100q gives %+v", record, st)
		} else if len(err.Error()) > 1000 {
			t.Errorf("%.100q: an error of %d bytes", record, len(err.Error()))
		}
	}
	full := status{entries: make([]entry, maxEntries)}
	if err := full.parse([]byte("? a")); err == nil {
		t.Errorf("more than %d entries are taken", maxEntries)
	}
}

func TestRecordWriterCutsAnywhere(t *testing.T) {
	t.Parallel()
	const text = "one\n\ntwo\nlonger than that\nend\nnot ended"
	for size := 1; size <= len(text); size++ {
		var got []string
		w := &recordWriter{delim: '\n', limit: 6, take: func(record []byte) error {
			got = append(got, string(record[:min(len(record), 6)]))
			return nil
		}}
		for chunk := range slices.Chunk([]byte(text), size) {
			if n, err := w.Write(chunk); n != len(chunk) || err != nil {
				t.Fatal(n, err)
			}
		}
		if want := []string{"one", "", "two", "longer", "end"}; !slices.Equal(got, want) {
			t.Errorf("in pieces of %d: %q, want %q", size, got, want)
		}
	}
}

func TestPathLines(t *testing.T) {
	t.Parallel()
	files := []*entry{{path: "a"}, {path: "\"\n"}, {path: "cr\r"}, {path: "back\\slash"}, {path: "-x"}}
	const want = "a\n" + `"\"\n"` + "\n" + `"cr\r"` + "\n" + `back\slash` + "\n-x\n"
	if err := iotest.TestReader(&pathLines{files: files}, []byte(want)); err != nil {
		t.Error(err)
	}
	if _, err := (&pathLines{}).Read(make([]byte, 1)); err != io.EOF {
		t.Error(err)
	}
}

// FuzzParse holds that whatever git says is taken or refused, and that what is
// taken in pieces is the same as in one.
func FuzzParse(f *testing.F) {
	for _, record := range records {
		f.Add(record + "\x00")
	}
	f.Add(strings.Join(records, "\x00") + "\x00")
	f.Add("1 .M N... 100644 100644\x00")
	f.Add("\x00\x00")
	f.Fuzz(func(t *testing.T, text string) {
		whole, wholeErr := parseAll(text)
		var pieces status
		w := &recordWriter{delim: 0, limit: maxRecord, take: pieces.parse}
		var err error
		for chunk := range slices.Chunk([]byte(text), 7) {
			if _, err = w.Write(chunk); err != nil {
				break
			}
		}
		if (err == nil) != (wholeErr == nil) || !reflect.DeepEqual(pieces, whole) {
			t.Fatalf("in one: %+v, %v\nin pieces: %+v, %v", whole, wholeErr, pieces, err)
		}
		if len(whole.entries) > bytes.Count([]byte(text), []byte{0}) {
			t.Fatalf("%d entries of %q", len(whole.entries), text)
		}
		for _, e := range whole.entries {
			if e.path == "" || e.listed && e.work.id != "" {
				t.Fatalf("entry %+v", e)
			}
		}
		sorted := sortEntries(whole.entries)
		for i := 1; i < len(sorted); i++ {
			if sorted[i-1].path >= sorted[i].path {
				t.Fatalf("not sorted: %q", sorted)
			}
		}
	})
}
