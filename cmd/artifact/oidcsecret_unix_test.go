//go:build unix

package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// TestJobIdentityEchoed hides the job's tokens also where a server repeats them
// in what is a result.
func TestJobIdentityEchoed(t *testing.T) {
	t.Parallel()
	oauth := exchanger(t)
	cache := record(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusAccepted)
		fmt.Fprintf(w, `{"urls":["https://cache.example/%s"]}`, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
	})
	for _, env := range [][]string{nil, {"ARTIFACT_OIDC_TOKEN_URL=" + oauth.URL + "/token"}} {
		got := call{args: []string{"put", "--json", "--no-git", "--oidc", "-"}, stdin: strings.NewReader(hello),
			env: append([]string{"CIRCLECI=true", "CIRCLE_OIDC_TOKEN_V2=" + jobToken(t, 1), "ARTIFACT_API=" + cache.URL}, env...)}.run(t)
		if got.code != 0 || !strings.Contains(got.stdout, `"urls":["https://cache.example/***"]`) || got.stderr != "" {
			t.Errorf("%+v", got)
		}
	}
}
