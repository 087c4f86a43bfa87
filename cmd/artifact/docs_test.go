package main_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// pages are checked by TestDocs, with the minimum number of commands in them.
const (
	pages          = "../../docs/*.md"
	fewestCommands = 40
)

// TestDocs checks that a story or a recipe runs each artifact command in README
// and docs, in blocks and in the text.
func TestDocs(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob(pages)
	if err != nil {
		t.Fatal(err)
	}
	run := append(storyCommands(t), recipeCommands(t)...)
	found := 0
	for _, path := range append(paths, "../../README.md") {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Base(path) == "reference.md" {
			continue // the program's own words
		}
		shown := shownCommands(t, string(text))
		found += len(shown)
		for _, command := range shown {
			if !slices.ContainsFunc(run, func(r simpleCommand) bool { return slices.Equal(r, command) }) {
				t.Errorf("no story runs this command of %s: %q", path, command)
			}
		}
	}
	if found < fewestCommands {
		t.Errorf("README and docs show %d artifact commands, and at least %d are expected", found, fewestCommands)
	}
}

var (
	inlineCode = regexp.MustCompile("`(artifact [^`]*)`")
	// yamlKeys matches what precedes a command in a CI's YAML.
	yamlKeys = regexp.MustCompile(`^ *(- )*((run|script):)? *\|?`)
	// groovyStep is a command in a Jenkinsfile.
	groovyStep = regexp.MustCompile(`^ *sh '([^']*)'\n$`)
	// githubExpression is replaced before a shell sees it.
	githubExpression = regexp.MustCompile(`\$\{\{.*?\}\}`)
)

// shownCommands returns the artifact commands in Markdown, including go run.
func shownCommands(t *testing.T, markdown string) []simpleCommand {
	var shell, prose strings.Builder
	fence := "" // the language of the block that a line is in
	for line := range strings.Lines(markdown) {
		language, isFence := strings.CutPrefix(strings.TrimSpace(line), "```")
		switch {
		case isFence && fence != "":
			fence = ""
		case isFence && slices.Contains([]string{"sh", "yaml", "groovy", "text", "go", "powershell", "json", "ini", "nginx"}, language):
			fence = language
		case isFence:
			t.Errorf("a page has a block of %q: are there commands in it?", language)
		case fence == "sh":
			shell.WriteString(line)
		case fence == "yaml":
			shell.WriteString(yamlKeys.ReplaceAllString(line, ""))
		case fence == "groovy":
			if step := groovyStep.FindStringSubmatch(line); step != nil {
				shell.WriteString(step[1] + "\n")
			}
		case fence == "":
			prose.WriteString(line)
		}
	}
	for _, code := range inlineCode.FindAllStringSubmatch(prose.String(), -1) {
		shell.WriteString(strings.ReplaceAll(code[1], "\n", " ") + "\n")
	}
	commands, err := commandsIn(githubExpression.ReplaceAllString(shell.String(), "EXPRESSION"))
	if err != nil {
		t.Fatalf("a page: %v", err)
	}
	var ours []simpleCommand
	for _, words := range commands {
		if slices.Equal(words[:min(3, len(words))], []string{"go", "run", "./cmd/artifact"}) {
			words = append(simpleCommand{"artifact"}, words[3:]...)
		}
		if words[0] == "artifact" {
			ours = append(ours, words)
		}
	}
	return ours
}

// recipeCommands returns the artifact commands in testdata/ci, which TestRecipes
// runs.
func recipeCommands(t *testing.T) []simpleCommand {
	paths, err := filepath.Glob("../../testdata/ci/*")
	if err != nil {
		t.Fatal(err)
	}
	var ours []simpleCommand
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		language := "yaml"
		if filepath.Base(path) == "Jenkinsfile" {
			language = "groovy"
		}
		ours = append(ours, shownCommands(t, "```"+language+"\n"+string(text)+"```\n")...)
	}
	return ours
}

// storyCommands returns the artifact commands that stories run: with exec, exec
// exits CODE, in shell scripts, or with cache start.
func storyCommands(t *testing.T) []simpleCommand {
	paths, err := filepath.Glob("../../testdata/script/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var ours []simpleCommand
	for _, path := range paths {
		story, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(story.Comment)) {
			commands, err := commandsIn(line)
			if err != nil || len(commands) == 0 {
				continue // a pattern, which is written by other rules; or nothing
			}
			ours = append(ours, runBy(t, story, commands[0])...)
		}
	}
	return ours
}

// runBy returns the artifact commands in a line of a story.
func runBy(t *testing.T, story *txtar.Archive, line simpleCommand) []simpleCommand {
	for len(line) > 0 && (line[0] == "!" || strings.HasPrefix(line[0], "[")) {
		line = line[1:]
	}
	switch {
	case len(line) > 3 && line[0] == "exec" && line[1] == "exits":
		line = line[3:]
	case len(line) > 1 && line[0] == "exec":
		line = line[1:]
	case len(line) > 1 && line[0] == "cache" && line[1] == "start":
		flags := slices.DeleteFunc(slices.Clone(line[2:]), func(word string) bool { return !strings.HasPrefix(word, "-") })
		return []simpleCommand{append(simpleCommand{"artifact", "serve"}, flags...)}
	default:
		return nil
	}
	if line[0] == "artifact" {
		return []simpleCommand{line}
	}
	var ours []simpleCommand
	for _, file := range story.Files {
		if line[0] != "sh" && line[0] != "bash" || !slices.Contains(line, file.Name) {
			continue
		}
		commands, err := commandsIn(string(file.Data))
		if err != nil {
			t.Fatalf("%s: %v", file.Name, err)
		}
		for _, words := range commands {
			if words[0] == "artifact" {
				ours = append(ours, words)
			}
		}
	}
	return ours
}
