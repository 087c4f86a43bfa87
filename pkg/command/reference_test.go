package command

import (
	"flag"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"github.com/artifact-cli/artifact/pkg/internal/must"
)

var update = flag.Bool("update", false, "write docs/reference.md anew")

const referencePage = "../../docs/reference.md"

// TestReference compares docs/reference.md with the program.
func TestReference(t *testing.T) {
	t.Parallel()
	got := reference(t)
	if *update {
		must.Do(t, os.WriteFile(referencePage, []byte(got), 0o666))
		return
	}
	kept := must.Get(os.ReadFile(referencePage))(t)
	if got != string(kept) {
		t.Error("docs/reference.md is old: go test ./pkg/command -run TestReference -update")
	}
}

const referenceHead = `# Reference

Every command, flag, variable, exit code and JSON member. This page is generated from the program,
and a test keeps it up to date. ` + "`artifact help`" + ` shows the same and more.

## Completion

artifact completes commands, flags and their values in bash (with the package bash-completion),
zsh, fish and PowerShell. Install the file for your shell from ` + "`completions/`" + `, or let the program
print it:

` + "```sh" + `
source <(artifact completion bash)
` + "```" + `

## Manual

This writes a page for each command, ` + "`artifact-put(1)`" + ` for example:

` + "```sh" + `
go run ./pkg/command/internal/man ~/.local/share/man/man1
` + "```" + `

`

// reference returns the text of docs/reference.md.
func reference(t *testing.T) string {
	var page strings.Builder
	page.WriteString(referenceHead)
	var network networkOptions
	connection, oidc := newFlagSet(), newFlagSet()
	network.registerConnection(connection)
	network.oidc.register(oidc)
	root := Tree()
	shared := map[string]string{} // flags that have tables of their own, and what they mean there
	for _, flags := range []*pflag.FlagSet{root.PersistentFlags(), connection, oidc} {
		flags.VisitAll(func(flag *pflag.Flag) { shared[flag.Name] = flag.Usage })
	}
	page.WriteString("## Commands\n\n")
	for _, cmd := range root.Commands() {
		if !cmd.IsAvailableCommand() || cmd.IsAdditionalHelpTopicCommand() {
			continue
		}
		fmt.Fprintf(&page, "### %s\n\n%s: `%s`\n\n", cmd.CommandPath(), cmd.Short, cmd.UseLine())
		own := newFlagSet()
		cmd.LocalFlags().VisitAll(func(flag *pflag.Flag) {
			if flag.Name != "help" && shared[flag.Name] != flag.Usage {
				own.AddFlag(flag)
			}
		})
		page.WriteString(table(own))
	}
	fmt.Fprintf(&page, "## Common flags\n\n%s## Network flags\n\nFor put, get, verify, stat, login and status:\n\n%s", table(root.PersistentFlags()), table(connection))
	fmt.Fprintf(&page, "For the identity of a CI job, with the same commands except login:\n\n%s## Other variables\n\n| variable | meaning |\n|---|---|\n", table(oidc))
	for _, variable := range fixedVariables {
		fmt.Fprintf(&page, "| `%s` | %s |\n", strings.ReplaceAll(variable[0], ", ", "`, `"), variable[1])
	}
	_, codes, _ := run(t, nil, "help", "exit-codes")
	fmt.Fprintf(&page, "\n## Exit codes\n\n```text\n%s```\n\n", codes)
	page.WriteString("## JSON\n\nWith `--json`, each result is an object on a line of its own. Members with a `?` are left out if they\nare unknown. A failure that concerns no artifact has only `error`.\n\n")
	for _, shown := range []struct {
		verb  string
		value any
	}{
		{"put", putJSON{}}, {"verify", verifyJSON{}}, {"get, stat", foundJSON{}}, {"status", statusJSON{}}, {"error", errorJSON{}},
	} {
		fmt.Fprintf(&page, "- **%s**: %s\n", shown.verb, members(reflect.TypeOf(shown.value)))
	}
	return page.String()
}

// table lists flags with their variables below them, so that it fits a narrow
// page, or returns nothing if there are none.
func table(flags *pflag.FlagSet) string {
	if !flags.HasAvailableFlags() {
		return ""
	}
	rows := "| flag and variable | meaning |\n|---|---|\n"
	flags.VisitAll(func(flag *pflag.Flag) {
		value, usage := pflag.UnquoteUsage(flag)
		name := "--" + flag.Name
		if flag.Shorthand != "" {
			name = "-" + flag.Shorthand + ", " + name
		}
		variable := ""
		if _, reads := flag.Annotations[environmentAnnotation]; reads {
			variable = "<br>`" + variableOf(flag) + "`"
		}
		cell := strings.NewReplacer("|", `\|`, "<", "&lt;", "\n", " ").Replace
		rows += fmt.Sprintf("| `%s`%s | %s |\n", cell(strings.TrimSpace(name+" "+value)), variable, cell(usage))
	})
	return rows + "\n"
}

// members lists the members of an object.
func members(object reflect.Type) string {
	var list []string
	for i := range object.NumField() {
		field := object.Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if options != "" {
			name += "?"
		}
		kind := field.Type
		for kind.Kind() == reflect.Pointer || kind.Kind() == reflect.Slice {
			kind = kind.Elem()
		}
		if kind.Kind() == reflect.Struct && kind != reflect.TypeFor[time.Time]() && kind != reflect.TypeFor[errorJSON]() {
			list = append(list, "`"+name+"` with "+members(kind))
			continue
		}
		list = append(list, "`"+name+"`")
	}
	if len(list) == 1 {
		return list[0]
	}
	return "{" + strings.Join(list, ", ") + "}"
}
