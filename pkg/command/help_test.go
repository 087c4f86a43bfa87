package command

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/internal/must"
	"github.com/artifact-cli/artifact/pkg/transfer"
)

// everyCommand calls visit for the root and all visible commands.
func everyCommand(cmd *cobra.Command, visit func(*cobra.Command)) {
	visit(cmd)
	for _, child := range cmd.Commands() {
		if child.IsAvailableCommand() || child.Name() == "help" {
			everyCommand(child, visit)
		}
	}
}

// TestHelp checks that each help text has examples, is short, and shows every
// flag once, in plain text.
func TestHelp(t *testing.T) {
	t.Parallel()
	longest := map[string]int{"artifact": 40}
	everyCommand(Tree(), func(cmd *cobra.Command) {
		if !strings.Contains(cmd.Example, "  artifact ") && !strings.Contains(cmd.Example, "(artifact ") {
			t.Errorf("%s has no example: %q", cmd.CommandPath(), cmd.Example)
		}
		var text strings.Builder
		cmd.SetOut(&text)
		cmd.InitDefaultHelpFlag() // as before a command runs
		cmd.InitDefaultVersionFlag()
		must.Do(t, cmd.Help())
		lines := strings.Split(strings.TrimSuffix(text.String(), "\n"), "\n")
		if most := cmp.Or(longest[cmd.CommandPath()], 60); len(lines) > most {
			t.Errorf("%s: %d lines, more than %d", cmd.CommandPath(), len(lines), most)
		}
		for _, line := range lines {
			if utf8.RuneCountInString(line) > usualHelp {
				t.Errorf("%s: wider than %d: %q", cmd.CommandPath(), usualHelp, line)
			}
		}
		cmd.Flags().VisitAll(func(flag *pflag.Flag) {
			if strings.ContainsRune(flag.Usage, '`') { // completions would show it
				t.Errorf("%s: --%s is not plain text: %s", cmd.CommandPath(), flag.Name, flag.Usage)
			}
			shown := 0
			for _, line := range lines {
				words := strings.Fields(strings.ReplaceAll(line, "[=", " [="))
				if len(words) > 0 && words[0] != "artifact" && slices.Contains(words[:min(2, len(words))], "--"+flag.Name) {
					shown++
				}
			}
			want := 1
			_, isNetwork := flag.Annotations[networkAnnotation]
			if flag.Hidden || isNetwork || isAuxiliary(cmd) && cmd.LocalFlags().Lookup(flag.Name) == nil {
				want = 0
			}
			if shown != want {
				t.Errorf("%s: --%s is shown %d times, want %d", cmd.CommandPath(), flag.Name, shown, want)
			}
		})
	})
}

// TestFlagGroups checks that the groups contain only existing flags.
func TestFlagGroups(t *testing.T) {
	t.Parallel()
	known, common := map[string]bool{}, []string{}
	everyCommand(Tree(), func(cmd *cobra.Command) {
		cmd.Flags().VisitAll(func(flag *pflag.Flag) { known[flag.Name] = true })
	})
	Tree().PersistentFlags().VisitAll(func(flag *pflag.Flag) { common = append(common, flag.Name) })
	for _, group := range flagGroups {
		for _, name := range group.names {
			if !known[name] {
				t.Errorf("no command has --%s", name)
			}
			known[name] = false // a second group would not find it
		}
	}
	if last := flagGroups[len(flagGroups)-1]; !slices.Equal(slices.Sorted(slices.Values(last.names)), common) {
		t.Errorf("%s are %q, want %q", last.title, last.names, common)
	}
}

// widestHint is the maximum width of a hint's lines.
const widestHint = 120 - len("artifact: hint: ")

// TestHintsFit checks the width of hints.
func TestHintsFit(t *testing.T) {
	t.Parallel()
	hints := slices.Collect(maps.Values(closedHints))
	for _, advice := range answerAdvices {
		hints = append(hints, advice.next)
	}
	for _, err := range []error{
		transfer.ErrNotKept, transfer.ErrWrongDigest, transfer.ErrUnsigned, transfer.ErrSignatureLost, transfer.ErrBadSignature,
		transfer.ErrEmptySignature, transfer.ErrUnverifiable,
	} {
		hints = append(hints, hint(err))
	}
	for _, text := range hints {
		for line := range strings.Lines(text) {
			if columns := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); columns == 0 || columns > widestHint {
				t.Errorf("%d columns: %q", columns, line)
			}
		}
	}
}

// TestVercelAdvice checks that Vercel's hints are only for its two origins.
func TestVercelAdvice(t *testing.T) {
	t.Parallel()
	for origin, want := range map[string]string{
		"https://api.vercel.com":   spendAdvice,
		"https://vercel.com":       spendAdvice,
		"https://cache.vercel.com": "The token may not do this: check --team, or ask the cache's operator for access.",
	} {
		if got := hint(&client.Error{Status: http.StatusForbidden, URL: origin + "/v8/artifacts/abc?slug=t"}); got != want {
			t.Errorf("%s: %q, want %q", origin, got, want)
		}
	}
}
