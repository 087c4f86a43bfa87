package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

const screens = "../../testdata/screens"

// screenWidths are the widths of a narrow terminal and of a wide one.
var screenWidths = []int{40, 120}

// TestScreens runs the program in real terminals of several widths and compares
// what they show with screens that somebody has reviewed. After a change,
//
//	go test ./cmd/artifact -run TestScreens -update
//
// writes them anew, to be looked at again. Each file begins with what is done,
// one step a line:
//
//	$ COMMAND   types it and waits until it has ended
//	& COMMAND   types it
//	wait TEXT   waits until it is shown behind the last prompt
//	gone TEXT   waits until it shows that no more
//	keys KEY... presses keys, by tmux's names
//	prompt      waits until what was typed has ended
//	resize N    changes the terminal's width
//	aside CMD   runs something elsewhere, with the variables that were shown
//	look        keeps what is shown at this moment; the end is always kept
//	colours     keeps it with the sequences that colour it
//	N: STEP     is for a terminal of N columns only
//
// The directory holds dist.tar.gz, disk.img of 1 GiB, a few files in docs, one in
// logs and none in empty. There is a cache, $NO/STATUS is one that refuses all,
// and $SLOW one that stops in the middle.
func TestScreens(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob(filepath.Join(screens, "*.txtar"))
	if err != nil || len(paths) < 10 {
		t.Fatalf("%d files, %v", len(paths), err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			t.Parallel()
			kept := must(txtar.ParseFile(path))(t)
			shown := &txtar.Archive{Comment: kept.Comment}
			for _, columns := range screenWidths {
				text := playScreen(t, string(kept.Comment), columns)
				shown.Files = append(shown.Files, txtar.File{Name: fmt.Sprint(columns), Data: []byte(text)})
			}
			switch got, want := txtar.Format(shown), txtar.Format(kept); {
			case *update:
				if err := os.WriteFile(path, got, 0o666); err != nil {
					t.Error(err)
				}
			case !bytes.Equal(got, want):
				t.Errorf("%s", firstDifference(string(got), string(want)))
			}
		})
	}
}

// firstDifference shows where two texts differ.
func firstDifference(got, want string) string {
	gotLines, wantLines := strings.SplitAfter(got, "\n"), strings.SplitAfter(want, "\n")
	same := 0
	for same < min(len(gotLines), len(wantLines)) && gotLines[same] == wantLines[same] {
		same++
	}
	part := func(lines []string) string { return strings.Join(lines[same:min(same+8, len(lines))], "") }
	return fmt.Sprintf("in line %d it is\n%s\nand was\n%s", same+1, part(gotLines), part(wantLines))
}

// playScreen runs the steps and returns all looks.
func playScreen(t *testing.T, steps string, columns int) string {
	t.Helper()
	home := t.TempDir()
	dir := filepath.Join(home, "project")
	fillScreenDir(t, dir)
	env := screenEnv(t, home)
	p := openPane(t, columns, dir, env)
	steady := steadyText(home)
	var looks strings.Builder
	for line := range strings.Lines(steps) {
		verb, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if only, isWidth := strings.CutSuffix(verb, ":"); isWidth {
			if only != fmt.Sprint(columns) {
				continue
			}
			verb, rest, _ = strings.Cut(rest, " ")
		}
		switch verb {
		case "", "#":
		case "$", "&", "wait":
			p.step(verb, rest)
		case "gone":
			p.await(func(shown string) bool { return !strings.Contains(sincePrompt(shown), rest) })
		case "keys":
			p.tmux(append([]string{"send-keys"}, strings.Fields(rest)...)...)
		case "prompt":
			p.awaitPrompt()
		case "resize":
			width := must(strconv.Atoi(rest))(t)
			p.resize(width)
		case "aside":
			runAside(t, rest, dir, append(env, exported(p.capture("-J"))...))
		case "look":
			looks.WriteString(p.look(steady) + "- - -\n")
		case "colours":
			looks.WriteString(strings.ReplaceAll(trimLines(p.capture("-e")), "\x1b", `\e`) + "- - -\n")
		default:
			t.Fatalf("%q is no step", verb)
		}
	}
	return looks.String() + p.look(steady)
}

// fillScreenDir creates the files for screens.
func fillScreenDir(t *testing.T, dir string) {
	t.Helper()
	mustDo(t, os.MkdirAll(filepath.Join(dir, "empty"), 0o777))
	for name, content := range map[string]string{
		"dist.tar.gz": strings.Repeat("all that was built\n", 100), "docs/index.html": hello, "logs/build.txt": "log\n",
		"docs/a page with a name that is longer than most terminals are wide, or at least than many.html": "long\n",
		"docs/日本語の説明書と見本.html":                                                                            "wide\n", "docs/📦.txt": "emoji\n",
	} {
		writeFile(t, filepath.Join(dir, name), content)
	}
	mustDo(t, os.Truncate(writeFile(t, filepath.Join(dir, "disk.img"), ""), 1<<30))
}

// screenEnv returns a clean environment with three caches.
func screenEnv(t *testing.T, home string) []string {
	t.Helper()
	cache := serveCache(t)
	return append(call{}.command(t).Env,
		"HOME="+home, "XDG_CACHE_HOME="+filepath.Join(home, ".cache"), "DBUS_SESSION_BUS_ADDRESS=unix:path="+filepath.Join(home, "none"),
		"ARTIFACT_API="+cache.api, "ARTIFACT_TOKEN="+cache.token, "ARTIFACT_TEAM=local", "ARTIFACT_NO_GIT=1",
		"NO="+serve(t, refuseAll).URL, "SLOW="+slowCache(t))
}

// refuseAll answers everything with the status that the URL begins with.
func refuseAll(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	number, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	status, err := strconv.Atoi(number)
	if err != nil {
		status = http.StatusTeapot
	}
	answer := map[int]string{
		http.StatusUnauthorized: `{"error":{"code":"unauthorized","message":"The request is not authorized."}}`,
		http.StatusForbidden: `{"error":{"code":"forbidden","message":"You do not have permission to access this resource, ` +
			`or the team that it belongs to has been moved to another account in the meantime."}}`,
		http.StatusOK: "<!doctype html><title>Sign in</title>",
	}[status]
	if status == http.StatusTooManyRequests { // else the pause is a random one, and may be none
		w.Header().Set("Retry-After", "60")
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, answer)
}

// The bytes after which slowCache stalls: a tenth of disk.img, and a quarter of a
// download.
const (
	slowUpload   = 105 << 20
	slowDownload = 5 << 20
)

// slowCache stalls in the middle of each artifact, except for one called quick.
// Its buffers are small, so that the client's progress is known to a hundredth.
func slowCache(t *testing.T) string {
	t.Helper()
	over := make(chan struct{})
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			w.Header().Set("Content-Length", fmt.Sprint(4*slowDownload))
			_, _ = io.CopyN(w, zeros{}, slowDownload)
			w.(http.Flusher).Flush()
		}
		_, _ = io.CopyN(io.Discard, r.Body, slowUpload)
		if strings.HasSuffix(r.URL.Path, "/quick") {
			w.WriteHeader(http.StatusAccepted)
			return
		}
		<-over
	}))
	server.Config.ConnState = func(conn net.Conn, state http.ConnState) {
		if state == http.StateNew {
			_ = conn.(*net.TCPConn).SetReadBuffer(64 << 10)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(over) })
	return server.URL
}

// exported returns the variables of the last export lines.
func exported(shown string) []string {
	var variables []string
	for _, export := range regexp.MustCompile(`(?m)^export TURBO_(\S+=\S+)`).FindAllStringSubmatch(shown, -1) {
		variables = append(variables, "ARTIFACT_"+export[1])
	}
	return variables
}

// runAside runs a command that is not shown.
func runAside(t *testing.T, script, dir string, env []string) {
	t.Helper()
	cmd := exec.Command("sh", "-c", script)
	cmd.Dir, cmd.Env = dir, env
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", script, err, out)
	}
}

// steadyText replaces what varies from run to run.
func steadyText(home string) func(string) string {
	type change struct {
		pattern *regexp.Regexp
		words   string
	}
	changes := []change{
		{regexp.MustCompile(regexp.QuoteMeta(home)), "/home/me"},
		{regexp.MustCompile(`127\.0\.0\.1:\d{3,}`), "127.0.0.1:PORT"},
		{regexp.MustCompile(`(?m)^(serving at \.\.\.)\S+`), "${1}PORT"},
		{regexp.MustCompile(`(?m)^(export TURBO_TOKEN=)\S+`), "${1}TOKEN"},
		{regexp.MustCompile(`(?m)^(artifact )(\(devel\)|v\d).*`), "${1}VERSION"},
		{regexp.MustCompile(`(?m)^\d\d:\d\d:\d\d `), "HH:MM:SS "},
		{regexp.MustCompile(`((?: in| \d{3})) [\d.]+(?:µs|ms|s)\b`), "$1 TIME"},
		{regexp.MustCompile(`\([\d.]+ [KMG]?i?B/s\)`), "(RATE)"},
		{regexp.MustCompile(`"seconds":[\d.]+`), `"seconds":SECONDS`},
		// In a bar, the rate is right-aligned, and there is a time only if
		// something moves.
		{regexp.MustCompile(`(?m)  ( {0,10}[\d.]+ [KMG]?i?B/s)(  \d\w*( left)?)?$`), "         RATE  TIME"},
		{regexp.MustCompile(`(?m)^((?:up|down)loading .*%)(?:  \d\w* left)?$`), "$1  TIME"},
		{regexp.MustCompile(`(?m)^(waiting for the server: .*)  \d+s$`), "$1  TIME"},
	}
	return func(text string) string {
		for _, c := range changes {
			text = c.pattern.ReplaceAllString(text, c.words)
		}
		return text
	}
}
