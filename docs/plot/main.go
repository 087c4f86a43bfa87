// Plot draws the bars of docs/performance.md from the lines that the benchmark
// prints with --json:
//
//	go run ./docs/plot < docs/performance.json > docs/performance.svg
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"text/template"
)

// row is one case of the benchmark.
type row struct {
	Case  string  `json:"case"`
	Ratio float64 `json:"wall_ratio"` // ours to the rival's
	Ours  float64 `json:"ours_s"`     // seconds, the median
	Rival float64 `json:"rival_s"`
	// Y and Width place the bar.
	Y, Width float64 `json:"-"`
}

// The sizes of the picture, in pixels.
const (
	rowHeight = 30
	top       = 44
	unit      = 320 // the width of a bar as long as the rival takes
	widest    = 1.6 * unit
)

var picture = template.Must(template.New("").Parse(`<svg xmlns="http://www.w3.org/2000/svg" width="700" height="{{.Height}}" viewBox="0 0 700 {{.Height}}" role="img" aria-labelledby="title">
<title id="title">Time that artifact takes, for each case of the benchmark, as a share of the time that curl and openssl take for the same work</title>
<style>
text { font: 14px ui-sans-serif, system-ui, sans-serif; fill: #1f2328 }
.small { font-size: 12px; fill: #59636e }
.bar { fill: #0969da }
.rival { stroke: #59636e; stroke-dasharray: 4 3 }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc }
  .small { fill: #9198a1 }
  .bar { fill: #4493f8 }
  .rival { stroke: #9198a1 }
}
</style>
<text class="small" x="{{.Line}}" y="22" text-anchor="middle">curl and openssl = 1</text>
<line class="rival" x1="{{.Line}}" x2="{{.Line}}" y1="30" y2="{{.Bottom}}"/>
{{range .Rows}}<text x="8" y="{{.Y}}" dy="15">{{.Case}}</text>
<rect class="bar" x="110" y="{{.Y}}" width="{{printf "%.0f" .Width}}" height="20" rx="3"/>
<text class="small" x="{{printf "%.0f" .Width}}" dx="118" y="{{.Y}}" dy="15">{{printf "%.2f" .Ratio}}</text>
<text class="small" x="692" y="{{.Y}}" dy="15" text-anchor="end">{{printf "%.3g s, %.3g s" .Ours .Rival}}</text>
{{end}}</svg>
`))

func main() {
	if err := draw(os.Stdout, os.Stdin); err != nil {
		fmt.Fprintf(os.Stderr, "plot: %v\n", err)
		os.Exit(1)
	}
}

// draw reads one JSON object per line and writes an SVG.
func draw(to io.Writer, from io.Reader) error {
	var rows []row
	for decoder := json.NewDecoder(from); ; {
		var r row
		err := decoder.Decode(&r)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("reading the benchmark's lines: %w", err)
		}
		r.Y, r.Width = float64(top+rowHeight*len(rows)), min(r.Ratio*unit, widest)
		rows = append(rows, r)
	}
	bottom := top + rowHeight*len(rows)
	return picture.Execute(to, map[string]any{"Rows": rows, "Line": 110 + unit, "Bottom": bottom, "Height": bottom + 10})
}
