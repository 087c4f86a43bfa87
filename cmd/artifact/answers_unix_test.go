//go:build unix

package main

import (
	"fmt"
	"io"
	"net"
	"path/filepath"
	"testing"
)

// putFile uploads a small file called file.
func putFile(t *testing.T, env []string, flags ...string) outcome {
	t.Helper()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "file"), hello)
	return call{args: append(append([]string{"put"}, flags...), "file"), env: env, dir: dir}.run(t)
}

// TestEarlySuccess tries servers that report success after reading half of an
// upload, or nothing, while this machine's buffers hold the rest.
func TestEarlySuccess(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ size, reads int64 }{{3_000_000, 0}, {6_000_000, 3_000_000}, {64 << 20, 0}} {
		listener := listen(t)
		go func() {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			defer conn.Close()
			// The headers and the beginning of the body. No more is read.
			_, _ = io.ReadFull(conn, make([]byte, 4096))
			_, _ = io.CopyN(io.Discard, conn, test.reads)
			fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
			<-t.Context().Done()
		}()
		got := call{
			args: []string{"put", "-q", "-"}, stdin: io.LimitReader(zeros{}, test.size),
			env: []string{"ARTIFACT_API=http://" + listener.Addr().String(), "ARTIFACT_TOKEN=" + token},
		}.run(t)
		got.check(t, outcome{code: 8, stderr: "artifact: uploading -: the server answered 200 OK: " +
			"the server reported success before it had received the whole body\n" +
			"artifact: hint: A proxy or a server answered without reading the upload: check with artifact verify whether it is stored.\n"})
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func listen(t *testing.T) net.Listener {
	t.Helper()
	listener := must(net.Listen("tcp", "127.0.0.1:0"))(t)
	t.Cleanup(func() { listener.Close() })
	return listener
}
