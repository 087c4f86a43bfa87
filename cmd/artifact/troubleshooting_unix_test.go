//go:build unix

package main

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// troubles are the errors that need a server that stories do not have.
var troubles = map[string]func(t *testing.T, file string, w http.ResponseWriter, r *http.Request){
	"success before it had received the whole body": func(t *testing.T, _ string, w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		t.Cleanup(func() { _ = conn.Close() }) // what is left is never read
		_, _ = io.WriteString(conn, "HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}")
	},
	"changed while it was read": func(t *testing.T, file string, _ http.ResponseWriter, r *http.Request) {
		if err := os.WriteFile(file, []byte("other"), 0o600); err != nil {
			t.Error(err)
		}
		_, _ = io.Copy(io.Discard, r.Body)
	},
}

// TestTroubleshooting provokes every error that is a heading of
// TROUBLESHOOTING.md, or finds it in the story that does.
func TestTroubleshooting(t *testing.T) {
	t.Parallel()
	story := readFile(t, filepath.Join(scripts, "troubleshooting.txtar"))
	page := readFile(t, "../../TROUBLESHOOTING.md")
	headings := regexp.MustCompile("(?m)^### `([^`]+)`$").FindAllStringSubmatch(page, -1)
	if shown := strings.Count(story, "\nstderr '") + len(troubles); len(headings) != shown {
		t.Errorf("%d headings, and %d troubles", len(headings), shown)
	}
	for _, heading := range headings {
		answer := troubles[heading[1]]
		if answer == nil {
			if line := "\nstderr '" + strings.ReplaceAll(heading[1], "'", "''") + "'\n"; !strings.Contains(story, line) {
				t.Errorf("no story runs into %q", heading[1])
			}
			continue
		}
		t.Run(heading[1], func(t *testing.T) {
			t.Parallel()
			file := writeFile(t, filepath.Join(t.TempDir(), "f"), strings.Repeat("x", 32_000_000))
			server := serve(t, func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.ReadFull(r.Body, make([]byte, 4096))
				answer(t, file, w, r)
			})
			if got := (call{args: []string{"put", file}, env: server.env()}).run(t); got.code == 0 || !strings.Contains(got.stderr, heading[1]) {
				t.Errorf("%+v", got)
			}
		})
	}
}
