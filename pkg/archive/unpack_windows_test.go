package archive

import "testing"

// TestUnpackNamesOfWindows refuses names that Windows takes for something else.
func TestUnpackNamesOfWindows(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"nul", "d/aux.txt", "f.", "f ", "f:stream", `d\f`, "f?", "f\n", "git~1/config", "d/GIT~1"} {
		err := unpack(t, Unpacker{Dir: t.TempDir()}, handmade(t, file("first"), file(name)))
		if want := name + ": Windows cannot store a file of this name"; text(err) != want || !is(err, ErrUnstorable) {
			t.Errorf("%q: %v, want %s", name, err, want)
		}
	}
}
