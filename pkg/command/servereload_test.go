package command

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/artifact-cli/artifact/pkg/internal/must"
	"github.com/artifact-cli/artifact/pkg/internal/server"
	"github.com/artifact-cli/artifact/pkg/internal/store"
)

// outcomes is a reloadable that returns one after another, and then stops.
type outcomes struct {
	list []any // a note or an error
	stop func()
}

func (o *outcomes) reload() (string, error) {
	if len(o.list) == 0 {
		o.stop()
		return "", nil
	}
	next := o.list[0]
	o.list = o.list[1:]
	err, _ := next.(error)
	note, _ := next.(string)
	return note, err
}

// TestReloadOften prints each problem once, until it is solved, even with -q.
func TestReloadOften(t *testing.T) {
	t.Parallel()
	one, other := errors.New("one"), errors.New("other")
	_, stdout, stderr := capture(t, nil, func(env Env) int {
		a := &app{env: env, streams: env.openStreams()}
		a.common.quiet = true
		defer a.streams.flush()
		ctx, stop := context.WithCancel(context.Background())
		a.reloadOften(ctx, time.Millisecond, &outcomes{[]any{one, one, "", one, other, other, one, "a note", ""}, stop})
		return 0
	})
	const stays = "; what was read before stays in use\n"
	const want = "artifact: one" + stays + "artifact: one" + stays + "artifact: other" + stays + "artifact: one" + stays
	if stdout != "" || stderr != want {
		t.Errorf("%s%s, want %s", stdout, stderr, want)
	}
}

// TestKeepFreshReportsPanics passes a panic on.
func TestKeepFreshReportsPanics(t *testing.T) {
	t.Parallel()
	failed := make(chan error)
	new(app).keepFresh(t.Context(), func(err error) { failed <- err }, time.Millisecond, &outcomes{stop: func() { panic("oh no") }})
	if err := <-failed; ExitCode(err) != exitFault {
		t.Error(err)
	}
}

// TestReloadTokens changes the files of a cache's tokens.
func TestReloadTokens(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	files := tokenFiles{write: filepath.Join(dir, "write"), read: filepath.Join(dir, "read")}
	kept := must.Get(store.Open(filepath.Join(dir, "cache"), store.Options{}))(t)
	t.Cleanup(func() { _ = kept.Close() })
	write := func(path, text string) { must.Do(t, os.WriteFile(path, []byte(text), 0o600)) }
	write(files.write, "\ufeff# of CI\r\nci-token\r\n\r\n  other-ci\t\n")
	write(files.read, "laptop")
	_, _, stderr := capture(t, map[string]string{envServeToken: "fixed"}, func(env Env) int {
		a := &app{env: env, streams: env.openStreams()}
		addr := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 80}
		tokens := must.Get(a.newCacheTokens(serveOptions{reachOptions: reachOptions{tokens: files}}, addr))(t)
		web := must.Get(server.New(kept, server.Options{Tokens: tokens.Tokens, Addr: addr}))(t)
		expect := func(what, want string) {
			t.Helper()
			got := ""
			for _, token := range []string{"fixed", "ci-token", "other-ci", "laptop", "third"} {
				request := httptest.NewRequest(http.MethodPut, "/v8/artifacts/a", strings.NewReader("body"))
				request.Host = "192.0.2.1"
				request.Header.Set("Authorization", "Bearer "+token)
				request.Header.Set("Content-Type", "application/octet-stream")
				request.Header.Set("Content-Length", "4")
				recorder := httptest.NewRecorder()
				web.ServeHTTP(recorder, request)
				got += map[int]string{202: "w", 403: "r", 401: "-"}[recorder.Code]
			}
			if got != want {
				t.Errorf("%s: %s, want %s", what, got, want)
			}
		}
		reload := func(what, want string) {
			t.Helper()
			got, err := tokens.reload()
			if err != nil {
				got = err.Error()
			}
			if got != want {
				t.Errorf("%s: %s, want %s", what, got, want)
			}
		}
		if tokens.first != "fixed" || tokens.madeUp {
			t.Errorf("%+v", tokens)
		}
		expect("at the start", "wwwr-")
		reload("unchanged", "")
		write(files.write, "third\n")
		reload("another token", "read the tokens again: 2 to read and write, 1 only to read")
		expect("another token", "w--rw")
		write(files.write, "\n#third\n")
		reload("no token", "--token-file: "+files.write+": it contains no token: write one per line")
		write(files.write, "third\nlaptop\n")
		reload("a token for both", server.ErrTokenTwice.Error())
		write(files.write, "third\nBearer x\n")
		reload("a wrong line", "--token-file: "+files.write+`: line 2: it begins with "Bearer": give only the token that follows`)
		must.Do(t, os.Remove(files.write))
		must.Do(t, os.Mkdir(files.write, 0o700))
		reload("a directory", "--token-file: "+files.write+": it is not a regular file")
		must.Do(t, os.Remove(files.write))
		reload("none", "--token-file: reading "+files.write+": no such file or directory")
		expect("after wrong files", "w--rw")
		write(files.write, "third")
		reload("as before", "")
		write(files.read, "ci-token\n")
		reload("another one that reads", "read the tokens again: 2 to read and write, 1 only to read")
		expect("another one that reads", "wr--w")
		a.note("ci-token other-ci laptop third")
		a.streams.flush()
		return 0
	})
	if want := "artifact: *** *** *** ***\n"; stderr != want {
		t.Errorf("%q, want %q", stderr, want)
	}
}

// writePair writes a certificate and its key.
func writePair(t *testing.T, dir, name string) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	must.Do(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotAfter: time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	certificate := must.Get(x509.CreateCertificate(rand.Reader, template, template, public, private))(t)
	key := must.Get(x509.MarshalPKCS8PrivateKey(private))(t)
	must.Do(t, os.MkdirAll(dir, 0o700))
	for file, block := range map[string]*pem.Block{"cert": {Type: "CERTIFICATE", Bytes: certificate}, "key": {Type: "PRIVATE KEY", Bytes: key}} {
		must.Do(t, os.WriteFile(filepath.Join(dir, file), pem.EncodeToMemory(block), 0o600))
	}
}

// TestReloadCertificate replaces a pair as Kubernetes does, by a link, and one file
// after the other.
func TestReloadCertificate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"first", "second", "third"} {
		writePair(t, filepath.Join(dir, name), name)
	}
	link := func(target, name string) {
		_ = os.Remove(filepath.Join(dir, "new"))
		must.Do(t, os.Symlink(target, filepath.Join(dir, "new")))
		must.Do(t, os.Rename(filepath.Join(dir, "new"), filepath.Join(dir, name)))
	}
	link("first", "..data")
	link("..data/cert", "tls.crt")
	link("..data/key", "tls.key")
	files := &tlsFiles{filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")}
	certificate := must.Get(files.open())(t)
	expect := func(what, inUse, want string) {
		t.Helper()
		got, err := certificate.reload()
		if err != nil {
			got = strings.ReplaceAll(err.Error(), dir, "DIR")
		}
		if name := certificate.current.Load().Leaf.Subject.CommonName; got != want || name != inUse {
			t.Errorf("%s: %s with %s, want %s with %s", what, got, name, want, inUse)
		}
	}
	const again, until = "read the certificate again: ", ", until 2200-01-01T00:00:00Z"
	const mismatch = "--tls-key: DIR/tls.key: private key does not match public key: its certificate must be the first one in --tls-cert"
	expect("unchanged", "first", "")
	link("second", "..data")
	expect("another link", "second", again+"second"+until)
	link("third/cert", "tls.crt")
	expect("only the certificate", "second", mismatch)
	link("third/key", "tls.key")
	expect("the key too", "third", again+"third"+until)
	link("first/key", "tls.key")
	expect("only the key", "third", mismatch)
	link("gone", "tls.crt")
	expect("none", "third", "--tls-cert: reading DIR/tls.crt: it is a link to gone, which does not exist")
	link("third", "tls.crt")
	expect("a directory", "third", "--tls-cert: DIR/tls.crt: it is not a regular file")
	link("first/cert", "tls.crt")
	expect("the first pair", "first", again+"first"+until)
}
