package main

import (
	"bytes"
	"os"
	"testing"
)

// TestPicture holds the picture of docs/performance.md to its measurements.
func TestPicture(t *testing.T) {
	t.Parallel()
	rows, err := os.Open("../performance.json")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var got bytes.Buffer
	if err := draw(&got, rows); err != nil {
		t.Fatal(err)
	}
	if want, err := os.ReadFile("../performance.svg"); err != nil || got.String() != string(want) {
		t.Errorf("docs/performance.svg is old (%v): go run ./docs/plot < docs/performance.json > docs/performance.svg", err)
	}
}
