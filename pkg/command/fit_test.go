package command

import "testing"

// TestFit breaks between words, and only what does not fit.
func TestFit(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, text, want string
		width            int
	}{
		{"fits", "one two\nthree\n", "one two\nthree\n", 10},
		{"a paragraph", "one two\nthree four\n\nfive", "one two\nthree\nfour\n\nfive", 8},
		{"a list", "Codes:\n  1    one two\n  2    three four five six seven\n       eight\n",
			"Codes:\n  1    one two\n  2    three four five six\n       seven eight\n", 31},
		{"a narrow column", "Flags:\n  -a, --all   one two three\n      --bee   four five six seven eight",
			"Flags:\n  -a, --all\n        one two three\n      --bee\n        four five six seven\n        eight", 28},
		{"a long word", "a verylongword b", "a\nverylongword\nb", 5},
		{"a tab", "\tsource <(artifact completion bash)", "\tsource <(artifact completion bash)", 10},
		{"an indented line", "  PATH: OK | MISSING | DIFFERS\nThe last", "  PATH: OK |\n  MISSING |\n  DIFFERS\nThe last", 12},
		{"characters, not bytes", "<(…), ééééé", "<(…), ééééé", 11},
	} {
		if got := fit(test.text, test.width); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}
