package main_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/artifact-cli/artifact/pkg/command"
)

// repository is the root of the repository.
const repository = "../.."

// pagesAndTemplates are the Markdown pages, and what GitHub shows of the action
// and the templates.
var pagesAndTemplates = []string{"*.md", "docs/*.md", ".github/*.md", ".github/ISSUE_TEMPLATE/*.yml", "action.yml"}

// readAll returns the files that match, by their paths in the repository.
func readAll(t *testing.T, patterns ...string) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for _, pattern := range patterns {
		paths, err := filepath.Glob(filepath.Join(repository, pattern))
		if err != nil || len(paths) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(paths), err)
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			path = strings.TrimPrefix(filepath.ToSlash(path), repository+"/")
			texts[path] = string(text)
		}
	}
	return texts
}

// TestPageSizes keeps pages short. The reference has as many lines as the
// program has flags.
func TestPageSizes(t *testing.T) {
	t.Parallel()
	limits := map[string]int{"README.md": 200, "CONTRIBUTING.md": 90, "docs/reference.md": 1000}
	for path, text := range readAll(t, "README.md", "CONTRIBUTING.md", "docs/*.md") {
		limit := limits[path]
		if limit == 0 {
			limit = 250
		}
		if lines := strings.Count(text, "\n"); lines > limit {
			t.Errorf("%s has %d lines, more than %d", path, lines, limit)
		}
	}
}

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile("(?m)^#+ (.*)$")
	block   = regexp.MustCompile("(?ms)^ *```.*?^ *```$")
	// notInAnchor are the characters that GitHub omits in anchors.
	notInAnchor = regexp.MustCompile(`[^\pL\pN _-]`)
)

// TestLinks follows the links between pages.
func TestLinks(t *testing.T) {
	t.Parallel()
	followed := 0
	for path, text := range readAll(t, "*.md", "docs/*.md") {
		for _, found := range link.FindAllStringSubmatch(block.ReplaceAllString(text, ""), -1) {
			target, anchor, _ := strings.Cut(found[1], "#")
			if strings.Contains(target, "://") {
				continue
			}
			followed++
			to := path
			if target != "" {
				to = filepath.Join(filepath.Dir(path), target)
			}
			content, err := os.ReadFile(filepath.Join(repository, to))
			if err != nil {
				t.Errorf("%s: %v", path, err)
			} else if anchor != "" && !slices.Contains(anchors(string(content)), anchor) {
				t.Errorf("%s: %s has no heading for #%s", path, to, anchor)
			}
		}
	}
	if followed < 15 {
		t.Errorf("only %d links were found", followed)
	}
}

// anchors returns GitHub's anchors for the headings of a page.
func anchors(page string) (names []string) {
	for _, found := range heading.FindAllStringSubmatch(block.ReplaceAllString(page, ""), -1) {
		name := notInAnchor.ReplaceAllString(strings.ToLower(found[1]), "")
		names = append(names, strings.ReplaceAll(name, " ", "-"))
	}
	return names
}

// stilted are turns of phrase that read as if translated.
var stilted = regexp.MustCompile(`(?i)` + strings.Join([]string{
	`\btells? (whether|apart)\b`,
	`\bthat of (a|an|the|its|his|their|ctx|[A-Z_]{4,})\b`,
	`\b(is|are|was|were|be) told\b`,
	`\bwhat [a-z ]{1,30} (is|are) made of\b`,
	`\bwhere (there (is|are)|it has one)\b`,
	`\bwho(m)?ever\b`,
	`\bfor you alone\b`,
	`\b(it|this|that|which|what|-?\d+) is no [a-z]`,
	`\bnobody (is|has|can|reads|else|answers|could|would|logged|speaks|listens|minds)\b`,
	`\b(is|are) meant\b`,
	`\bso that (it|they|he) be\b`,
	`\bwhat (came|comes|became|becomes) (is|of)\b`,
	`\bstands? (behind|before|beside)\b`,
	`\b(could not be|cannot be|was|be|is) found out\b`,
	`\bin spite of\b`,
	`\b(has|have|had) to be\b`,
	`\bit says that it\b`,
	`\bnothing but\b`,
	`\bgoes? as it is\b`,
	`\b(is|are) none of\b`,
	`\bwithout end\b`,
	`\b(the|at) (most|fewest) (bytes|characters|requests) (of|that)\b`,
	`\bgives? (it )?back\b`,
	`\bhangs? up\b`,
}, "|"))

// TestPlainEnglish finds stilted turns in what people read: the pages, the
// program's help and topics, what stories and screens show of it, the strings in its
// code, and all comments.
func TestPlainEnglish(t *testing.T) {
	t.Parallel()
	texts := readAll(t, append(pagesAndTemplates, "testdata/screens/*.txtar", "testdata/script/*.txtar", "testdata/wine/*.txtar")...)
	helpTexts(t, command.Tree(), texts)
	codeTexts(t, texts)
	if len(texts) < 100 {
		t.Errorf("only %d texts were found", len(texts))
	}
	for path, text := range texts {
		for _, turn := range stilted.FindAllString(strings.Join(strings.Fields(text), " "), -1) {
			t.Errorf("%s: %q", path, turn)
		}
	}
}

// helpTexts adds the help of a command and of all below it to texts.
func helpTexts(t *testing.T, cmd *cobra.Command, texts map[string]string) {
	t.Helper()
	var text strings.Builder
	cmd.SetOut(&text)
	if err := cmd.Help(); err != nil {
		t.Fatal(err)
	}
	texts[cmd.CommandPath()+" --help"] = text.String()
	for _, child := range cmd.Commands() {
		helpTexts(t, child, texts)
	}
}

// codeTexts adds the strings and comments of the program to texts, and the comments
// of its tests.
func codeTexts(t *testing.T, texts map[string]string) {
	t.Helper()
	files := token.NewFileSet()
	err := filepath.WalkDir(repository, func(path string, entry fs.DirEntry, err error) error {
		if entry != nil && entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == ".git") {
			return fs.SkipDir
		}
		if err != nil || filepath.Ext(path) != ".go" {
			return err
		}
		file, err := parser.ParseFile(files, path, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		var text strings.Builder
		for _, comment := range file.Comments {
			text.WriteString(comment.Text() + "\n")
		}
		ast.Inspect(file, func(node ast.Node) bool {
			literal, ok := node.(*ast.BasicLit)
			if ok && literal.Kind == token.STRING && !strings.HasSuffix(path, "_test.go") {
				text.WriteString(literal.Value + "\n")
			}
			return true
		})
		texts[strings.TrimPrefix(filepath.ToSlash(path), repository+"/")] = text.String()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
