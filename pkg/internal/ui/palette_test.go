package ui

import "testing"

func TestPalette(t *testing.T) {
	t.Parallel()
	on, off := Palette{on: true}, Palette{}
	for _, test := range []struct {
		paint func(Palette, string) string
		want  string
	}{
		{Palette.Error, "\x1b[31mword\x1b[0m"},
		{Palette.Warning, "\x1b[33mword\x1b[0m"},
	} {
		if got := test.paint(on, "word"); got != test.want {
			t.Errorf("coloured: %q, want %q", got, test.want)
		}
		if got := test.paint(off, "word"); got != "word" {
			t.Errorf("plain: %q", got)
		}
		if got := test.paint(on, ""); got != "" {
			t.Errorf("nothing: %q", got)
		}
	}
}
