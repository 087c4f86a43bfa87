package main

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
)

// cache is an artifact serve that runs during a story.
type cache struct {
	cmd            *exec.Cmd
	stdout, stderr bytes.Buffer // complete when it was stopped
	read           chan error   // the error of reading standard output
	once           sync.Once
}

// cacheKey is the key of a story's cache.
type cacheKey struct{}

// runCache is the command cache of stories. "cache start" runs artifact serve
// with the flags, in the story's initial environment and the given variables; it
// waits for the lines to source, and sets the story's variables by them. A token that
// is given is not among them.
// "cache stop" interrupts it; afterwards stdout and stderr look at all that it
// printed, so a request that was answered is in the log for sure. The end of the
// story stops it too.
func runCache(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: cache start [NAME=VALUE...] [FLAG...], or cache stop")
	}
	kept := ts.Value(cacheKey{}).(**cache)
	switch verb := args[0]; {
	case verb == "start" && *kept == nil:
		*kept = startCache(ts, args[1:])
		ts.Defer((*kept).stop)
	case verb == "stop" && *kept != nil:
		running := *kept
		*kept = nil
		running.stop()
		_, _ = ts.Stdout().Write(running.stdout.Bytes())
		_, _ = ts.Stderr().Write(running.stderr.Bytes())
	default:
		ts.Fatalf("cache: cannot %s", verb)
	}
}

func startCache(ts *testscript.TestScript, args []string) *cache {
	variables := 0
	for variables < len(args) && !strings.HasPrefix(args[variables], "-") {
		variables++
	}
	c := &cache{cmd: exec.Command("artifact", append([]string{"serve"}, args[variables:]...)...), read: make(chan error, 1)}
	c.cmd.Env = slices.Concat(ts.Value(beginning{}).([]string), args[:variables])
	c.cmd.Dir = ts.MkAbs(".")
	c.cmd.Stderr = &c.stderr
	stdout, err := c.cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(c.cmd.Start())
	lines := bufio.NewScanner(io.TeeReader(stdout, &c.stdout))
	for name := ""; name != "TURBO_TEAM"; {
		started := lines.Scan()
		assignment, isExport := strings.CutPrefix(lines.Text(), "export ")
		var value string
		name, value, _ = strings.Cut(assignment, "=")
		if !started || !isExport {
			_ = c.cmd.Process.Kill()
			_, err := io.Copy(&c.stdout, stdout)
			c.read <- err
			c.stop()
			ts.Fatalf("the cache did not start: %s%s", c.stdout.Bytes(), c.stderr.Bytes())
		}
		ts.Setenv(name, value)
	}
	go func() {
		_, err := io.Copy(&c.stdout, stdout)
		c.read <- err
	}()
	return c
}

// stop ends the cache and waits for it.
func (c *cache) stop() {
	c.once.Do(func() {
		if runtime.GOOS == "windows" {
			_ = c.cmd.Process.Kill() // there is no gentler way
		} else {
			_ = c.cmd.Process.Signal(os.Interrupt)
		}
		<-c.read
		_ = c.cmd.Wait() // it died of the signal
	})
}
