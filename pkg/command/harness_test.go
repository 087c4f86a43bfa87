package command

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/artifact-cli/artifact/pkg/internal/must"
	"github.com/artifact-cli/artifact/pkg/internal/server"
	"github.com/artifact-cli/artifact/pkg/internal/store"
)

// run runs the program within this process.
func run(t testing.TB, environ map[string]string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	return capture(t, environ, func(env Env) int {
		env.Args = args
		return Run(t.Context(), env)
	})
}

// capture calls do with an environment, and returns what it wrote.
func capture(t testing.TB, environ map[string]string, do func(Env) int) (code int, stdout, stderr string) {
	t.Helper()
	dir := t.TempDir()
	open := func(name string) *os.File { return must.Get(os.Create(filepath.Join(dir, name)))(t) }
	in, out, errs := open("in"), open("out"), open("err")
	defer in.Close()
	code = do(Env{
		Stdin: in, Stdout: out, Stderr: errs,
		LookupEnv: func(name string) (string, bool) { value, ok := environ[name]; return value, ok },
		Environ:   func() []string { return nil },
	})
	read := func(file *os.File) string {
		_ = file.Close()
		return string(must.Get(os.ReadFile(file.Name()))(t))
	}
	return code, read(out), read(errs)
}

// cache returns the URL of our server, which runs until the test ends.
func cache(t testing.TB) string {
	t.Helper()
	kept := must.Get(store.Open(t.TempDir(), store.Options{}))(t)
	listener := must.Get(net.Listen("tcp", "127.0.0.1:0"))(t)
	tokens := must.Get(server.NewTokens([]string{"t"}, nil))(t)
	serving := must.Get(server.New(kept, server.Options{Tokens: tokens, Addr: listener.Addr()}))(t)
	ctx, stop := context.WithCancel(context.Background()) // a fuzz test has none of its own
	done := make(chan error, 1)
	go func() { done <- serving.Serve(ctx, listener) }()
	t.Cleanup(func() {
		stop()
		<-done
		_ = kept.Close()
	})
	return "http://" + listener.Addr().String()
}

// raw serves one answer, written as "STATUS\nHeader: value\n\nbody", to every
// request, or to those of a method that precedes it. It returns its URL.
func raw(t *testing.T, answers ...string) string {
	t.Helper()
	listener := must.Get(net.Listen("tcp", "127.0.0.1:0"))(t)
	t.Cleanup(func() { listener.Close() })
	handle := func(conn net.Conn) {
		defer conn.Close()
		req, err := http.ReadRequest(bufio.NewReader(conn))
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, req.Body)
		answer := answers[0]
		for _, some := range answers {
			if rest, ok := strings.CutPrefix(some, req.Method+" "); ok {
				answer = rest
				break
			}
		}
		head, body, _ := strings.Cut(strings.ReplaceAll(answer, "API", "http://"+listener.Addr().String()), "\n\n")
		if req.Method == http.MethodHead {
			body = ""
		}
		fmt.Fprintf(conn, "HTTP/1.1 %s\r\nConnection: close\r\n\r\n%s", strings.ReplaceAll(head, "\n", "\r\n"), body)
	}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go handle(conn)
		}
	}()
	return "http://" + listener.Addr().String()
}
