package store

import (
	"strings"
	"testing"

	"github.com/artifact-cli/artifact/pkg/artifact"
)

func TestFileName(t *testing.T) {
	t.Parallel()
	sha512 := strings.Repeat("0123456789abcdef", 8)
	for _, plain := range []string{"a", "0", "de0e2b9afd5fe834", "my-key_1", "com10", "com", "conx", "a-", "team_abc", sha512} {
		if got := fileName(plain); got != plain {
			t.Errorf("fileName(%q) = %q, want itself", plain, got)
		}
	}
	for text, want := range map[string]string{
		"A": "_559aead08264d5795d3909718cdd05abd49572e84fe55590eef31a88a08fdffd",
		"":  "_e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	} {
		if got := fileName(text); got != want {
			t.Errorf("fileName(%q) = %q, want %q", text, got, want)
		}
	}
	for _, odd := range []string{
		".", "..", "a.", ".a", "-a", "_a", "a/b", `a\b`, "a:b", "a b", "con", "nul", "aux", "prn", "com0", "com9", "lpt1", "ä", "\x00", "\xff",
		sha512 + "0", fileName("A"), personalName,
	} {
		got := fileName(odd)
		if got == odd || !isFileName(got) || isPlainName(got) {
			t.Errorf("fileName(%q) = %q, want a digest", odd, got)
		}
	}
	for _, foreign := range []string{"", ".", "..", ".tmp", tagName, "lost+found", "_", "_abc", personalName, "_" + strings.Repeat("G", 64), "_" + strings.Repeat("A", 64)} {
		if isFileName(foreign) {
			t.Errorf("isFileName(%q) is true", foreign)
		}
	}
}

func TestPath(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		key  Key
		want string
	}{
		{Key{ID: "a"}, "_personal/a"},
		{Key{Team: "local", ID: "a"}, "local/a"},
		{Key{Team: "_personal", ID: "a"}, fileName("_personal") + "/a"},
		{Key{Team: "..", ID: "A"}, fileName("..") + "/" + fileName("A")},
	} {
		if got := test.key.path(); got != test.want {
			t.Errorf("%q.path() = %q, want %q", test.key, got, test.want)
		}
	}
}

// FuzzFileName checks that names are unique, even if case is ignored, and not
// special to any file system.
func FuzzFileName(f *testing.F) {
	for _, pair := range [][2]string{
		{"a", "A"}, {"A", "_559aead08264d5795d3909718cdd05abd49572e84fe55590eef31a88a08fdffd"}, {"..", "."}, {"con", "CON"},
		{"a.", "a"}, {"a/b", `a\b`}, {"", "\x00"}, {"\u212a", "k"}, {"\u017f", "s"}, {strings.Repeat("x", 255), strings.Repeat("x", 128)},
	} {
		f.Add(pair[0], pair[1])
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		for _, text := range []string{a, b} {
			name := fileName(text)
			if len(name) > artifact.MaxIDLength || !isFileName(name) || name != strings.ToLower(name) ||
				strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" || isDevice(name) || name == personalName {
				t.Errorf("fileName(%q) = %q", text, name)
			}
		}
		if a != b && strings.EqualFold(fileName(a), fileName(b)) {
			t.Errorf("fileName(%q) = fileName(%q) = %q", a, b, fileName(a))
		}
	})
}
