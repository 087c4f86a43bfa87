package client_test

import (
	"slices"
	"testing"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
)

// TestQueryReadsEachEntry whether all can be read at once or one of them not at
// all, of which nothing is known then.
func TestQueryReadsEachEntry(t *testing.T) {
	t.Parallel()
	const readable = `"good": {"size": 5, "tag": "t"}, "none": null, "failed": {"size": 5, "error": {}}, "no error": {"size": 5, "error": null}`
	ids := []artifact.ID{"good", "none", "failed", "no error", "other", "unmentioned"}
	want := []client.Answer{
		{Presence: client.Present, Found: client.Found{ID: "good", Size: 5, Metadata: artifact.Metadata{Tag: "t"}}},
		{Presence: client.Missing}, {}, {}, {}, {},
	}
	for _, other := range []string{
		`"unasked": null`, `"other": {"size": "5"}`, `"other": {"size": 5.5}`, `"other": [{"size": 5}]`, `"other": true`,
		`"other": {"tag": {}}`, `"other": {"taskDurationMs": "x"}`, `"other": 1e999`, `"other": {"size": 99999999999999999999}`,
	} {
		for _, text := range []string{"{" + readable + "," + other + "}", "{" + other + "," + readable + "}"} {
			r, c := serve(t, answering(200, "application/json", text))
			for range 2 { // and not only once, as where there is no query
				got, err := c.Query(t.Context(), ids)
				if err != nil || !slices.Equal(got, want) {
					t.Errorf("%s\n%+v, %v\nwant %+v", text, got, err, want)
				}
			}
			if n := len(r.all()); n != 2 {
				t.Errorf("%s: asked %d times", text, n)
			}
		}
	}
}
