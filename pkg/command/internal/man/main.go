// Man writes the manual, a page for each command, into a directory:
//
//	go run ./pkg/command/internal/man DIRECTORY
//
// The pages say what the help texts say. They are dated by SOURCE_DATE_EPOCH,
// so that those of a release do not depend on the day on which it is built.
// They are made for each release and not kept, and no part of the program
// holds what makes them.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
	"github.com/spf13/pflag"

	"github.com/artifact-cli/artifact/pkg/command"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: man DIRECTORY")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintf(os.Stderr, "man: writing the manual: %v\n", err)
		os.Exit(1)
	}
}

// write makes the pages in dir. Those of commands that are gone are removed,
// since they would be packaged with the others; pages of other programs stay.
func write(dir string) error {
	old, err := filepath.Glob(filepath.Join(dir, "artifact-*.1"))
	if err != nil {
		return err
	}
	for _, page := range old {
		if err := os.Remove(page); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	date, err := sourceDate()
	if err != nil {
		return err
	}
	root := command.Tree()
	root.DisableAutoGenTag = true
	topics, err := topicSections(root)
	if err != nil {
		return err
	}
	commands := commandSection(root)
	prepare(root)
	root.Long += commands + topics
	return writePages(root, dir, date)
}

// writePages writes the page of a command and those below it.
func writePages(cmd *cobra.Command, dir string, date time.Time) error {
	var page bytes.Buffer
	header := &doc.GenManHeader{Section: "1", Date: &date, Source: "artifact", Manual: "artifact manual"}
	if err := doc.GenMan(cmd, header, &page); err != nil {
		return err
	}
	name := strings.ReplaceAll(cmd.CommandPath(), " ", "-") + ".1"
	if err := os.WriteFile(filepath.Join(dir, name), tidy(page.Bytes(), date), 0o644); err != nil {
		return err
	}
	for _, child := range cmd.Commands() {
		if !child.IsAvailableCommand() || child.IsAdditionalHelpTopicCommand() {
			continue
		}
		if err := writePages(child, dir, date); err != nil {
			return err
		}
	}
	return nil
}

// sourceDate is the day that the pages bear.
func sourceDate() (time.Time, error) {
	text := os.Getenv("SOURCE_DATE_EPOCH")
	if text == "" {
		return time.Now().UTC(), nil
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("SOURCE_DATE_EPOCH: %w", err)
	}
	return time.Unix(seconds, 0).UTC(), nil
}

var (
	optionEntry = regexp.MustCompile(`(?m)^(?:\.PP\n)?(\\fB-.*)\n\t`)
	optionValue = regexp.MustCompile(`(?m)^(\\fB-[^=\n]*)="?([^"\n]*?)"?$`)
	headerDate  = regexp.MustCompile(`(?m)^(\.TH "[^"]*" "1" )"[^"]*"`)
)

// tidy mends what package doc makes of options and dates: an option is a hung
// paragraph, its value is named and not quoted, a date is one that
// manual readers can parse.
func tidy(page []byte, date time.Time) []byte {
	page = headerDate.ReplaceAll(page, []byte(`${1}"`+date.Format(time.DateOnly)+`"`))
	page = optionEntry.ReplaceAll(page, []byte(".TP\n$1\n"))
	return optionValue.ReplaceAllFunc(page, func(line []byte) []byte {
		parts := optionValue.FindSubmatch(line)
		if len(parts[2]) == 0 {
			return parts[1]
		}
		return fmt.Appendf(nil, `%s=\fI%s\fP`, parts[1], parts[2])
	})
}

// commandSection lists the commands with what they do.
func commandSection(root *cobra.Command) string {
	var list strings.Builder
	for _, cmd := range root.Commands() {
		if cmd.IsAvailableCommand() && !cmd.IsAdditionalHelpTopicCommand() {
			fmt.Fprintf(&list, "  %-10s  %s\n", cmd.Name(), cmd.Short)
		}
	}
	return "\n\n# COMMANDS\n" + markdown(list.String())
}

// topicSections are the help topics without a command, which get no page, as
// sections of the first one, under the names that manuals have for them.
func topicSections(root *cobra.Command) (string, error) {
	var sections strings.Builder
	for _, topic := range []struct{ name, section string }{
		{"lists", "LISTS"}, {"exit-codes", "EXIT STATUS"}, {"environment", "ENVIRONMENT"},
	} {
		found, _, err := root.Find([]string{topic.name})
		if err != nil {
			return "", err
		}
		var text bytes.Buffer
		found.SetOut(&text)
		if err := found.Help(); err != nil {
			return "", err
		}
		fmt.Fprintf(&sections, "\n\n# %s\n%s", topic.section, markdown(text.String()))
	}
	return sections.String(), nil
}

// prepare turns every text of a command and those below it into the Markdown
// that package doc expects it to be.
func prepare(cmd *cobra.Command) {
	if cmd.Long == "" {
		cmd.Long = cmd.Short + "."
	}
	cmd.Long = markdown(cmd.Long)
	cmd.InitDefaultHelpFlag()
	for _, flags := range []*pflag.FlagSet{cmd.LocalNonPersistentFlags(), cmd.PersistentFlags()} {
		flags.VisitAll(describe)
	}
	for _, child := range cmd.Commands() {
		prepare(child)
	}
}

// describe makes a flag's name carry the name of its value, as in --api=URL,
// where package doc would put the default.
func describe(flag *pflag.Flag) {
	value, usage := pflag.UnquoteUsage(flag)
	isSet := flag.DefValue != "" && flag.DefValue != "false" && flag.DefValue != "0" && flag.DefValue != "[]"
	if isSet && !strings.Contains(usage, "(default") {
		usage += " (default " + flag.DefValue + ")"
	}
	flag.Usage, flag.DefValue, flag.NoOptDefVal = escape.Replace(usage), escape.Replace(value), ""
}

// escape keeps Markdown from reading anything into a plain text.
var escape = strings.NewReplacer(
	`\`, `\\`, "`", "\\`", `*`, `\*`, `_`, `\_`, `<`, `\<`, `[`, `\[`, `#`, `\#`,
)

// markdown is a help text as Markdown: its paragraphs flow, and what is
// indented, as tables and commands are, stays as it is.
func markdown(text string) string {
	var out strings.Builder
	inBlock := false
	lines := strings.Split(strings.TrimSpace(text), "\n")
	for i, line := range lines {
		indented := strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t")
		// An empty line between two indented ones belongs to their block.
		if line == "" && inBlock && i+1 < len(lines) && strings.HasPrefix(lines[i+1], " ") {
			indented = true
		}
		if indented != inBlock {
			out.WriteString("\n```\n")
			inBlock = indented
		}
		if !indented {
			line = escape.Replace(line)
		}
		out.WriteString(line + "\n")
	}
	if inBlock {
		out.WriteString("```\n")
	}
	return out.String()
}
