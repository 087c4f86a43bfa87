//go:build unix

package main

import (
	"bufio"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// TestServeForAShell sources the three lines, and uses the cache with curl.
func TestServeForAShell(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip(err)
	}
	const script = `
		serve() { # starts one and waits for its lines
			mkfifo lines
			artifact serve --dir cache >lines 2>>log & pid=$!
			exec 3<lines; rm lines
			for i in 1 2 3; do IFS= read -r line <&3; eval "$line"; done
		}
		request() { curl -sS --noproxy '*' -w '%{http_code} ' "$@"; }
		serve
		artifact put --hash k file
		request -H "Authorization: Bearer $TURBO_TOKEN" "$TURBO_API/v8/artifacts/k?slug=$TURBO_TEAM" -o got; cat got
		request "$TURBO_API/v8/artifacts/k?slug=$TURBO_TEAM" -o got
		request -H "Authorization: Bearer $TURBO_TOKEN" -H 'Host: evil.example' "$TURBO_API/v8/artifacts/k?slug=$TURBO_TEAM" -o got
		old=$TURBO_TOKEN
		kill -HUP $pid; wait $pid; echo "ended with $?"
		serve
		request -H "Authorization: Bearer $TURBO_TOKEN" "$TURBO_API/v8/artifacts/k?slug=$TURBO_TEAM" -o got; cat got
		test "$old" != "$TURBO_TOKEN" && echo new token
		kill -TERM $pid; wait $pid; echo "ended with $?"
		grep -c -e "$old" -e "$TURBO_TOKEN" log`
	got := shell(t, script, nil).run(t)
	got.stderr = "" // some shells tell there how their jobs ended
	got.check(t, outcome{
		code:   1, // grep found no token in the log
		stdout: "k  file\n200 hello\n401 421 ended with 129\n200 hello\nnew token\nended with 143\n0\n",
	})
}

// TestServeListens refuses what others could reach, without a token of choice.
func TestServeListens(t *testing.T) {
	t.Parallel()
	got := call{args: []string{"serve", "--listen", "0.0.0.0:0"}}.run(t)
	if want := "it can be reached from other machines, so set a token in ARTIFACT_SERVE_TOKEN\n"; got.code != 2 ||
		got.stdout != "" || !strings.HasSuffix(got.stderr, want) {
		t.Errorf("%+v", got)
	}
	cmd := call{args: []string{"serve", "--listen", "0.0.0.0:0"}, env: []string{"ARTIFACT_SERVE_TOKEN=a'b c"}}
	if got := cmd.run(t); got.code != 2 || strings.Contains(got.stderr, "a'b") {
		t.Errorf("%+v", got)
	}
	taken := listen(t).Addr().String()
	call{args: []string{"serve", "--listen", taken}}.run(t).check(t, outcome{
		code: 2, stderr: fmt.Sprintf("artifact: --listen: %s: address already in use\n", taken)})
	call{args: []string{"serve", "--max-size", "soon"}}.run(t).check(t, outcome{
		code: 2, stderr: "artifact: --max-size: \"soon\": no size: want a number, perhaps with K, M or G\nartifact: hint: See artifact serve --help.\n"})
	// A chosen token reaches the shell as it is, whatever is in it.
	got = shell(t, `export ARTIFACT_SERVE_TOKEN='a$b;"c'"'d"; mkfifo lines; artifact serve >lines & exec 3<lines
		for i in 1 2 3; do read -r line <&3; eval "$line"; done; echo "$TURBO_TOKEN"; artifact put -q --hash k file; kill $!`, nil).run(t)
	if got.stdout != "a$b;\"c'd\nk\n" {
		t.Errorf("%+v", got)
	}
}

// TestServeCommand is about what a served command gets, and what is made of
// its end.
func TestServeCommand(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]outcome{
		`artifact serve -- artifact put file`:                                {stdout: helloSHA256 + "  file\n"},
		`artifact serve -- sh -c 'artifact put -q - <file'`:                  {stdout: helloSHA256 + "\n"},
		`cat file | artifact serve -- cat`:                                   {stdout: hello},
		`artifact serve -- sh -c 'echo out; echo err >&2; exit 7'`:           {code: 7, stdout: "out\n", stderr: "err\n"},
		`artifact serve -- sh -c 'kill -KILL $$'`:                            {code: 128 + 9},
		`artifact serve -- sh -c 'kill -TERM $$'`:                            {code: 128 + 15},
		`artifact serve -- no-such-command`:                                  {code: 127, stderr: "artifact: exec: \"no-such-command\": executable file not found in $PATH\n"},
		`artifact serve -- ./missing`:                                        {code: 127, stderr: "artifact: exec: \"./missing\": stat ./missing: no such file or directory\n"},
		`artifact serve -- ./file`:                                           {code: 126, stderr: "artifact: exec: \"./file\": permission denied\n"},
		`printf 'no program' >x; chmod +x x; artifact serve -- ./x`:          {code: 126, stderr: "artifact: fork/exec ./x: exec format error\n"},
		`artifact serve -- artifact put missing`:                             {code: 2, stderr: "artifact: reading missing: no such file or directory\n"},
		`artifact serve --read-only -- artifact put -q file 2>&1 | head -c9`: {stdout: "artifact:"},
	} {
		t.Run(script, func(t *testing.T) {
			t.Parallel()
			tmp := t.TempDir()
			shell(t, script, []string{"TMPDIR=" + tmp}).run(t).check(t, want)
			empty(t, tmp)
		})
	}
}

// TestServedEnvironment compares all that points at a cache or a credential.
func TestServedEnvironment(t *testing.T) {
	t.Parallel()
	foreign := []string{
		"ARTIFACT_API=https://other", "ARTIFACT_TOKEN=other", "ARTIFACT_TEAM=other", "ARTIFACT_SERVE_TOKEN=chosen",
		"TURBO_API=https://other", "TURBO_TOKEN=other", "TURBO_TEAM=other", "TURBO_TEAMID=team_other", "TURBO_LOGIN=https://other",
		"VERCEL_ARTIFACTS_TOKEN=other", "VERCEL_ARTIFACTS_OWNER=other", "VERCEL_TOKEN=other", "VERCEL_ORG_ID=other", "VERCEL_PROJECT_ID=other",
		"TURBO_REMOTE_CACHE_SIGNATURE_KEY=key", "NO_PROXY=a.example", "HTTP_PROXY=http://proxy.example",
	}
	tmp := t.TempDir()
	got := call{
		args: []string{"serve", "--", "sh", "-c", `env; command -v artifact; ls -l "${PATH%%:*}"; ls -ld "${PATH%%:*}"`},
		env:  append(foreign, "TMPDIR="+tmp),
	}.run(t)
	if got.code != 0 || got.stderr != "" {
		t.Fatalf("%+v", got)
	}
	var pointing []string
	for line := range strings.Lines(got.stdout) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		switch {
		case strings.HasSuffix(name, "_API"):
			value = regexp.MustCompile(`:\d+$`).ReplaceAllString(value, ":PORT")
			fallthrough
		case strings.HasPrefix(name, "TURBO_"), strings.HasPrefix(name, "ARTIFACT_"), strings.HasPrefix(name, "VERCEL_"), strings.Contains(strings.ToUpper(name), "_PROXY"):
			pointing = append(pointing, name+"="+value)
		}
	}
	slices.Sort(pointing)
	want := []string{
		"ARTIFACT_API=http://127.0.0.1:PORT", "ARTIFACT_RETRIES=0", "ARTIFACT_TEAM=local", "ARTIFACT_TOKEN=chosen", "HTTP_PROXY=http://proxy.example",
		"NO_PROXY=a.example,127.0.0.1", "TURBO_API=http://127.0.0.1:PORT", "TURBO_REMOTE_CACHE_SIGNATURE_KEY=key",
		"TURBO_TEAM=local", "TURBO_TOKEN=chosen", "no_proxy=a.example,127.0.0.1",
	}
	if !slices.Equal(pointing, want) {
		t.Errorf("%q\nwant %q", pointing, want)
	}
	private := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(tmp) + `/artifact-\d+/artifact$\n(total \d+\n)?l\S+ .* artifact -> .*\ndrwx------`)
	if !private.MatchString(got.stdout) {
		t.Errorf("no private directory with one link goes first on PATH: %s", got.stdout)
	}
	empty(t, tmp)
}

// TestServedLog is the command's own unless lines were asked for.
func TestServedLog(t *testing.T) {
	t.Parallel()
	got := shell(t, `artifact serve -v -- artifact put -q --hash k file`, nil).run(t)
	line := regexp.MustCompile(`^\d\d:\d\d:\d\d PUT /v8/artifacts/k 202 \S+, 6 B received, \d+ B sent\n$`)
	if got.code != 0 || got.stdout != "k\n" || !line.MatchString(got.stderr) {
		t.Errorf("%+v", got)
	}
}

// TestServedSignals passes signals on to a command, which may have its own
// idea of them.
func TestServedSignals(t *testing.T) {
	t.Parallel()
	for name, sig := range map[string]syscall.Signal{
		"TERM": syscall.SIGTERM, "HUP": syscall.SIGHUP, "INT": syscall.SIGINT, "QUIT": syscall.SIGQUIT,
		"USR1": syscall.SIGUSR1, "USR2": syscall.SIGUSR2,
	} {
		for kind, test := range map[string]struct {
			script string
			want   outcome
		}{
			"catches": {`trap 'echo caught; exit 5' ` + name + `; echo ready; while :; do sleep 0.01; done`, outcome{code: 5, stdout: "ready\ncaught\n"}},
			"dies":    {`echo ready; read line <fifo`, outcome{code: 128 + int(sig), stdout: "ready\n"}},
		} {
			t.Run(kind+"/"+name, func(t *testing.T) {
				t.Parallel()
				tmp := t.TempDir()
				dir := t.TempDir()
				if err := syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o600); err != nil {
					t.Fatal(err)
				}
				cmd := call{args: []string{"serve", "--", "sh", "-c", test.script}, env: []string{"TMPDIR=" + tmp}, dir: dir}.command(t)
				// Not in the foreground of a terminal that the test may have.
				cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
				reader, writer := pipe(t)
				cmd.Stdout = writer
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				writer.Close()
				out := bufio.NewReader(reader)
				ready, err := out.ReadString('\n')
				if err != nil {
					t.Fatal(err)
				}
				if err := cmd.Process.Signal(sig); err != nil {
					t.Fatal(err)
				}
				rest, _ := io.ReadAll(out)
				_ = cmd.Wait()
				outcome{code: shellCode(cmd.ProcessState), stdout: ready + string(rest)}.check(t, test.want)
				empty(t, tmp)
			})
		}
	}
}

// TestServedIgnoredSignal leaves ignored what nohup had ignored, for the
// command too.
func TestServedIgnoredSignal(t *testing.T) {
	t.Parallel()
	s := shell(t, `trap '' HUP; exec artifact serve -- sh -c 'kill -HUP $PPID; kill -HUP $$; echo alive'`, nil)
	s.run(t).check(t, outcome{stdout: "alive\n"})
}
