package artifact

import (
	"errors"
	"strings"
	"testing"
)

func TestParseID(t *testing.T) {
	t.Parallel()
	for _, valid := range []string{
		"a", "de0e2b9afd5fe834", "UPPER", "a.b", "...", "a b"[:1], "key:with@odd?chars#%2F\\", "ключ",
		"statuses", "Status", "-dash", strings.Repeat("x", 255), "a\u202eb",
	} {
		if id, err := ParseID(valid); err != nil || string(id) != valid {
			t.Errorf("ParseID(%q) = %q, %v; want it unchanged", valid, id, err)
		}
	}
	for _, invalid := range []string{
		"", ".", "..", "status", "events", "a/b", "/", "a b", " a", "a\n", "a\tb", "a\x00b", "a\x7f", "a\u0085b",
		"a\u00a0b", "a\u2003b", "\xff", "a\xc3", strings.Repeat("x", 256),
	} {
		if id, err := ParseID(invalid); id != "" || !errors.Is(err, ErrInvalidID) {
			t.Errorf("ParseID(%q) = %q, %v; want ErrInvalidID", invalid, id, err)
		}
	}
}

func FuzzParseID(f *testing.F) {
	for _, seed := range []string{"", "a", "..", "status", "a/b", "\xff", "é", "a\x1bb"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, err := ParseID(s)
		if (err == nil) != (id != "") || err != nil && !errors.Is(err, ErrInvalidID) {
			t.Fatalf("ParseID(%q) = %q, %v", s, id, err)
		}
		if err == nil && (string(id) != s || len(s) > MaxIDLength || strings.ContainsAny(s, "/ \n\r\t\x00\x1b")) {
			t.Fatalf("ParseID(%q) let it pass", s)
		}
	})
}

func TestTeam(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Team{
		"team_abc": {ID: "team_abc"}, "my-team": {Slug: "my-team"}, "Team_x": {Slug: "Team_x"}, "": {},
	} {
		if got := ParseTeam(text); got != want {
			t.Errorf("ParseTeam(%q) = %+v, want %+v", text, got, want)
		}
	}
	for id, want := range map[string]string{"team_abc": "team_abc", "abc": "", "": ""} {
		if got := (Team{ID: id}).QueryID(); got != want {
			t.Errorf("QueryID of %q = %q, want %q", id, got, want)
		}
	}
}
