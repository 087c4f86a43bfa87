package client

import (
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/artifact-cli/artifact/pkg/internal/reply"
)

// TestEchoIsNeverCut shows no part of a token that a server repeats where its text
// is cut: at the cap, at the end of a broken answer, and at the longest line.
func TestEchoIsNeverCut(t *testing.T) {
	t.Parallel()
	encoded := base64.StdEncoding.EncodeToString([]byte("user:" + fuzzToken))
	for name, test := range map[string]struct{ body, want string }{
		"behind blanks":   {"refused" + strings.Repeat(" ", reply.MaxBytes-len("refused")-9) + fuzzToken, "refused"},
		"at the cap":      {strings.Repeat(" ", reply.MaxBytes-3) + fuzzToken, ""},
		"before the cap":  {strings.Repeat(" ", reply.MaxBytes-len(fuzzToken)) + fuzzToken + " is refused", "***"},
		"at the longest":  {strings.Repeat("x", 290) + fuzzToken, strings.Repeat("x", 290) + "***"},
		"in base64":       {strings.Repeat("x", 280) + " " + encoded, strings.Repeat("x", 280) + " " + encoded[:7] + "***" + encoded[len(encoded)-3:]},
		"JSON, in base64": {`{"message":"` + strings.Repeat("x", 280) + " " + encoded + `"}`, strings.Repeat("x", 280) + " " + encoded[:7] + "***" + encoded[len(encoded)-3:]},
	} {
		a := fuzzAnswer(http.MethodPut, &url.URL{}, http.StatusForbidden, http.Header{}, test.body)
		if _, got := a.Explanation(); got != test.want {
			t.Errorf("%s: %.400q, want %.400q", name, got, test.want)
		}
	}
	a := fuzzAnswer(http.MethodPut, &url.URL{}, http.StatusForbidden, http.Header{}, "")
	a.Body = io.NopCloser(io.MultiReader(strings.NewReader("refused: "+fuzzToken[:12]), iotest.ErrReader(errors.New("reset"))))
	if _, got := a.Explanation(); got != "refused:" {
		t.Errorf("broken: %q", got)
	}
}
