package provenance

import (
	"slices"
	"strings"
	"testing"
)

func TestLineEnds(t *testing.T) {
	t.Parallel()
	lf, crlf := blob(t, "a\nb\nc\n"), blob(t, "a\r\nb\r\nc\r\n")
	mixed := blob(t, "a\r\nb\nc\r\n")
	tests := []struct {
		name            string
		attributes      string
		autocrlf        string
		committed, work string
		want            []string
	}{
		{"converted, of another size, and so the same", "", "true", "a\nb\nc\n", "a\r\nb\r\nc\r\n", nil},
		{"converted by an attribute", "* text=auto\n", "false", "a\nb\nc\n", "a\r\nb\r\nc\r\n", nil},
		{"not converted", "", "false", "a\nb\nc\n", "a\r\nb\r\nc\r\n", []string{"f\"\tü|100644 " + lf + "|100644 " + crlf + "|"}},
		{"converted and changed", "", "true", "x\n", "a\r\nb\r\nc\r\n", []string{"f\"\tü|100644 " + blob(t, "x\n") + "|100644 " + lf + "|"}},
		// The index has CRLF, so git add leaves line ends alone.
		{"kept", "", "true", "x\r\n", "a\r\nb\r\nc\r\n", []string{"f\"\tü|100644 " + blob(t, "x\r\n") + "|100644 " + crlf + "|"}},
		{"kept with an attribute", "* text=auto\n", "false", "x\r\n", "a\r\nb\nc\r\n", []string{"f\"\tü|100644 " + blob(t, "x\r\n") + "|100644 " + mixed + "|"}},
		{"kept, and LF written", "", "true", "x\r\n", "a\nb\nc\n", []string{"f\"\tü|100644 " + blob(t, "x\r\n") + "|100644 " + lf + "|"}},
		{"demanded by an attribute", "* text\n", "false", "x\r\n", "a\r\nb\r\nc\r\n", []string{"f\"\tü|100644 " + blob(t, "x\r\n") + "|100644 " + lf + "|"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			const name = "f\"\tü"
			w := newTree(t)
			w.git("config", "core.autocrlf", "false")
			w.write("dir/x", "x\n")
			w.write(name, test.committed)
			w.commit()
			w.git("config", "core.autocrlf", test.autocrlf)
			w.git("config", "core.safecrlf", "true")
			w.write(".git/info/attributes", test.attributes)
			w.write(name, test.work)
			if got := w.entries(); !slices.Equal(got, test.want) {
				t.Errorf("entries %q, want %q", got, test.want)
			}
			if got := w.at("dir").entries(); !slices.Equal(got, test.want) {
				t.Errorf("in a subdirectory: entries %q, want %q", got, test.want)
			}
			// git itself is the judge of what it records.
			w.git("config", "core.safecrlf", "false")
			w.git("add", name)
			recorded := w.git("rev-parse", ":"+name)
			if test.want != nil && !strings.HasSuffix(test.want[0], " "+recorded+"|") {
				t.Errorf("git add records %s, expected %q", recorded, test.want)
			}
		})
	}
}
