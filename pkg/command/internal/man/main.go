// Man writes the manual, with a page for each command, into a directory:
//
//	go run ./pkg/command/internal/man DIRECTORY
//
// The pages are made from the help texts for each release, and dated by
// SOURCE_DATE_EPOCH.
package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
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

// write writes the pages into dir. It removes pages of former commands, which
// would be packaged too, but not pages of other programs.
func write(dir string) error {
	date, err := sourceDate()
	if err != nil {
		return err
	}
	old, err := filepath.Glob(filepath.Join(dir, "artifact-*.1"))
	for _, page := range old {
		err = errors.Join(err, os.Remove(page))
	}
	if err := errors.Join(err, os.MkdirAll(dir, 0o755)); err != nil {
		return err
	}
	root := command.Tree()
	return writePages(root, dir, date.Format(time.DateOnly), commandSection(root)+topicSections(root))
}

// writePages writes the page of a command, with extra sections, and those of its
// subcommands.
func writePages(cmd *cobra.Command, dir, date, sections string) error {
	path := filepath.Join(dir, pageName(cmd)+".1")
	if err := os.WriteFile(path, []byte(page(cmd, date, sections)), 0o644); err != nil {
		return err
	}
	for _, child := range available(cmd) {
		if err := writePages(child, dir, date, ""); err != nil {
			return err
		}
	}
	return nil
}

// available returns the commands below cmd that have a page.
func available(cmd *cobra.Command) []*cobra.Command {
	return slices.DeleteFunc(slices.Clone(cmd.Commands()), func(child *cobra.Command) bool { return !child.IsAvailableCommand() })
}

func pageName(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

// sourceDate returns the date of the pages.
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

// page returns a command's page, with extra sections before its options.
func page(cmd *cobra.Command, date, sections string) string {
	cmd.InitDefaultHelpFlag()
	var out strings.Builder
	fmt.Fprintf(&out, ".nh\n.TH %q \"1\" %q \"artifact\" \"artifact manual\"\n", strings.ToUpper(pageName(cmd)), date)
	fmt.Fprintf(&out, ".SH NAME\n%s \\- %s\n", pageName(cmd), escape(cmd.Short))
	fmt.Fprintf(&out, ".SH SYNOPSIS\n\\fB%s\\fP\n", escape(cmd.UseLine()))
	fmt.Fprintf(&out, ".SH DESCRIPTION\n%s%s", roff(cmp.Or(cmd.Long, cmd.Short+".")), sections)
	out.WriteString(options("OPTIONS", cmd.NonInheritedFlags()))
	out.WriteString(options("OPTIONS INHERITED FROM PARENT COMMANDS", cmd.InheritedFlags()))
	if cmd.HasExample() {
		fmt.Fprintf(&out, ".SH EXAMPLE\n%s", roff(cmd.Example))
	}
	var others []string
	if cmd.HasParent() {
		others = append(others, pageName(cmd.Parent()))
	}
	for _, child := range available(cmd) {
		others = append(others, pageName(child))
	}
	if len(others) > 0 {
		fmt.Fprintf(&out, ".SH SEE ALSO\n\\fB%s(1)\\fP\n", strings.Join(others, `(1)\fP, \fB`))
	}
	return out.String()
}

// options returns a section with the flags, or "" if there are none.
func options(title string, flags *pflag.FlagSet) string {
	if !flags.HasAvailableFlags() {
		return ""
	}
	var out strings.Builder
	fmt.Fprintf(&out, ".SH %s\n", title)
	flags.VisitAll(func(flag *pflag.Flag) {
		value, usage := pflag.UnquoteUsage(flag)
		out.WriteString(".TP\n")
		if flag.Shorthand != "" {
			fmt.Fprintf(&out, `\fB-%s\fP, `, flag.Shorthand)
		}
		fmt.Fprintf(&out, `\fB--%s\fP`, flag.Name)
		if value != "" {
			fmt.Fprintf(&out, `=\fI%s\fP`, escape(value))
		}
		fmt.Fprintf(&out, "\n%s\n", escape(usage))
	})
	return out.String()
}

// commandSection lists the commands.
func commandSection(root *cobra.Command) string {
	var list strings.Builder
	for _, cmd := range available(root) {
		fmt.Fprintf(&list, "  %-10s  %s\n", cmd.Name(), cmd.Short)
	}
	return ".SH COMMANDS\n" + roff(list.String())
}

// topicSections returns the help topics as sections of the first page, under the
// usual names of manuals.
func topicSections(root *cobra.Command) string {
	var sections strings.Builder
	for _, topic := range []struct{ name, section string }{
		{"lists", "LISTS"}, {"exit-codes", "EXIT STATUS"}, {"environment", "ENVIRONMENT"},
	} {
		var text bytes.Buffer
		found, _, _ := root.Find([]string{topic.name})
		found.SetOut(&text)
		_ = found.Help() // a buffer takes all of it
		fmt.Fprintf(&sections, ".SH %s\n%s", topic.section, roff(text.String()))
	}
	return sections.String()
}

// escape escapes a line of plain text for roff.
func escape(line string) string {
	line = strings.ReplaceAll(line, `\`, `\e`)
	if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
		return `\&` + line
	}
	return line
}

// roff converts a help text to roff: it fills paragraphs, but not indented text
// such as tables and commands.
func roff(text string) string {
	var out strings.Builder
	inBlock := false
	lines := strings.Split(strings.Trim(text, "\n"), "\n")
	for i, line := range lines {
		indented := strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t")
		// An empty line between two indented ones belongs to their block.
		if line == "" && inBlock && strings.HasPrefix(lines[i+1], " ") {
			indented = true
		}
		switch {
		case indented && !inBlock:
			out.WriteString(".EX\n")
		case !indented && inBlock:
			out.WriteString(".EE\n")
		}
		inBlock = indented
		if line == "" && !inBlock {
			out.WriteString(".PP\n")
		} else {
			out.WriteString(escape(line) + "\n")
		}
	}
	if inBlock {
		out.WriteString(".EE\n")
	}
	return out.String()
}
