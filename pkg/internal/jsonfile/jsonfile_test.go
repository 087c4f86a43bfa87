package jsonfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

type document struct {
	Name  string `json:"name"`
	Inner struct {
		On bool `json:"on"`
	} `json:"inner"`
}

func TestDecode(t *testing.T) {
	t.Parallel()
	want := document{Name: "a//b"}
	want.Inner.On = true
	for _, text := range []string{
		`{"name":"a//b","inner":{"on":true}}`,
		"\ufeff{\"name\":\"a//b\",\"inner\":{\"on\":true}}",
		"// c\n{/* c */\"name\":\"a//b\",\r\n\"inner\":{\"on\":true,},} // end",
		`{"NAME":"a//b","inner":{"on":true},"other":[1,2,],}`,
	} {
		var got document
		if err := Decode([]byte(text), &got); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
}

func TestDecodeTellsThePlace(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                 "line 1, column 1: unexpected end of JSON input",
		"{\n  \"name\": \"é\" x\n}":        `line 2, column 15: invalid character 'x' after object key:value pair`,
		"// ä\n{\"name\": secret}":         `line 2, column 10: invalid character 's' looking for beginning of value`,
		"{\n\t\"name\": 5}":                `line 2, column 10: "name" must be a string, and is of type number`,
		"{\"inner\": {\n\"on\": \"yes\"}}": `line 2, column 11: "inner.on" must be true or false, and is of type string`,
		"{\"inner\": []}":                  `line 1, column 11: "inner" must be an object, and is of type array`,
		"[]":                               `line 1, column 1: the document must be an object, and is of type array`,
		"\ufeff{,x":                        `line 1, column 2: invalid character ',' looking for beginning of object key string`,
		"{} /* open":                       `line 1, column 4: invalid character '/' after top-level value`,
		`{"name":"a"`:                      "line 1, column 11: unexpected end of JSON input",
	} {
		err := Decode([]byte(text), new(document))
		if err == nil || err.Error() != want {
			t.Errorf("%q:\n%v, want\n%s", text, err, want)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	large := filepath.Join(dir, "large")
	if err := os.WriteFile(large, []byte(strings.Repeat(" ", MaxSize+1)), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]error{
		filepath.Join(dir, "missing"): fs.ErrNotExist,
		dir:                           ErrNotRegular,
		large:                         ErrTooLarge,
	} {
		if err := Read(path, new(document)); !errors.Is(err, want) || strings.Contains(err.Error(), dir) {
			t.Errorf("%s: %v, want %v", path, err, want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{"", "{}", `{"name":1}`, "/*", "//", `"\`, "[,]", "\ufeff", "{\"inner\":{\"on\":3}}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var syntax *SyntaxError
		if err := Decode([]byte(text), new(document)); err != nil && (!errors.As(err, &syntax) || syntax.Line < 1 || syntax.Column < 1) {
			t.Fatalf("%q: %v", text, err)
		}
	})
}
