package reply

import "testing"

// TestReportsError finds the members that report an error under every spelling that
// JSON allows.
func TestReportsError(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		``:                                false,
		`{"urls":["https://x/error"]}`:    false,
		`{"URLs":[],"count":3}`:           false,
		`{"error":null,"errors":[]}`:      false,
		`{"error":"no"}`:                  true,
		`{"Errors":[1]}`:                  true,
		`{ "\u0065rror" : {"code":"x"} }`: true,
		`{"oK":false}`:                    true,
		"{\"o\u212a\":false}":             true, // the sign for Kelvin, which is a k in lower case
		`{"SUCCESS":false}`:               true,
		`{"statusCode":503}`:              true,
		`{"status":"failed"}`:             true,
		`{"status":"enabled"}`:            false,
		`["error"]`:                       false,
	} {
		if got := ReportsError([]byte(text)); got != want {
			t.Errorf("ReportsError(%s) = %t, want %t", text, got, want)
		}
	}
}
