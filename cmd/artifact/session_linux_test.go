package main

import (
	"fmt"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"text/template"
)

// pictureSteps are the steps of README's picture, as in TestScreens.
const pictureSteps = `$ artifact put dist.tar.gz | tee sums
$ artifact verify -c sums
$ artifact get "$(cut -c-64 sums)" -o copy.tar.gz
& artifact put disk.img
wait uploading disk.img
`

// pictureColumns fit the longest line, the id and name of dist.tar.gz.
const pictureColumns = 80

// moving matches what varies in the picture.
var moving = regexp.MustCompile(`textLength="[\d.]+" xml:space="preserve">uploading disk\.img .*`)

// TestSession plays the session in a real terminal and compares it with README's
// picture, but for the numbers of the bar. -update writes the picture anew.
func TestSession(t *testing.T) {
	t.Parallel()
	const picture = "../../testdata/session.svg"
	home := t.TempDir()
	dir := filepath.Join(home, "project")
	fillScreenDir(t, dir)
	p := openPane(t, pictureColumns, dir, append(screenEnv(t, home), "ARTIFACT_LIMIT_RATE=200M"))
	for step := range strings.Lines(pictureSteps) {
		verb, rest, _ := strings.Cut(strings.TrimSuffix(step, "\n"), " ")
		p.step(verb, rest)
	}
	if *update { // the picture shows a bar in the middle, which takes long on a slow machine
		p.step("wait", "uploading disk.img   4")
	}
	got := drawTerminal(t, trimLines(p.capture()))
	if *update {
		mustDo(t, os.WriteFile(picture, []byte(got), 0o666))
		return
	}
	kept := must(os.ReadFile(picture))(t)
	steady := func(text string) string { return moving.ReplaceAllString(text, "BAR") }
	if want := steady(string(kept)); steady(got) != want {
		t.Errorf("%s", firstDifference(steady(got), want))
	}
}

// The sizes of the picture, in pixels. A column is as wide as textLength makes it,
// whatever font there is.
const (
	column, row  = 8.4, 20
	left, topRow = 16, 58
)

var pictureTemplate = template.Must(template.New("").Parse(`<svg xmlns="http://www.w3.org/2000/svg" width="{{.Width}}" height="{{.Height}}" viewBox="0 0 {{.Width}} {{.Height}}" role="img" aria-labelledby="title">
<title id="title">A terminal: artifact put prints an id and a name, artifact verify prints OK, artifact get brings the file back, and a bar shows an upload under way</title>
<style>
.window { fill: #f6f8fa; stroke: #d1d9e0 }
text { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: #1f2328 }
.prompt { fill: #59636e }
.command { font-weight: bold }
@media (prefers-color-scheme: dark) {
  .window { fill: #0d1117; stroke: #3d444d }
  text { fill: #f0f6fc }
  .prompt { fill: #9198a1 }
}
</style>
<rect class="window" x="0.5" y="0.5" width="{{.Inner}}" height="{{.Bottom}}" rx="8"/>
<circle cx="22" cy="22" r="6" fill="#ff5f56"/><circle cx="42" cy="22" r="6" fill="#ffbd2e"/><circle cx="62" cy="22" r="6" fill="#27c93f"/>
{{.Text}}</svg>
`))

// drawTerminal draws what a terminal shows.
func drawTerminal(t *testing.T, shown string) string {
	t.Helper()
	var text, picture strings.Builder
	y := topRow
	for line := range strings.Lines(shown) {
		line = strings.TrimSuffix(line, "\n")
		content := html.EscapeString(line)
		if command, isCommand := strings.CutPrefix(line, "$ "); isCommand {
			content = `<tspan class="prompt">$ </tspan><tspan class="command">` + html.EscapeString(command) + `</tspan>`
		}
		fmt.Fprintf(&text, `<text x="%d" y="%d" textLength="%.1f" xml:space="preserve">%s</text>`+"\n", left, y, column*float64(len(line)), content)
		y += row
	}
	width := 2*left + int(column*pictureColumns)
	mustDo(t, pictureTemplate.Execute(&picture, map[string]any{"Width": width, "Inner": width - 1, "Height": y, "Bottom": y - 1, "Text": text.String()}))
	return picture.String()
}
