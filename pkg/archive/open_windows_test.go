package archive

import "testing"

// TestStorable refuses names that Windows takes for something else.
func TestStorable(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"nul", "d/aux.txt", "f.", "f ", "f:stream", `d\f`, "f?", "f\n", "git~1/config", "d/GIT~1"} {
		if reason := storable(name); reason != "Windows cannot store a file of this name" {
			t.Errorf("%q: %q", name, reason)
		}
	}
	for _, name := range []string{"f", "d/.f.txt", "git~2", "null", "é"} {
		if reason := storable(name); reason != "" {
			t.Errorf("%q: %q", name, reason)
		}
	}
}
