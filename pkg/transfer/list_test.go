package transfer_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/usertext"
	"github.com/artifact-cli/artifact/pkg/transfer"
)

// read returns a list as text, with one line for each entry.
func read(inputs transfer.Inputs) string {
	var all strings.Builder
	for input, err := range inputs {
		if err != nil {
			fmt.Fprintf(&all, "error: %v\n", err)
			continue
		}
		fmt.Fprintf(&all, "%q %q", input.ID, input.Path)
		if input.Remote {
			fmt.Fprintf(&all, " remote %v", input.Digests)
		}
		if input.Algorithm != "" {
			fmt.Fprintf(&all, " %s", input.Algorithm)
		}
		if input.Duration != nil {
			fmt.Fprintf(&all, " %v", *input.Duration)
		}
		if input.Tag != "" {
			fmt.Fprintf(&all, " tag %s", input.Tag)
		}
		all.WriteString("\n")
	}
	return all.String()
}

func list(text string) transfer.List {
	return transfer.List{Name: "L", Reader: iotest.OneByteReader(strings.NewReader(text))}
}

func TestSums(t *testing.T) {
	t.Parallel()
	sha := strings.Repeat("a", 64)
	for text, want := range map[string]string{
		sha + "  a b\n":                        `"` + sha + `" "a b"`,
		sha + " *a\n":                          `"` + sha + `" "a"`,
		"SHA256 (a (b) = c) = " + sha:          `"` + sha + `" "a (b) = c"`,
		"BLAKE3 (x) = " + sha + "\r\n":         `"` + sha + `" "x"`,
		`\k  a\nb\\c\rd` + "\n":                `"k" "a\nb\\c\rd"`,
		`\SHA256 (a\nb) = k`:                   `"k" "a\nb"`,
		`\a\\b  c`:                             `"a\\b" "c"`,
		"k   a":                                `"k" " a"`,
		"k  *a":                                `"k" "*a"`,
		"k **a":                                `"k" "*a"`,
		"k  a\r\n":                             `"k" "a"`,
		"#k  a":                                `"#k" "a"`,
		"# a comment\n\nk  a\n":                `"k" "a"`,
		sha + "  -":                            `"` + sha + `" "-" remote [sha256 blake3]`,
		"k  -":                                 `"k" "-" remote []`,
		"k  a\nk2  b":                          "\"k\" \"a\"\n\"k2\" \"b\"",
		"":                                     "",
		"\n\n":                                 "",
		"k":                                    "error: reading L, line 1: it is neither HASH  PATH nor NAME (PATH) = HASH",
		"k a":                                  "error: reading L, line 1: it is neither HASH  PATH nor NAME (PATH) = HASH",
		"k  ":                                  "error: reading L, line 1: it is neither HASH  PATH nor NAME (PATH) = HASH",
		"  a":                                  "error: reading L, line 1: it is neither HASH  PATH nor NAME (PATH) = HASH",
		"k\t a":                                "error: reading L, line 1: it is neither HASH  PATH nor NAME (PATH) = HASH",
		"sha256 (a) = k":                       "error: reading L, line 1: it is neither HASH  PATH nor NAME (PATH) = HASH",
		"SHA256 () = k":                        "error: reading L, line 1: it is neither HASH  PATH nor NAME (PATH) = HASH",
		"SHA256 (a) = ":                        "error: reading L, line 1: invalid artifact id: it is empty",
		"\ufeffk  a\r\nk2 *b\r\n":              "\"k\" \"a\"\n\"k2\" \"b\"",
		"\xff\xfek\x00":                        "error: reading L, line 1: " + usertext.ErrUTF16.Error(),
		"a/b  c\nk  a":                         "error: reading L, line 1: invalid artifact id \"a/b\": it contains '/'; slashes, white space and control characters are not allowed\n\"k\" \"a\"",
		`\k  a\x`:                              `error: reading L, line 1: it contains an escape other than \n, \r and \\`,
		`\k  a\`:                               `error: reading L, line 1: it ends in the middle of an escape`,
		strings.Repeat("x", 70_000) + "\nk  a": "error: reading L, line 1: the line is longer than 64 KiB\n\"k\" \"a\"",
	} {
		if want != "" {
			want += "\n"
		}
		if got := read(list(text).Sums()); got != want {
			t.Errorf("%.100q:\n%s\nwant\n%s", text, got, want)
		}
	}
	broken := transfer.List{Name: "L", Reader: io.MultiReader(strings.NewReader("k  a\nk"), iotest.ErrReader(errors.New("gone")))}
	if got, want := read(broken.Sums()), "\"k\" \"a\"\nerror: reading L, line 2: gone\n"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestIDs(t *testing.T) {
	t.Parallel()
	text := "k\n\nk2  a\r\n" + `\k` + "\r\nSHA256 (b) = k3\n# a comment\na/b\nk4 a\n"
	want := `"k" "" remote []
"k2" "a"
"\\k" "" remote []
"k3" "b"
error: reading L, line 7: invalid artifact id "a/b": it contains '/'; slashes, white space and control characters are not allowed
error: reading L, line 8: it is neither HASH  PATH nor NAME (PATH) = HASH
`
	if got := read(list(text).IDs()); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

func TestPaths(t *testing.T) {
	t.Parallel()
	like := transfer.Input{Algorithm: transfer.BLAKE3, ID: "k"}
	for _, test := range []struct {
		text       string
		terminator byte
		want       string
	}{
		{"a\n b \r\n\r\n\nc\r", '\n', "\"k\" \"a\" blake3\n\"k\" \" b \" blake3\n\"k\" \"c\" blake3\n"},
		{"\ufeffa\r\nb\ufeff\r\n", '\n', "\"k\" \"a\" blake3\n\"k\" \"b\\ufeff\" blake3\n"},
		{"\ufeffa\r\x00b\r\n\x00", 0, "\"k\" \"a\\r\" blake3\n\"k\" \"b\\r\\n\" blake3\n"},
		{"\xff\xfea\x00\n\x00", '\n', "error: reading L, line 1: " + usertext.ErrUTF16.Error() + "\n"},
		{"\xfe\xff\x00a\x00\n", '\n', "error: reading L, line 1: " + usertext.ErrUTF16.Error() + "\n"},
		{"a\nb\x00c\x00", 0, "\"k\" \"a\\nb\" blake3\n\"k\" \"c\" blake3\n"},
		{"-\n-n\n./-", '\n', "\"k\" \"./-\" blake3\n\"k\" \"-n\" blake3\n\"k\" \"./-\" blake3\n"},
		{"", '\n', ""},
	} {
		if got := read(list(test.text).Paths(test.terminator, like)); got != test.want {
			t.Errorf("%q: %s, want %s", test.text, got, test.want)
		}
	}
}

func TestManifest(t *testing.T) {
	t.Parallel()
	like := transfer.Input{Algorithm: transfer.SHA256}
	for text, want := range map[string]string{
		`{"path":"a"}`: `"" "a" sha256`,
		` {"path":"a\nb","hash":"k","algorithm":"blake3","durationMs":1500,"tag":"dGFn"} ` + "\r": `"k" "a\nb" blake3 1.5s tag dGFn`,
		"\n" + `{"path":"a","durationMs":0}`:                                                      `"" "a" sha256 0s`,
		`{"path":"a","hash":null}`:                                                                `"" "a" sha256`,
		`{"path":"a","path":"b"}`:                                                                 "error: reading L, line 1: path appears twice",
		`{"path":"a","hash":"k","Hash":null}`:                                                     "error: reading L, line 1: Hash appears twice",
		`{"path":""}`:                                                                             "error: reading L, line 1: it has no path",
		`{}`:                                                                                      "error: reading L, line 1: it has no path",
		`null`:                                                                                    "error: reading L, line 1: it has no path",
		`{"path":"a","hahs":"k"}`:                                                                 `error: reading L, line 1: it is not a manifest entry: column 1: unknown field "hahs"`,
		`{"path":"a","hash":""}`:                                                                  "error: reading L, line 1: hash: invalid artifact id: it is empty",
		`{"path":"a","algorithm":"md5"}`:                                                          `error: reading L, line 1: algorithm: unknown algorithm "md5"; choose from sha256, sha512, blake3`,
		`{"path":"a","durationMs":-1}`:                                                            "error: reading L, line 1: durationMs: it must be from 0 to 292 years, not -1 ms",
		`{"path":"a","durationMs":9223372036854775807}`:                                           "error: reading L, line 1: durationMs: it must be from 0 to 292 years, not 9223372036854775807 ms",
		`{"path":"a","tag":"no base64"}`:                                                          "error: reading L, line 1: invalid metadata: X-Artifact-Tag: it is not base64",
		`{"path":["a"]}`:                                                                          `error: reading L, line 1: it is not a manifest entry: column 9: "path" must be a string, not an array`,
		`[{"path":"a"}]`:                                                                          "error: reading L, line 1: it is not a manifest entry: column 1: it is an array: put each object on its own line, as jq -c '.[]' does",
		`{"path":"a"`:                                                                             "error: reading L, line 1: it is not a manifest entry: column 11: it ends too early",
		"\ufeff" + `{"path":"a"}`:                                                                 `"" "a" sha256`,
		`{"path":"a"} {"path":"b"}`:                                                               "error: reading L, line 1: there is more after the object",
		"{\"path\":\"\xff\"}\n{\"path\":\"b\"}":                                                   "error: reading L, line 1: it is not valid UTF-8\n\"\" \"b\" sha256",
	} {
		if got := read(list(text).Manifest(like)); got != want+"\n" {
			t.Errorf("%q:\n%s\nwant\n%s", text, got, want)
		}
	}
	if got := read(list("[\n" + strings.Repeat("[", 60_000)).Manifest(like)); strings.Count(got, "error:") != 2 {
		t.Error(got)
	}
}

// FuzzSums checks that entries round-trip, and that every error is a ListError.
func FuzzSums(f *testing.F) {
	for _, seed := range []string{
		"", "k  a", "k *a", "SHA256 (a) = k", `\k  a\nb`, `\a\\b  c\\d\r`, "#", "\\", "\\  ", "k  -", "a/b  c", "k\x00  a", "é  \xff",
		"SHA512/256 (a) = b) = c", strings.Repeat("a", 64) + "  b\r\n\r\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for input, err := range (transfer.List{Name: "L", Reader: strings.NewReader(text)}).Sums() {
			if err != nil {
				if !errors.As(err, new(*transfer.ListError)) {
					t.Errorf("%v", err)
				}
				continue
			}
			if _, err := artifact.ParseID(string(input.ID)); err != nil || input.Path == "" {
				t.Errorf("%+v, %v", input, err)
			}
			line := sumLine(string(input.ID), input.Path)
			count := 0
			for again, err := range (transfer.List{Reader: strings.NewReader(line)}).Sums() {
				if count++; err != nil || again.ID != input.ID || again.Path != input.Path {
					t.Errorf("%q is read as %+v, %v; want %+v", line, again, err, input)
				}
			}
			if count != 1 {
				t.Errorf("%q has %d entries", line, count)
			}
		}
	})
}

// sumLine formats a line like put.
func sumLine(id, path string) string {
	line := id + "  " + path
	if strings.ContainsAny(line, "\n\r\\") {
		line = `\` + strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`).Replace(line)
	}
	return line + "\n"
}

// FuzzManifest checks that entries are within all limits, and round-trip.
func FuzzManifest(f *testing.F) {
	for _, seed := range []string{
		"", "{}", `{"path":"a"}`, `{"path":"a","hash":"k","algorithm":"blake3","durationMs":1,"tag":"dGFn"}`, `{"path":"a"}{}`,
		`{"path":"a","durationMs":1e3}`, `{"PATH":"a"}`, `{"path":"\ud800"}`, "null", "[]", `{"path":"a","hash":"\u0000"}`,
	} {
		f.Add(seed)
	}
	like := transfer.Input{Algorithm: transfer.SHA256}
	f.Fuzz(func(t *testing.T, text string) {
		for input, err := range (transfer.List{Name: "L", Reader: strings.NewReader(text)}).Manifest(like) {
			if err != nil {
				if !errors.As(err, new(*transfer.ListError)) {
					t.Errorf("%v", err)
				}
				continue
			}
			entry := map[string]any{"path": input.Path, "algorithm": input.Algorithm, "tag": input.Tag}
			if input.ID != "" {
				entry["hash"] = input.ID
			}
			if input.Duration != nil {
				entry["durationMs"] = input.Duration.Milliseconds()
			}
			line, err := json.Marshal(entry)
			if err != nil {
				t.Fatal(err)
			}
			one := func(yield func(transfer.Input, error) bool) { yield(input, nil) }
			if got := read((transfer.List{Reader: strings.NewReader(string(line))}).Manifest(like)); got != read(one) {
				t.Errorf("%s is read as %s, want %s", line, got, read(one))
			}
			if input.Path == "" || input.Duration != nil && (*input.Duration < 0 || *input.Duration > math.MaxInt64/time.Millisecond*time.Millisecond) {
				t.Errorf("%+v", input)
			}
		}
	})
}
