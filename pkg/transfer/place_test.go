package transfer

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/artifact-cli/artifact/pkg/artifact"
)

// FuzzPlace holds the names of a list to files below the directory.
func FuzzPlace(f *testing.F) {
	for _, seed := range []string{"a", "a/b", "-", "", ".", "..", "a/..", "../a", "a/../../b", "/a", "./-", "a//b/", `..\a`, "C:a", "nul", "a\x00b"} {
		f.Add(seed, "id")
	}
	f.Fuzz(func(t *testing.T, name, text string) {
		id, err := artifact.ParseID(text)
		if err != nil {
			return
		}
		e := (&getRun{}).enter(Input{Path: name, ID: id}, nil)
		file := filepath.FromSlash(e.input.Path)
		if e.result.Err == nil && (!filepath.IsLocal(file) || file == "." || filepath.Clean(file) != file) {
			t.Errorf("%q becomes %q", name, file)
		}
		if wanted := strings.TrimSuffix(strings.TrimPrefix(name, "./"), "/"); e.result.Err == nil && wanted != "" && wanted != "-" && !strings.ContainsAny(wanted, "./\\") && file != wanted {
			t.Errorf("%q becomes %q", name, file)
		}
	})
}
