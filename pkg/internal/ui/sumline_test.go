package ui

import "testing"

func TestSumLine(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ hash, path, want string }{
		{"9f86d0", "out.tar.zst", "9f86d0  out.tar.zst"},
		{"9f86d0", " two  spaces ", "9f86d0   two  spaces "},
		{"9f86d0", "a\nb", `\9f86d0  a\nb`},
		{"9f86d0", "a\rb", `\9f86d0  a\rb`},
		{"9f86d0", `a\nb`, `\9f86d0  a\\nb`},
		{"9f86d0", "a\tb\x1b\xff", "9f86d0  a\tb\x1b\xff"},
		{`\key`, "out", `\\\key  out`},
	} {
		if got := SumLine(test.hash, test.path); got != test.want {
			t.Errorf("SumLine(%q, %q) = %q, want %q", test.hash, test.path, got, test.want)
		}
	}
}
