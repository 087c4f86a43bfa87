package server_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"

	"github.com/artifact-cli/artifact/pkg/internal/fault"
	"github.com/artifact-cli/artifact/pkg/internal/must"
	"github.com/artifact-cli/artifact/pkg/internal/server"
	"github.com/artifact-cli/artifact/pkg/internal/store"
)

// faulty is a store that fails for some ids.
type faulty struct{ *store.Dir }

// large is more than the buffers between the server and a client hold.
const large = 64 << 20

func (f faulty) Get(ctx context.Context, key store.Key) (*store.Blob, error) {
	blob := func(body io.Reader) (*store.Blob, error) {
		return &store.Blob{Entry: store.Entry{Size: large}, Body: io.NopCloser(body)}, nil
	}
	long := strings.NewReader(strings.Repeat(string(key.ID), 1<<18)) // net/http copies a short start by itself
	switch key.ID {
	case "disk":
		return nil, errDisk
	case "away":
		return nil, store.ErrUnavailable
	case "damaged":
		return nil, store.ErrCorrupt
	case "bug":
		panic("oh no")
	case "short":
		return blob(strings.NewReader("short"))
	case "torn":
		return blob(io.MultiReader(long, iotest.ErrReader(&fs.PathError{Op: "read", Path: "file", Err: errDisk})))
	case "cut":
		return blob(io.MultiReader(long, iotest.ErrReader(store.ErrUnavailable)))
	case "memory":
		return blob(bytes.NewReader(make([]byte, large)))
	}
	return f.Dir.Get(ctx, key)
}

// TestLogNamesWhoFailed checks which errors in the log are the server's, and which
// are clients'.
func TestLogNamesWhoFailed(t *testing.T) {
	t.Parallel()
	r := start(t, faulty{directory(t, store.Options{})}, server.Options{})
	requests := 0
	next := func() server.Access {
		requests++
		return r.log(requests)[requests-1]
	}
	expect := func(what string, status int, failed bool, err error) {
		t.Helper()
		if a := next(); a.Status != status || a.Failed != failed || !errors.Is(a.Err, err) {
			t.Errorf("%s: %+v, want status %d, failed: %t, %v", what, a, status, failed, err)
		}
	}
	get := func(id string) net.Conn { return r.raw(r.head("GET", "/v8/artifacts/"+id) + "\r\n") }

	r.do("GET", "/v8/artifacts/disk", nil)
	expect("a failing disk", 500, true, errDisk)
	r.do("GET", "/v8/artifacts/away", nil)
	expect("storage that is away", 503, true, store.ErrUnavailable)
	r.do("GET", "/v8/artifacts/damaged", nil)
	expect("a damaged artifact", 404, true, store.ErrCorrupt)
	for id, err := range map[string]error{"short": io.ErrUnexpectedEOF, "torn": errDisk, "cut": store.ErrUnavailable} {
		if text, _ := io.ReadAll(get(id)); !bytes.HasSuffix(text, []byte(id)) {
			t.Errorf("%s: %d bytes", id, len(text))
		}
		expect(id, 200, true, err)
	}
	r.expectFailure("a bug", r.do("GET", "/v8/artifacts/bug", nil), 500, "internal_server_error", "The server failed; its log says why.")
	a := next()
	broken, ok := errors.AsType[*fault.Error](a.Err)
	if !ok || !a.Failed || broken.Value != "oh no" || !bytes.Contains(broken.Stack, []byte("faulty")) {
		t.Errorf("the panic was logged as %+v", a)
	}

	must.Do(t, r.raw(r.head("PUT", "/v8/artifacts/half")+"Content-Length: 9\r\n\r\nhalf").Close())
	expect("a broken upload", 400, false, io.ErrUnexpectedEOF)
	r.do("PUT", "/v8/artifacts/file", make([]byte, large))
	expect("an upload", 202, false, nil)
	for _, id := range []string{"file", "memory"} {
		conn := get(id)
		must.Get(io.ReadFull(conn, make([]byte, 1000)))(t)
		must.Do(t, conn.Close())
		if a := next(); a.Status != 200 || a.Failed || a.Err == nil {
			t.Errorf("a broken download of the %s: %+v", id, a)
		}
	}
	r.do(strings.Repeat("X", 5000), "/", nil)
	if a := next(); a.Method != strings.Repeat("X", 32) {
		t.Errorf("a long method: %+v", a)
	}
}

// crowded is a listener that fails with each of errs, and then works.
type crowded struct {
	net.Listener
	errs []error
}

func (l *crowded) Accept() (net.Conn, error) {
	if len(l.errs) > 0 {
		err := l.errs[0]
		l.errs = l.errs[1:]
		return nil, err
	}
	return l.Listener.Accept()
}

// TestWarnOfCrowd checks that a server reports once that it cannot accept
// connections, and not that it was stopped.
func TestWarnOfCrowd(t *testing.T) {
	t.Parallel()
	listener := must.Get(net.Listen("tcp", "127.0.0.1:0"))(t)
	var warnings []string
	web := must.Get(server.New(fake{}, server.Options{Tokens: tokens(t), Addr: listener.Addr(), Warn: func(err error) {
		warnings = append(warnings, err.Error())
	}}))(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	full := &net.OpError{Op: "accept", Net: "tcp", Err: syscall.EMFILE}
	go func() { ended <- web.Serve(ctx, &crowded{listener, []error{full, full, full}}) }()
	response := must.Get(client.Get("http://" + listener.Addr().String() + "/metrics"))(t)
	must.Do(t, response.Body.Close())
	cancel()
	must.Do(t, <-ended)
	if want := []string{"waiting for connections: accept tcp: too many open files"}; !slices.Equal(warnings, want) {
		t.Errorf("it reported %q, want %q", warnings, want)
	}
}
