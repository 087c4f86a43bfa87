package command

import (
	"testing"
	"time"
)

func TestParseMaxAge(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for text, want := range map[string]time.Duration{
		"14d": 14 * day, "1d": day, "2w": 14 * day, "36h": 36 * time.Hour, "1h30m": 90 * time.Minute, "90": 90 * time.Second, "0.5": time.Second / 2,
		"106751d": 106751 * day,
	} {
		if got, err := parseMaxAge(text); err != nil || got != want {
			t.Errorf("parseMaxAge(%q) = %v, %v, want %v", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"0": `"0" would keep no artifact`, "0d": `"0d" would keep no artifact`, "0s": `"0s" would keep no artifact`,
		"": "", "d": "", "w": "", "soon": "", "-1": "", "-1h": "", "-14d": "", "1.5d": "", "1d12h": "", "14dd": "", "1dw": "", "14 d": "", "14D": "",
		"106752d": "", "15251w": "", "9223372036854775807d": "", "9223372036854775808d": "", "213503982334602d": "", "-213503982334602d": "",
		"99999999999999999999": "", "NaN": "", "Inf": "", "Infd": "", "0x1d": "", "1e3d": "",
	} {
		if want == "" {
			want = `"` + text + `" is not an age: use a number of days such as 14d, or a duration such as 36h`
		}
		if got, err := parseMaxAge(text); err == nil || err.Error() != want {
			t.Errorf("parseMaxAge(%q) = %v, %v, want %s", text, got, err, want)
		}
	}
}
