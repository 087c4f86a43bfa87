package main_test

import (
	"slices"
	"strings"
	"testing"

	"mvdan.cc/sh/v3/syntax"
)

// simpleCommand is the words of a command, without quotes and redirections, and
// before expansion: "$KEY" is the word $KEY.
type simpleCommand []string

// commandsIn returns the simple commands in a shell script, including those
// inside $(…) and <(…).
func commandsIn(text string) (found []simpleCommand, err error) {
	script, err := syntax.NewParser().Parse(strings.NewReader(text), "")
	if err != nil {
		return nil, err
	}
	syntax.Walk(script, func(node syntax.Node) bool {
		if call, ok := node.(*syntax.CallExpr); ok && len(call.Args) > 0 {
			var words simpleCommand
			for _, word := range call.Args {
				words = append(words, wordText(word.Parts))
			}
			found = append(found, words)
		}
		return true
	})
	return found, nil
}

// wordText is a word without its quotes.
func wordText(parts []syntax.WordPart) string {
	var text strings.Builder
	for _, part := range parts {
		switch part := part.(type) {
		case *syntax.Lit:
			text.WriteString(unescape(part.Value))
		case *syntax.SglQuoted:
			text.WriteString(part.Value)
		case *syntax.DblQuoted:
			text.WriteString(wordText(part.Parts))
		case *syntax.ParamExp:
			_ = syntax.NewPrinter().Print(&text, part)
		case *syntax.CmdSubst:
			text.WriteString("$(…)")
		case *syntax.ProcSubst:
			text.WriteString("<(…)")
		}
	}
	return text.String()
}

func unescape(literal string) string {
	var text strings.Builder
	for i := 0; i < len(literal); i++ {
		if literal[i] == '\\' && i+1 < len(literal) {
			i++
		}
		text.WriteByte(literal[i])
	}
	return text.String()
}

func TestCommandsIn(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]simpleCommand{
		"a b 'c  d' \"e $F\"":                   {{"a", "b", "c  d", "e $F"}},
		"a | b && c; d & e":                     {{"a"}, {"b"}, {"c"}, {"d"}, {"e"}},
		"a \\\n  b # c\n#d\ne#f":                {{"a", "b"}, {"e#f"}},
		"X=1 Y=$(a b) c":                        {{"c"}, {"a", "b"}},
		"echo \"$(a \"b c\")\"":                 {{"echo", "$(…)"}, {"a", "b c"}},
		"if ! a; then b; fi":                    {{"a"}, {"b"}},
		"a <(b) - >c 2>&1 2>>d e":               {{"a", "<(…)", "-", "e"}, {"b"}},
		"for f in x; do a \"$f\" || exit; done": {{"a", "$f"}, {"exit"}},
		"a ${B:-c} d\\ e":                       {{"a", "${B:-c}", "d e"}},
		"":                                      nil,
	} {
		got, err := commandsIn(text)
		if err != nil || !slices.EqualFunc(got, want, slices.Equal) {
			t.Errorf("%q: %q, %v, want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"a 'b", "a \"b", "a $(b", "a `b"} {
		if got, err := commandsIn(text); err == nil {
			t.Errorf("%q: %q, want an error", text, got)
		}
	}
}
