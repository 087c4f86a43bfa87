package ui

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	firstLine = 5 * time.Second
	nextLines = 30 * time.Second
	// maxLoggedName is the most characters of a name in a log's line.
	maxLoggedName = 200
)

// linePainter writes a line now and then, for a log.
type linePainter struct {
	screen *Screen
	next   time.Duration // since the transfer began
}

func (p *linePainter) interval() time.Duration { return time.Second }

func (p *linePainter) paint(s scene) {
	if s.age() < max(p.next, firstLine) {
		return
	}
	p.next = s.age() + nextLines
	fmt.Fprintln(p.screen, s.log())
}

func (p *linePainter) end() {}

// logLine tells the same as a bar, in words.
func logLine(name string, v view) string {
	var facts []string
	switch v.stage {
	case hashing, uploading, downloading:
		facts = append(facts, fmt.Sprintf("%s of %s (%d%%)", Size(v.n), Size(v.size), v.percent()))
	case reading, receiving, hashed:
		facts = append(facts, Size(v.n))
	case waiting:
		facts = append(facts, Size(v.n)+" sent")
	}
	switch v.stage {
	case hashing, reading, uploading, downloading, receiving:
		facts = append(facts, v.rateText(), v.leftText())
	default:
		facts = append(facts, Duration(v.inStage))
	}
	facts = slices.DeleteFunc(facts, func(fact string) bool { return fact == "" })
	return fmt.Sprintf("artifact: %s %s: %s", verb(v.stage), name, strings.Join(facts, ", "))
}

// verb is what stands before a name.
func verb(s stage) string {
	if s == waiting || s == pausing {
		return s.String() + ":"
	}
	return s.String()
}
