package identity

import (
	"encoding/base64"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

// TestClaims reads what a token says, and nothing that is none.
func TestClaims(t *testing.T) {
	t.Parallel()
	got, err := parseClaims(jwt(t, map[string]any{
		"sub": "s", "iss": "i", "aud": []string{"a", "b"}, "iat": 1.5, "nbf": 2, "exp": 253402300799, "other": map[string]any{"aud": 1},
	}))
	want := claims{
		subject: "s", issuer: "i", audience: []string{"a", "b"}, issued: time.Unix(1, 5e8), notBefore: time.Unix(2, 0),
		expires: time.Unix(253402300799, 0),
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := parseClaims(jwt(t, nil)); err != nil || !reflect.DeepEqual(got, claims{}) {
		t.Errorf("of nothing: %+v, %v", got, err)
	}
	good := jwt(t, map[string]any{"sub": "canary"})
	parts := strings.Split(good, ".")
	for name, test := range map[string]struct {
		token string
		want  error
	}{
		"empty":         {"", errEmptyJWT},
		"too long":      {strings.Repeat("x", maxToken+1), errTooLong},
		"one part":      {"canary", errNoJWT},
		"two parts":     {parts[0] + "." + parts[1], errNoJWT},
		"four parts":    {good + ".x", errNoJWT},
		"unsigned":      {parts[0] + "." + parts[1] + ".", errNoJWT},
		"line end":      {strings.Replace(good, ".", ".\n", 1), errNoJWT},
		"space":         {good + " ", errNoJWT},
		"other base64":  {parts[0] + "." + parts[1] + "=." + parts[2], errNoJWT},
		"no JSON":       {parts[0] + "." + parts[0][:4] + "." + parts[2], errSurprised},
		"a list":        {parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte("[]")) + "." + parts[2], errSurprised},
		"a date's name": {jwt(t, map[string]any{"exp": "tomorrow"}), errSurprised},
		"past the end":  {jwt(t, map[string]any{"exp": 1e30}), errSurprised},
		"before time":   {jwt(t, map[string]any{"nbf": -1}), errSurprised},
		"odd audience":  {jwt(t, map[string]any{"aud": 1}), errSurprised},
	} {
		if got, err := parseClaims(test.token); !errors.Is(err, test.want) || !reflect.DeepEqual(got, claims{}) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// TestClock refuses a token that is not valid by this machine's clock, with a
// leeway for tokens of a moment ago.
func TestClock(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		issued, notBefore, expires time.Duration // from now; 0 is not told
		want                       string
	}{
		"good":            {-time.Minute, -time.Minute, time.Minute, ""},
		"of no time":      {0, 0, 0, ""},
		"a little ahead":  {4 * time.Minute, 0, time.Hour, ""},
		"ended":           {-2 * time.Hour, 0, -time.Hour, "from 2026-11-24T10:00:00Z until 2026-11-24T11:00:00Z"},
		"ends now":        {0, 0, -1, "until 2026-11-24T11:59:59Z"},
		"begins later":    {0, 6 * time.Minute, time.Hour, "from 2026-11-24T12:06:00Z until 2026-11-24T13:00:00Z"},
		"of the future":   {time.Hour, 0, 0, "from 2026-11-24T13:00:00Z"},
		"of both futures": {time.Hour, 2 * time.Hour, 0, "from 2026-11-24T14:00:00Z"},
	} {
		at := func(d time.Duration) time.Time {
			if d == 0 {
				return time.Time{}
			}
			return noon.Add(d)
		}
		err := claims{issued: at(test.issued), notBefore: at(test.notBefore), expires: at(test.expires)}.check(noon, "")
		want := ErrClock.Error() + ": it is valid " + test.want + ", and this machine's clock says 2026-11-24T12:00:00Z"
		if test.want == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		} else if !errors.Is(err, ErrClock) || err.Error() != want {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
}

// FuzzClaims parses anything without a fault, and lets no token through that
// would not fit a header or a line of a log.
func FuzzClaims(f *testing.F) {
	f.Add("e30.e30.e30")
	f.Add("eyJhIjoxfQ.eyJleHAiOjF9.x-_x")
	f.Add("a.b\n.c")
	f.Fuzz(func(t *testing.T, token string) {
		if _, err := parseClaims(token); err == nil {
			if err := checkBearer(token); err != nil {
				t.Errorf("%q: %v", token, err)
			}
		}
	})
}
