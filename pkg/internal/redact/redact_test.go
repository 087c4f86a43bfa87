package redact

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/artifact-cli/artifact/pkg/internal/printable"
)

func TestRedactorHidesEveryForm(t *testing.T) {
	t.Parallel()
	const secret = `p<a&s"s/w ö+rd=@\%`
	var redactor Redactor
	redactor.Add(secret)

	withHTML, err := json.Marshal(map[string]string{"token": secret})
	if err != nil {
		t.Fatal(err)
	}
	var withoutHTML bytes.Buffer
	encoder := json.NewEncoder(&withoutHTML)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(secret); err != nil {
		t.Fatal(err)
	}
	proxy := &url.URL{Scheme: "http", Host: "proxy:3128", User: url.UserPassword("user", secret)}
	for _, test := range []struct{ name, text, want string }{
		{"raw", "Bearer " + secret + ".", "Bearer ***."},
		{"twice", secret + secret + "-" + secret, "******-***"},
		{"JSON", string(withHTML), `{"token":"***"}`},
		{"JSON without HTML escapes", withoutHTML.String(), "\"***\"\n"},
		{"quoted by Go", fmt.Sprintf("%q", secret), `"***"`},
		{"query", url.Values{"token": {secret}}.Encode(), "token=***"},
		{"path", (&url.URL{Path: "/v8/x"}).String() + "/" + url.PathEscape(secret), "/v8/x/***"},
		{"userinfo", proxy.String(), "http://user:***@proxy:3128"},
		{"base64", base64.StdEncoding.EncodeToString([]byte(secret)), "***"},
		{"base64 for URLs", base64.RawURLEncoding.EncodeToString([]byte(secret)), "***"},
		{"nothing", "nothing to hide", "nothing to hide"},
	} {
		if got := redactor.String(test.text); got != test.want {
			t.Errorf("%s: %q became %q, want %q", test.name, test.text, got, test.want)
		}
	}
}

// However long the user's name is, at most one character of the encoded
// password is left at each end.
func TestRedactorHidesBasicAuthorization(t *testing.T) {
	t.Parallel()
	const password = "correct horse battery"
	var redactor Redactor
	redactor.Add(password)
	for n := range 7 {
		request := &http.Request{Header: http.Header{}}
		request.SetBasicAuth(strings.Repeat("u", n), password)
		header := request.Header.Get("Authorization")
		clean := redactor.String(header)
		if !strings.Contains(clean, mask) {
			t.Errorf("%q became %q", header, clean)
		}
		before, after, _ := strings.Cut(clean, mask)
		if user := (n + len(":")) * 8; len(before) > len("Basic ")+(user+5)/6 {
			t.Errorf("%q became %q: more than the user is left at the beginning", header, clean)
		}
		if len(after) > len("x==") {
			t.Errorf("%q became %q: %q is left", header, clean, after)
		}
	}
}

func TestRedactorHidesWhatWasMadePrintable(t *testing.T) {
	t.Parallel()
	const secret = "raw\x00key of\n\tbytes\xff"
	var redactor Redactor
	redactor.Add(secret)
	for _, text := range []string{printable.Text(secret), printable.Line(secret, 100), fmt.Sprintf("%q", secret)} {
		if got := strings.Trim(redactor.String(text), `"`); got != mask {
			t.Errorf("%q became %q", text, got)
		}
	}
}

func TestRedactorShortSecrets(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ secret, text, want string }{
		{"", "text", "text"},
		{" \n", "a  \n b", "a  \n b"},
		{"abc", "abc", "abc"},
		{"test", "testdata/contest test-results Bearer test, (test) test", "testdata/contest test-results Bearer ***, (***) ***"},
		{"hunter2", "http://u:hunter2@proxy", "http://u:***@proxy"},
		{"password", "passwords", "***s"},
		{" key with newline\n", "a key with newline\n", "a ***\n"},
	} {
		var redactor Redactor
		redactor.Add(test.secret)
		if got := redactor.String(test.text); got != test.want {
			t.Errorf("%q: %q became %q, want %q", test.secret, test.text, got, test.want)
		}
	}
}

func TestRedactorOverlappingSecrets(t *testing.T) {
	t.Parallel()
	var redactor Redactor
	for _, secret := range []string{"abcdefgh", "fghijklm", "cdefgh12"} {
		redactor.Add(secret)
	}
	redactor.Add("repeated repeated")
	if got, want := redactor.String("xabcdefghijklmy abcdefgh12 repeated repeated repeated."), "x***y *** ***."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWriter(t *testing.T) {
	t.Parallel()
	var redactor Redactor
	var out bytes.Buffer
	writer := redactor.Writer(&out)
	step := func(text, want string) {
		t.Helper()
		if n, err := writer.Write([]byte(text)); n != len(text) || err != nil {
			t.Errorf("Write(%q) = %d, %v", text, n, err)
		}
		if out.String() != want {
			t.Errorf("after %q there is %q, want %q", text, out.String(), want)
		}
		out.Reset()
	}
	step("secret-token\n", "secret-token\n") // not known yet
	redactor.Add("secret-token")
	step("a secret-token\n", "a ***\n")
	step("\r\x1b[Jbar\r", "\r\x1b[Jbar\r")
	step("a sec", "a ")
	step("ret-to", "")
	step("ken\n", "***\n")
	step("a sec", "a ")
	step("ond\n", "second\n")
	redactor.Add("tok-tok-")
	step("tok-tok-", "") // its second half may be the first half of another
	step("!", "***!")
	step("secr", "")
	if err := writer.Flush(); err != nil || out.String() != "secr" {
		t.Errorf("Flush gives %v and %q", err, out.String())
	}
	out.Reset()
	step("et\n", "et\n")
}

func TestWriterReportsWriteError(t *testing.T) {
	t.Parallel()
	broken := brokenWriter{errors.New("broken")}
	var redactor Redactor
	redactor.Add("secret-token")
	writer := redactor.Writer(broken)
	if _, err := writer.Write([]byte("line\n")); !errors.Is(err, broken.err) {
		t.Errorf("Write gives %v", err)
	}
	if _, err := writer.Write([]byte("secret")); err != nil {
		t.Errorf("a Write that is held back gives %v", err)
	}
	if err := writer.Flush(); !errors.Is(err, broken.err) {
		t.Errorf("Flush gives %v", err)
	}
}

// A secret is never printed, however it is split, and everything else is.
func FuzzWriter(f *testing.F) {
	f.Add("secret-token", "a ", " b", uint8(5))
	f.Add("tok-tok-", "tok-", "tok-", uint8(9))
	f.Add("aaaaaaaa", "aaa", "", uint8(1))
	f.Add("with\nnew\nlines", "with\nnew", "\n", uint8(3))
	f.Fuzz(func(t *testing.T, secret, head, tail string, piece uint8) {
		secret = strings.TrimSpace(secret)
		if len(secret) < shortestAnywhere || strings.Contains(secret, "*") {
			t.Skip("not hidden everywhere, or not told from the mask")
		}
		var redactor Redactor
		redactor.Add(secret)
		var out bytes.Buffer
		writer := redactor.Writer(&out)
		text := []byte(head + secret + tail)
		for size := max(int(piece), 1); len(text) > 0; text = text[min(size, len(text)):] {
			if _, err := writer.Write(text[:min(size, len(text))]); err != nil {
				t.Fatal(err)
			}
		}
		if err := writer.Flush(); err != nil {
			t.Fatal(err)
		}
		if want := redactor.String(head + secret + tail); out.String() != want || strings.Contains(want, secret) {
			t.Errorf("it wrote %q, want %q", out.String(), want)
		}
	})
}

type brokenWriter struct{ err error }

func (w brokenWriter) Write([]byte) (int, error) { return 0, w.err }
