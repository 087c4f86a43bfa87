package command

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/artifact-cli/artifact/pkg/internal/ui"
)

const (
	// narrowestColumn is the minimum width of an explanation in a column.
	narrowestColumn = 24
	// belowHead is the column where it begins below its head otherwise.
	belowHead = 8
)

// fit wraps the paragraphs and lists of a help text that are wider than width. If
// the column of a list's explanations would be too narrow, it moves them below
// their heads.
func fit(text string, width int) string {
	blocks := strings.Split(text, "\n\n")
	for i, block := range blocks {
		blocks[i] = fitBlock(block, width)
	}
	return strings.Join(blocks, "\n\n")
}

// fitBlock fits the text between two empty lines.
func fitBlock(block string, width int) string {
	items := itemsOf(strings.Split(block, "\n"))
	tooNarrow := false
	for _, item := range items {
		tooNarrow = tooNarrow || item.head != "" && item.exceeds(width) && width-item.hang < narrowestColumn
	}
	var fitted []string
	for _, item := range items {
		switch {
		case item.head != "" && tooNarrow:
			fitted = append(fitted, item.head, ui.FoldWords(strings.Repeat(" ", belowHead)+item.text(), belowHead, width))
		case item.exceeds(width):
			begin := item.head + strings.Repeat(" ", item.hang-utf8.RuneCountInString(item.head))
			fitted = append(fitted, ui.FoldWords(begin+item.text(), item.hang, width))
		default:
			fitted = append(fitted, item.lines...)
		}
	}
	return strings.Join(fitted, "\n")
}

// helpItem is a paragraph, or a line of a list with its continuation lines.
type helpItem struct {
	lines []string
	head  string // what the rest explains, with leading spaces; may be empty
	hang  int    // the column of the rest
}

// headed matches a line with an explanation in a column.
var headed = regexp.MustCompile(`^( *\S.*?) {2,}\S`)

func itemsOf(lines []string) []helpItem {
	var items []helpItem
	for _, line := range lines {
		indent := len(line) - len(strings.TrimLeft(line, " "))
		if n := len(items) - 1; n >= 0 && indent == items[n].hang && line != "" && (indent == 0 || items[n].head != "") {
			items[n].lines = append(items[n].lines, line)
			continue
		}
		item := helpItem{lines: []string{line}, hang: indent}
		if match := headed.FindStringSubmatch(line); match != nil {
			item.head, item.hang = match[1], utf8.RuneCountInString(match[0])-1
		}
		items = append(items, item)
	}
	return items
}

// exceeds reports whether a line is wider than width.
func (item helpItem) exceeds(width int) bool {
	return slices.ContainsFunc(item.lines, func(line string) bool { return utf8.RuneCountInString(line) > width })
}

// text returns the words of the explanation, or all words without a head.
func (item helpItem) text() string {
	return strings.Join(strings.Fields(strings.TrimPrefix(strings.Join(item.lines, " "), item.head)), " ")
}
