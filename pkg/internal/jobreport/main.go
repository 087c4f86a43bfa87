// Jobreport reports uploads to a job of GitHub Actions. It is the second half of
// action.yml:
//
//	artifact put --json FILE | jobreport
//
// It copies its input to standard output, appends the outputs hash and urls to
// the file $GITHUB_OUTPUT, one line for each artifact and URL, and a table to the
// file $GITHUB_STEP_SUMMARY. It skips a file whose variable is not set. File
// names and URLs are not trusted: none can end an output early or be read as
// Markdown. With pipefail, the pipe's exit code is put's.
package main

import (
	"bufio"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"
)

func main() {
	if err := report(os.Stdin, os.Stdout, os.Getenv); err != nil {
		fmt.Fprintf(os.Stderr, "jobreport: writing the job's summary: %v\n", err)
		os.Exit(1)
	}
}

// longestLine is the maximum size of a result, in bytes.
const longestLine = 1 << 20

// result is a line of put --json.
type result struct {
	Path, Hash, Status string
	Size               *int64
	URLs               []string
	Error              *struct{ Message string }
}

func report(from io.Reader, to io.Writer, getenv func(string) string) error {
	var results []result
	lines := bufio.NewScanner(io.TeeReader(from, to))
	lines.Buffer(nil, longestLine)
	for lines.Scan() {
		var r result
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return fmt.Errorf("reading the result %d: %w", len(results)+1, err)
		}
		results = append(results, r)
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("reading the results: %w", err)
	}
	if err := appendTo(getenv("GITHUB_OUTPUT"), outputs(results, rand.Text())); err != nil {
		return err
	}
	return appendTo(getenv("GITHUB_STEP_SUMMARY"), summary(results))
}

func appendTo(path, text string) error {
	if path == "" {
		return nil
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.WriteString(file, text)
	return errors.Join(err, file.Close())
}

// outputs returns hash and urls, between random delimiters.
func outputs(results []result, delimiter string) string {
	var hashes, urls strings.Builder
	for _, r := range results {
		if r.Error == nil && r.Hash != "" {
			hashes.WriteString(r.Hash + "\n")
		}
		for _, url := range r.URLs {
			urls.WriteString(url + "\n")
		}
	}
	return fmt.Sprintf("hash<<%[1]s\n%[2]s%[1]s\nurls<<%[1]s\n%[3]s%[1]s\n", delimiter, hashes.String(), urls.String())
}

// summary returns a table in Markdown, with a row for each artifact.
func summary(results []result) string {
	var table strings.Builder
	table.WriteString("### Remote Cache\n\n| File | Id | Bytes | Status |\n|---|---|--:|---|\n")
	for _, r := range results {
		size, status := "", r.Status
		if r.Size != nil {
			size = fmt.Sprint(*r.Size)
		}
		if r.Error != nil {
			status = "failed: " + r.Error.Message
		}
		fmt.Fprintf(&table, "| %s | %s | %s | %s |\n", literal(r.Path), literal(r.Hash), size, literal(status))
	}
	return table.String()
}

// literal escapes text for Markdown, with character references.
func literal(text string) string {
	var safe strings.Builder
	for _, r := range text {
		switch {
		case !unicode.IsPrint(r):
			safe.WriteString("\uFFFD")
		case r == ' ' || unicode.IsLetter(r) || unicode.IsDigit(r):
			safe.WriteRune(r)
		default:
			fmt.Fprintf(&safe, "&#%d;", r)
		}
	}
	return safe.String()
}
