package identity

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

const (
	// maxToken is the longest token accepted, in bytes. Few servers accept longer
	// headers.
	maxToken = 16 << 10
	// leeway is how far in the future a token may begin: clocks differ.
	leeway = 5 * time.Minute
)

// claims are those of a job's token (RFC 7519, section 4.1). Its signature is not
// checked.
type claims struct {
	Subject  string   `json:"sub"`
	Issuer   string   `json:"iss"`
	Audience audience `json:"aud"`
	// Zero if the token does not say.
	Issued    numericDate `json:"iat"`
	NotBefore numericDate `json:"nbf"`
	Expires   numericDate `json:"exp"`
}

var (
	errNotJWT     = errors.New("it is not a JWT")
	errNotBearer  = errors.New("it is not a bearer token")
	errTooLong    = fmt.Errorf("it is longer than %d KiB", maxToken>>10)
	errEmptyToken = errors.New("it is empty")
	errBadClaims  = errors.New("its claims are not valid")
)

// parseClaims parses an untrusted token. Its errors do not contain it.
func parseClaims(token string) (claims, error) {
	switch {
	case token == "":
		return claims{}, errEmptyToken
	case len(token) > maxToken:
		return claims{}, errTooLong
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return claims{}, errNotJWT
	}
	var payload []byte
	for i, part := range parts {
		text, err := base64.RawURLEncoding.DecodeString(part)
		// The decoder ignores line breaks.
		if err != nil || len(text) == 0 || strings.ContainsAny(part, "\r\n") {
			return claims{}, errNotJWT
		}
		if i == 1 {
			payload = text
		}
	}
	var c claims
	if json.Unmarshal(payload, &c) != nil {
		return claims{}, errBadClaims
	}
	return c, nil
}

// audience is a name or a list of names.
type audience []string

func (a *audience) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(a))
}

// numericDate is seconds since 1970, maybe with a fraction.
type numericDate struct{ time.Time }

// maxDate is the end of the year 9999.
const maxDate = 253402300799

func (d *numericDate) UnmarshalJSON(text []byte) error {
	var seconds float64
	if err := json.Unmarshal(text, &seconds); err != nil {
		return err
	}
	if !(seconds > 0 && seconds <= maxDate) {
		return errBadClaims
	}
	whole, fraction := math.Modf(seconds)
	d.Time = time.Unix(int64(whole), int64(fraction*float64(time.Second)))
	return nil
}

// check compares the token's times with this machine's clock, and its audience
// with wanted, if not empty.
func (c claims) check(now time.Time, wanted string) error {
	begins, ends := c.NotBefore.Time, c.Expires.Time
	if c.Issued.After(begins) {
		begins = c.Issued.Time
	}
	if begins.After(now.Add(leeway)) || !ends.IsZero() && !now.Before(ends) {
		return fmt.Errorf("%w: it is valid%s, and this machine's clock says %s", ErrClock, validity(begins, ends), clock(now))
	}
	if wanted != "" && !slices.Contains(c.Audience, wanted) {
		return fmt.Errorf("%w: %q, not %q", ErrAudience, strings.Join(c.Audience, " "), wanted)
	}
	return nil
}

func validity(begins, ends time.Time) string {
	text := ""
	if !begins.IsZero() {
		text = " from " + clock(begins)
	}
	if !ends.IsZero() {
		text += " until " + clock(ends)
	}
	return text
}

func clock(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// checkBearer checks the form of a token (RFC 6750, section 2.1). Its errors do
// not contain it.
func checkBearer(token string) error {
	switch {
	case token == "":
		return errNotBearer
	case len(token) > maxToken:
		return errTooLong
	case token == "" || strings.Trim(token, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-._~+/=") != "":
		return errNotBearer
	}
	return nil
}
