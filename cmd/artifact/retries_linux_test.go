package main

import (
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
)

// failing answers with a fault so often, and then stores.
func failing(t *testing.T, times int32) *recorder {
	t.Helper()
	var requests atomic.Int32
	return record(t, func(w http.ResponseWriter, _ *http.Request) {
		if requests.Add(1) > times {
			w.WriteHeader(http.StatusAccepted)
			return
		}
		w.Header().Set("Retry-After", "0")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, "busy\n\x1b[2Jartifact: stored\r"+token)
	})
}

// TestRetries prints one plain line for each further try, whatever the server
// says in it.
func TestRetries(t *testing.T) {
	t.Parallel()
	const why = "the server answered 503 Service Unavailable: busy ?[2Jartifact: stored ***"
	const again = "artifact: uploading file: " + why + "; trying again in 0s "
	const stored = helloSHA256 + "  file\n"
	const failed = "artifact: uploading file: " + why + "\nartifact: hint: The server has a fault; try again later.\n"
	for name, test := range map[string]struct {
		times int32
		flags []string
		want  outcome
	}{
		"twice":      {2, nil, outcome{stdout: stored, stderr: again + "(1 of 2)\n" + again + "(2 of 2)\n"}},
		"quietly":    {2, []string{"-q"}, outcome{stdout: helloSHA256 + "\n"}},
		"for good":   {3, nil, outcome{code: 9, stderr: again + "(1 of 2)\n" + again + "(2 of 2)\n" + failed}},
		"never":      {3, []string{"--retries=0"}, outcome{code: 9, stderr: failed}},
		"warn only":  {3, []string{"-q", "--warn-only"}, outcome{stderr: failed}},
		"with a bar": {1, []string{"--progress=always"}, outcome{stdout: stored, stderr: again + "(1 of 2)\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := failing(t, test.times)
			got := putFile(t, append(server.env(), "ARTIFACT_RETRIES=2"), test.flags...)
			got.check(t, test.want)
			for _, sent := range server.all() {
				if sent.Body != hello {
					t.Errorf("a try sent %q", sent.Body)
				}
			}
		})
	}
}

// TestRetryAfterTooLong ends at the first try, and says for how long.
func TestRetryAfterTooLong(t *testing.T) {
	t.Parallel()
	for value, shown := range map[string]string{"121": "2m1s", "3600": "1h0m0s", "99999999999999999999": "1193046h28m15s"} {
		server := record(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", value)
			w.WriteHeader(http.StatusTooManyRequests)
		})
		got := putFile(t, append(server.env(), "ARTIFACT_RETRIES=4"))
		got.check(t, outcome{code: 9, stderr: "artifact: uploading file: the server answered 429 Too Many Requests: the server asks to come back later\n" +
			"artifact: hint: The server wants " + shown + " before the next request; run the upload again then.\n"})
		if n := len(server.all()); n != 1 {
			t.Errorf("%d requests", n)
		}
	}
}

// TestRetryOnATerminal keeps the line whole above the bar, which goes back.
func TestRetryOnATerminal(t *testing.T) {
	t.Parallel()
	for _, columns := range []uint16{40, 120} {
		var tries atomic.Int32
		shown := make(chan struct{})
		server := record(t, func(w http.ResponseWriter, _ *http.Request) {
			if tries.Add(1) == 1 {
				<-shown
				w.Header().Set("Retry-After", "1")
				w.WriteHeader(http.StatusBadGateway)
				return
			}
			w.WriteHeader(http.StatusAccepted)
		})
		cmd := call{args: []string{"put", "--hash=k", "--no-git", "-"}, env: append(server.env(), "ARTIFACT_RETRIES=1"), stdin: strings.NewReader(hello)}.command(t)
		outside, inside := terminal(t, columns)
		cmd.Stdout, cmd.Stderr = inside, inside
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		inside.Close()
		text := readUntilEnd(outside, func(text string) {
			if strings.Contains(text, "waiting for the server") {
				select {
				case <-shown:
				default:
					close(shown)
				}
			}
		})
		_ = cmd.Wait()
		const line = "\r\x1b[Jartifact: uploading -: the server answered 502 Bad Gateway; trying again in 1s (1 of 1)\r\n"
		if _, after, ok := strings.Cut(text, line); !ok || !strings.Contains(after, "waiting to try again") || !strings.HasSuffix(text, "\r\x1b[Jk  -\r\n") {
			t.Errorf("%d columns: %q", columns, text)
		}
	}
}

// readUntilEnd tells seen of all that was read so far, each time.
func readUntilEnd(from io.Reader, seen func(text string)) string {
	var all strings.Builder
	for buffer := make([]byte, 4096); ; {
		n, err := from.Read(buffer)
		all.Write(buffer[:n])
		seen(all.String())
		if err != nil {
			return all.String()
		}
	}
}
