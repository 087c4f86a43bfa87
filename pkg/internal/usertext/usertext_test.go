package usertext

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/artifact-cli/artifact/pkg/internal/must"
)

func TestParseValue(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"team1":           "team1",
		" team1\r\n":      "team1",
		"\ufeffteam1\n":   "team1",
		"\n\ufeff team1 ": "team1",
		"\u00a0team1\t":   "team1",
		"":                "",
		" \r\n":           "",
		`"`:               `"`,
		`te"am`:           `te"am`,
		"bearer":          "bearer",
		"bearers x":       "bearers x",
	} {
		if got, err := ParseValue(raw); err != nil || got != want {
			t.Errorf("%q: %q, %v, want %q", raw, got, err, want)
		}
	}
	const again = ": remove it"
	for raw, want := range map[string]string{
		"a\nb":          "it contains a line break" + again,
		"a\rb":          "it contains a line break" + again,
		"a\tb":          "it contains a tab" + again,
		"a\x00b":        "it contains the invisible character U+0000" + again,
		"a\x1b[0mb":     "it contains the invisible character U+001B" + again,
		"a\x7f":         "it contains the invisible character U+007F" + again,
		"a\u200b":       "it contains the invisible character U+200B" + again,
		"a\ufeffb":      "it contains a byte order mark (U+FEFF)" + again,
		`"team1"`:       errQuoted.Error(),
		`'team1'`:       errQuoted.Error(),
		"`team1`":       errQuoted.Error(),
		"“team1”":       errQuoted.Error(),
		"\"team1\"\r":   errQuoted.Error(),
		`""`:            errQuoted.Error(),
		"Bearer s3cret": errBearer.Error(),
		"bearer  s3":    errBearer.Error(),
	} {
		if got, err := ParseValue(raw); err == nil || err.Error() != want || got != "" {
			t.Errorf("%q: %q, %v, want %s", raw, got, err, want)
		}
	}
}

func TestParseURL(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"https://cache.example.com:65535/x": "",
		"ftp://[::1]:1":                     "",
		"cache.example.com":                 `"cache.example.com" must begin with https:// or http://: write https://cache.example.com`,
		"cache.example.com/path":            `"cache.example.com/path" must begin with https:// or http://: write https://cache.example.com/path`,
		"localhost:3000":                    `"localhost:3000" must begin with https:// or http://: write http://localhost:3000`,
		"127.0.0.1:3000":                    `"127.0.0.1:3000" must begin with https:// or http://: write http://127.0.0.1:3000`,
		"[::1]:3000":                        `"[::1]:3000" must begin with https:// or http://: write http://[::1]:3000`,
		"https:/cache":                      `"https:/cache" must begin with https:// or http://`,
		"cache:99999":                       `"cache:99999" must begin with https:// or http://`,
		"":                                  "it must begin with https:// or http://",
		"user:s3cret@cache":                 "it must begin with https:// or http://",
		"https://":                          "it names no host: write https://cache.example.com, for example",
		"https://:3000":                     "it names no host: write https://cache.example.com, for example",
		"https://cache:99999":               "port 99999 does not exist: ports end at 65535",
		"https://cache:0":                   "port 0 does not exist: ports end at 65535",
		"https://cache:port":                `"https://cache:port" is not a valid URL, such as https://cache.example.com`,
		"https://a b":                       `"https://a b" is not a valid URL, such as https://cache.example.com`,
		"https://%zz":                       `"https://%zz" is not a valid URL, such as https://cache.example.com`,
		"https://[::1":                      `"https://[::1" is not a valid URL, such as https://cache.example.com`,
		"https://u:s3cret%zz@cache":         "it is not a valid URL; special characters in a password are written as %XX",
	} {
		got := ""
		if _, err := ParseURL(raw); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: %s, want %s", raw, got, want)
		}
	}
}

func TestReadFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "text")
	for written, want := range map[string]string{
		"a\r\n":         "a\r\n",
		"\ufeffa\r\nb":  "a\r\nb",
		"\ufeff\ufeffa": "\ufeffa",
		"":              "",
		"\xff\xfea\x00": "reading " + path + ": " + ErrUTF16.Error(),
		"\xfe\xff\x00a": "reading " + path + ": " + ErrUTF16.Error(),
		"1234567890":    "1234567890",
		"\ufeff1234567": "1234567",
		"12345678901":   "reading " + path + ": it is larger than 0 KiB",
		"\xef\xbb":      "\xef\xbb",
		"\xff":          "\xff",
	} {
		must.Do(t, os.WriteFile(path, []byte(written), 0o600))
		text, err := ReadFile(path, 10)
		got := string(text)
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: %q, want %q", written, got, want)
		}
	}
}

// TestSkipMark also checks that a short line is not waited for.
func TestSkipMark(t *testing.T) {
	t.Parallel()
	for written, want := range map[string]string{
		"a": "a", "": "", "\ufeffa": "a", "\xef\xbb": "\xef\xbb", "\xff": "\xff", "\ufeff": "",
		"\xff\xfea": ErrUTF16.Error(), "\xfe\xff": ErrUTF16.Error(),
	} {
		buffered := bufio.NewReader(strings.NewReader(written))
		got := ""
		if err := SkipMark(buffered); err != nil {
			got = err.Error()
		} else {
			rest, _ := io.ReadAll(buffered) // of a string
			got = string(rest)
		}
		if got != want {
			t.Errorf("%q: %q, want %q", written, got, want)
		}
	}
	reader, writer := io.Pipe()
	defer writer.Close()
	go func() { _, _ = writer.Write([]byte("a")) }()
	if err := SkipMark(bufio.NewReader(reader)); err != nil { // and does not wait for more
		t.Error(err)
	}
}
