package command

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/artifact-cli/artifact/pkg/internal/fault"
	"github.com/artifact-cli/artifact/pkg/internal/must"
	"github.com/artifact-cli/artifact/pkg/internal/redact"
	"github.com/artifact-cli/artifact/pkg/internal/server"
	"github.com/artifact-cli/artifact/pkg/internal/store"
	"github.com/artifact-cli/artifact/pkg/internal/ui"
)

// loggedBy returns what a serve with these options prints while it runs print.
func loggedBy(t *testing.T, o serveOptions, common commonOptions, print func(*serveLog)) string {
	t.Helper()
	var out bytes.Buffer
	redactor := redact.New("secret-token")
	filter := redactor.Writer(&out)
	a := &app{common: common, streams: &streams{redactor: redactor, screen: ui.NewScreen(filter, func() int { return 0 })}}
	a.env.LookupEnv = func(string) (string, bool) { return "", false }
	print(a.newServeLog(o))
	must.Do(t, filter.Flush())
	return out.String()
}

const took = 1234567 * time.Nanosecond

// logged is something that a log prints, and its record without the time.
type logged struct {
	print func(*serveLog)
	want  map[string]any
}

// recorded returns what a log prints as JSON, such as requests that try to break
// out of their record.
func recorded() map[string]logged {
	request := server.Access{Method: "GET", Path: "/v8/artifacts/k", Status: 200, Received: 1 << 40, Sent: 5, Duration: took}
	record := func(members map[string]any) map[string]any {
		all := map[string]any{
			"level": "info", "message": "request", "method": "GET", "path": "/v8/artifacts/k", "status": 200.0,
			"seconds": 0.001235, "received": float64(1 << 40), "sent": 5.0,
		}
		maps.Copy(all, members)
		return all
	}
	return map[string]logged{
		"a request": {func(l *serveLog) { l.request(request) }, record(nil)},
		"a path": {func(l *serveLog) {
			r := request
			r.Path = "/\"}\n\r\x00\x1b[2J\u202e\u2028\xff<secret-token>"
			l.request(r)
		}, record(map[string]any{"path": "/\"}\n\r\x00\x1b[2J\u202e\u2028\ufffd<***>"})},
		"a broken upload": {func(l *serveLog) {
			r := request
			r.Err = errors.New("unexpected\n\u009b EOF, secret-token")
			l.request(r)
		}, record(map[string]any{"level": "warn", "error": `unexpected\n\u009b EOF, ***`})},
		"a failure": {func(l *serveLog) {
			r := request
			r.Err, r.Failed, r.Status = errors.New("no disk"), true, 500
			l.request(r)
		}, record(map[string]any{"level": "error", "error": "no disk", "status": 500.0})},
		"a bug": {func(l *serveLog) {
			r := request
			r.Err, r.Failed = &fault.Error{Value: "oh no", Stack: []byte("main\n\tmain.go:1\n")}, true
			l.request(r)
		}, record(map[string]any{"level": "error", "error": "a bug in this program: oh no", "stack": "main\n\tmain.go:1\n"})},
		"a removal": {
			func(l *serveLog) { l.removal(store.Removal{Reason: store.Evicted, Artifacts: 3, Bytes: 1 << 30}) },
			map[string]any{"level": "info", "message": "removed", "reason": "size", "artifacts": 3.0, "bytes": float64(1 << 30)},
		},
		"a warning": {
			func(l *serveLog) { l.app.warn("the token file is empty\nsecret-token") },
			map[string]any{"level": "warn", "message": `the token file is empty\n***`},
		},
		"an error": {
			func(l *serveLog) { l.app.printError(errors.New("cut off")) },
			map[string]any{"level": "error", "message": "cut off"},
		},
		"a bug elsewhere": {
			func(l *serveLog) { l.app.printError(&fault.Error{Value: 1, Stack: []byte("main\n")}) },
			map[string]any{"level": "error", "message": "a bug in this program: 1", "stack": "main\n"},
		},
		"a hint": {
			func(l *serveLog) { l.app.printHint("Try again.") },
			map[string]any{"level": "info", "message": "hint: Try again."},
		},
	}
}

// TestJSONLog compares whole records.
func TestJSONLog(t *testing.T) {
	t.Parallel()
	keys := make(map[string]bool)
	for name, test := range recorded() {
		text := loggedBy(t, serveOptions{log: logJSON}, commonOptions{}, test.print)
		if strings.Count(text, "\n") != 1 || !utf8.ValidString(text) {
			t.Errorf("%s: %q is not one line of UTF-8", name, text)
		}
		var got map[string]any
		must.Do(t, json.Unmarshal([]byte(text), &got))
		stamp, _ := got["time"].(string)
		if at, err := time.Parse("2006-01-02T15:04:05.000Z", stamp); err != nil || time.Since(at).Abs() > time.Hour {
			t.Errorf("%s: the time is %q", name, stamp)
		}
		for key := range got {
			keys[key] = true
		}
		delete(got, "time")
		if !maps.Equal(got, test.want) {
			t.Errorf("%s:\n%v, want\n%v", name, got, test.want)
		}
	}
	if all := slices.Sorted(maps.Keys(keys)); !slices.Equal(all, documentedKeys(t)) {
		t.Errorf("the keys are %q, and the page has %q", all, documentedKeys(t))
	}
}

// documentedKeys returns the keys of records in the documentation, sorted.
func documentedKeys(t *testing.T) (keys []string) {
	t.Helper()
	page := must.Get(os.ReadFile("../../docs/serve-metrics.md"))(t)
	_, table, _ := strings.Cut(string(page), "## Log")
	for _, row := range regexp.MustCompile("(?m)^\\| `.*?\\|").FindAllString(table, -1) {
		keys = append(keys, regexp.MustCompile(`\w+`).FindAllString(row, -1)...)
	}
	slices.Sort(keys)
	return keys
}

func TestLogWarns(t *testing.T) {
	t.Parallel()
	got := loggedBy(t, serveOptions{}, commonOptions{quiet: true}, func(l *serveLog) {
		l.warning(&net.OpError{Op: "accept", Net: "tcp", Err: os.NewSyscallError("accept4", syscall.EMFILE)})
	})
	const want = "artifact: accept tcp: accept4: too many open files\n" +
		"artifact: hint: Raise the limit of open files: ulimit -n, or LimitNOFILE= in a systemd service.\n"
	if got != want {
		t.Errorf("it printed %q, want %q", got, want)
	}
}

// TestLogged checks which lines are printed: by default all where no terminal
// shows the traffic, and only failures elsewhere.
func TestLogged(t *testing.T) {
	t.Parallel()
	command := []string{"true"}
	const healthy = "GET /healthz 200 1.2ms, 2 B sent\n"
	const all = "GET /ok 200 1.2ms, 5 B sent\n" + brokenOff + failed + "removed 1 artifact, 5 B, older than --max-age\n" +
		"removed 2 artifacts, 2.0 KiB, to stay below --max-size\n"
	for _, test := range []struct {
		o      serveOptions
		common commonOptions
		want   string
	}{
		{serveOptions{}, commonOptions{}, all},
		{serveOptions{log: logText}, commonOptions{}, all},
		{serveOptions{}, commonOptions{progress: ui.Always}, brokenOff + failed},
		{serveOptions{log: logText}, commonOptions{progress: ui.Always}, all},
		{serveOptions{}, commonOptions{progress: ui.Never}, all},
		{serveOptions{}, commonOptions{verbose: true}, healthy + all},
		{serveOptions{}, commonOptions{progress: ui.Always, verbose: true}, healthy + all},
		{serveOptions{}, commonOptions{quiet: true}, brokenOff + failed},
		{serveOptions{log: logText}, commonOptions{quiet: true}, brokenOff + failed},
		{serveOptions{command: command}, commonOptions{}, failed},
		{serveOptions{command: command}, commonOptions{verbose: true}, healthy + all},
		{serveOptions{command: command, log: logText}, commonOptions{}, all},
	} {
		text := loggedBy(t, test.o, test.common, func(l *serveLog) {
			l.request(server.Access{Method: "GET", Path: "/healthz", Status: 200, Sent: 2, Duration: took, Routine: true})
			l.request(server.Access{Method: "GET", Path: "/ok", Status: 200, Sent: 5, Duration: took})
			l.request(server.Access{Method: "PUT", Path: "/k", Status: 400, Received: 7, Duration: took, Err: errors.New("unexpected EOF")})
			l.request(server.Access{Method: "GET", Path: "/k", Status: 500, Duration: took, Err: errors.New("no\ndisk"), Failed: true})
			l.removal(store.Removal{Reason: store.Expired, Artifacts: 1, Bytes: 5})
			l.removal(store.Removal{Reason: store.Evicted, Artifacts: 2, Bytes: 2048})
		})
		var lines strings.Builder
		for line := range strings.Lines(text) {
			stamp, line, _ := strings.Cut(line, " ")
			if _, err := time.Parse(time.TimeOnly, stamp); err != nil {
				t.Error(err)
			}
			lines.WriteString(line)
		}
		if lines.String() != test.want {
			t.Errorf("%+v %+v:\n%swant\n%s", test.o, test.common, &lines, test.want)
		}
	}
}

const (
	brokenOff = "PUT /k 400 1.2ms, 7 B received: unexpected EOF\n"
	failed    = `GET /k 500 1.2ms: no\ndisk` + "\n"
)
