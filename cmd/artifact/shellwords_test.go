package main_test

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// simpleCommand is the words of a command, without quotes and redirections and
// before any expansion: "$KEY" is the word $KEY.
type simpleCommand []string

// prefix is what may stand before a command's name in a shell's line.
var prefix = regexp.MustCompile(`^([A-Za-z_]\w*=.*|!|if|then|elif|else|while|until|do|\{)$`)

// commandsIn finds the simple commands of a shell's text, also those inside
// $(…) and <(…), in the order in which they end. It knows what README and the
// stories use; here-documents and case are none of it.
func commandsIn(text string) ([]simpleCommand, error) {
	l := &lexer{rest: text}
	err := l.list(0)
	return l.found, err
}

// lexer takes its text apart from the front.
type lexer struct {
	rest  string
	found []simpleCommand
}

// next takes one byte; it is 0 at the end.
func (l *lexer) next() byte {
	if l.rest == "" {
		return 0
	}
	c := l.rest[0]
	l.rest = l.rest[1:]
	return c
}

// list reads commands up to the byte end, or the end of the text for 0.
func (l *lexer) list(end byte) error {
	var words simpleCommand
	finish := func() {
		for len(words) > 0 && prefix.MatchString(words[0]) {
			words = words[1:]
		}
		if len(words) > 0 {
			l.found = append(l.found, words)
		}
		words = nil
	}
	target := false // the next word is where a redirection goes
	for {
		switch c := l.next(); {
		case c == end:
			finish()
			return nil
		case c == 0:
			return fmt.Errorf("no %q at the end", end)
		case c == ' ' || c == '\t':
		case c == '#':
			comment, _, _ := strings.Cut(l.rest, "\n")
			l.rest = l.rest[len(comment):]
		case c == '<' && strings.HasPrefix(l.rest, "("):
			l.next()
			if err := l.list(')'); err != nil {
				return err
			}
			words = append(words, "<(…)")
		case c == '<' || c == '>':
			l.rest = strings.TrimLeft(l.rest, ">&")
			target = true
		case strings.IndexByte("\n;|&()", c) >= 0:
			finish()
		default:
			l.rest = string(c) + l.rest
			word, err := l.word()
			if err != nil {
				return err
			}
			descriptor := strings.Trim(word, "0123456789") == "" && strings.IndexAny(l.rest, "<>") == 0
			if word != "" && !target && !descriptor {
				words = append(words, word)
			}
			target = false
		}
	}
}

// word reads one word.
func (l *lexer) word() (string, error) {
	var word strings.Builder
	for l.rest != "" && strings.IndexByte(" \t\n;|&<>()", l.rest[0]) < 0 {
		switch c := l.next(); c {
		case '\'':
			quoted, rest, closed := strings.Cut(l.rest, "'")
			if !closed {
				return "", fmt.Errorf("no ' behind %q", quoted)
			}
			word.WriteString(quoted)
			l.rest = rest
		case '"':
			if err := l.quoted(&word); err != nil {
				return "", err
			}
		default:
			if err := l.unquoted(c, &word); err != nil {
				return "", err
			}
		}
	}
	return word.String(), nil
}

// quoted reads up to the double quote that ends it.
func (l *lexer) quoted(word *strings.Builder) error {
	for {
		switch c := l.next(); c {
		case 0:
			return fmt.Errorf("no \" behind %q", word)
		case '"':
			return nil
		default:
			if err := l.unquoted(c, word); err != nil {
				return err
			}
		}
	}
}

// unquoted reads what has a meaning inside double quotes too.
func (l *lexer) unquoted(c byte, word *strings.Builder) error {
	switch {
	case c == '\\':
		if escaped := l.next(); escaped != '\n' {
			word.WriteByte(escaped)
		}
	case c == '`':
		return errors.New("backquotes are hard to read: use $(…)")
	case c == '$' && strings.HasPrefix(l.rest, "("):
		l.next()
		word.WriteString("$(…)")
		return l.list(')')
	default:
		word.WriteByte(c)
	}
	return nil
}

func TestCommandsIn(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]simpleCommand{
		"a b 'c  d' \"e $F\"":                   {{"a", "b", "c  d", "e $F"}},
		"a | b && c; d & e":                     {{"a"}, {"b"}, {"c"}, {"d"}, {"e"}},
		"a \\\n  b # c\n#d\ne#f":                {{"a", "b"}, {"e#f"}},
		"X=1 Y=$(a b) c":                        {{"a", "b"}, {"c"}},
		"echo \"$(a \"b c\")\"":                 {{"a", "b c"}, {"echo", "$(…)"}},
		"if ! a; then b; fi":                    {{"a"}, {"b"}, {"fi"}},
		"a <(b) - >c 2>&1 2>>d e":               {{"b"}, {"a", "<(…)", "-", "e"}},
		"for f in x; do a \"$f\" || exit; done": {{"for", "f", "in", "x"}, {"a", "$f"}, {"exit"}, {"done"}},
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
