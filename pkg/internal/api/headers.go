package api

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
)

// The headers that describe an artifact. Downloads have all but the two about the
// client.
const (
	HeaderDuration    = "X-Artifact-Duration"
	HeaderCI          = "X-Artifact-Client-Ci"
	HeaderInteractive = "X-Artifact-Client-Interactive"
	HeaderTag         = "X-Artifact-Tag"
	HeaderSHA         = "X-Artifact-Sha"
	HeaderDirtyHash   = "X-Artifact-Dirty-Hash"
)

// The limits of header values, in characters.
const (
	MaxCI        = 50
	MaxTag       = 600
	MaxSHA       = 200
	MaxDirtyHash = 200
)

// CheckHeader checks the value of the header name, one of the constants above:
// its length and form, and that it is printable ASCII without spaces at either
// end. An empty value is an error. The error is a phrase about the value ("it has
// 51 characters, 50 are allowed"), to follow a name.
func CheckHeader(name, value string) error {
	switch name {
	case HeaderCI:
		return checkText(value, MaxCI)
	case HeaderSHA:
		return checkText(value, MaxSHA)
	case HeaderDirtyHash:
		return checkText(value, MaxDirtyHash)
	case HeaderTag:
		if err := checkText(value, MaxTag); err != nil {
			return err
		}
		if _, err := base64.StdEncoding.DecodeString(value); err != nil {
			return errors.New("it is not base64")
		}
	case HeaderInteractive:
		if value != "0" && value != "1" {
			return fmt.Errorf("it must be 0 or 1, not %q", value)
		}
	case HeaderDuration:
		if ms, err := strconv.ParseInt(value, 10, 64); err != nil || ms < 0 {
			return fmt.Errorf("it must be 0 or more whole milliseconds, not %q", value)
		}
	}
	return nil
}

// checkText rejects values that a header would change. They are ASCII, so bytes
// are characters.
func checkText(value string, limit int) error {
	if value == "" {
		return fmt.Errorf("it is empty")
	}
	if len(value) > limit {
		return fmt.Errorf("it has %d characters; at most %d are allowed", len(value), limit)
	}
	for i := range len(value) {
		if c := value[i]; c < ' ' || c > '~' {
			return fmt.Errorf("character %d is not printable ASCII", i+1)
		}
	}
	if value[0] == ' ' || value[len(value)-1] == ' ' {
		return fmt.Errorf("it begins or ends with a space")
	}
	return nil
}
