package jsonfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/artifact-cli/artifact/pkg/internal/must"
	"github.com/artifact-cli/artifact/pkg/internal/usertext"
)

type document struct {
	Name  string `json:"name"`
	Inner struct {
		On bool `json:"on"`
	} `json:"inner"`
	Took float64 `json:"took"`
}

func TestDecode(t *testing.T) {
	t.Parallel()
	want := document{Name: "a//b"}
	want.Inner.On = true
	for _, text := range []string{
		`{"name":"a//b","inner":{"on":true}}`,
		"// c\n{/* c */\"name\":\"a//b\",\r\n\"inner\":{\"on\":true,},} // end",
		`{"NAME":"a//b","inner":{"on":true},"other":[1,2,],}`,
	} {
		var got document
		if err := decode([]byte(text), &got); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
}

func TestDecodeTellsThePlace(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                 "it is empty: remove it, or write {} to it",
		" \r\n":                            "it is empty: remove it, or write {} to it",
		"{\n  \"name\": \"é\" x\n}":        `line 2, column 15: invalid character 'x' after object key:value pair`,
		"// ä\n{\"name\": secret}":         `line 2, column 10: invalid character 's' looking for beginning of value`,
		"{\n\t\"name\": 5}":                `line 2, column 10: "name" must be a string, not a number`,
		"{\"inner\": {\n\"on\": \"yes\"}}": `line 2, column 11: "inner.on" must be true or false, not a string`,
		"{\"inner\": []}":                  `line 1, column 11: "inner" must be an object, not an array`,
		"{\"took\": \"5\"}":                `line 1, column 12: "took" must be a number, not a string`,
		"[]":                               `line 1, column 1: the document must be an object, not an array`,
		"{,x":                              `line 1, column 2: invalid character ',' looking for beginning of object key string`,
		"{} /* open":                       `line 1, column 4: invalid character '/' after top-level value`,
		`{"name":"a"`:                      "line 1, column 11: unexpected end of JSON input",
	} {
		err := decode([]byte(text), new(document))
		if err == nil || err.Error() != want {
			t.Errorf("%q:\n%v, want\n%s", text, err, want)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for path, want := range map[string]error{
		filepath.Join(dir, "missing"): fs.ErrNotExist,
		dir:                           ErrNotRegular,
	} {
		if err := Read(path, new(document)); !errors.Is(err, want) || strings.Contains(err.Error(), dir) {
			t.Errorf("%s: %v, want %v", path, err, want)
		}
	}
}

// TestReadText reads documents as programs on Windows save them.
func TestReadText(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "document")
	for text, want := range map[string]string{
		"\ufeff{\r\n\"name\":\"a\"\r\n}\r\n": "",
		"\xff\xfe{\x00}\x00":                 usertext.ErrUTF16.Error(),
		strings.Repeat(" ", MaxSize+1):       "it is larger than 1024 KiB",
	} {
		must.Do(t, os.WriteFile(path, []byte(text), 0o600))
		var got document
		err := Read(path, &got)
		if want == "" && (err != nil || got.Name != "a") || want != "" && (err == nil || err.Error() != want) {
			t.Errorf("%.20q: %+v, %v, want %s", text, got, err, want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{"", "{}", `{"name":1}`, "/*", "//", `"\`, "[,]", "\ufeff", "{\"inner\":{\"on\":3}}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var syntax *SyntaxError
		if err := decode([]byte(text), new(document)); err != nil && !errors.Is(err, errEmpty) && (!errors.As(err, &syntax) || syntax.Line < 1 || syntax.Column < 1) {
			t.Fatalf("%q: %v", text, err)
		}
	})
}
