// Package s3test runs versitygw, an S3 server that keeps objects as files, for
// tests.
package s3test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/artifact-cli/artifact/internal/freeport"
)

// Server is a running S3 server with one bucket.
type Server struct {
	Endpoint             string         // its URL, such as http://127.0.0.1:9000
	Bucket               string         // the name of the bucket
	AccessKey, SecretKey string         // may read and write all objects
	Dir                  string         // the bucket's directory, with a file for each object
	Roots                *x509.CertPool // of a server with https

	start func() bool
	kill  func()
}

// Start starts a server that ends with the test, at the latest with the test's
// process. It skips the test if versitygw is not on the PATH. The options come
// before versitygw's own, such as "--readonly".
func Start(t testing.TB, options ...string) *Server {
	t.Helper()
	return start(t, &Server{}, options)
}

// StartTLS is like Start, with https.
func StartTLS(t testing.TB) *Server {
	t.Helper()
	web := httptest.NewTLSServer(nil) // for its certificate
	defer web.Close()
	s := &Server{Roots: x509.NewCertPool()}
	s.Roots.AddCert(web.Certificate())
	key, err := x509.MarshalPKCS8PrivateKey(web.TLS.Certificates[0].PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var options []string
	for _, block := range []*pem.Block{{Type: "CERTIFICATE", Bytes: web.Certificate().Raw}, {Type: "PRIVATE KEY", Bytes: key}} {
		file := filepath.Join(dir, block.Type)
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		options = append(options, map[string]string{"CERTIFICATE": "--cert", "PRIVATE KEY": "--key"}[block.Type], file)
	}
	return start(t, s, options)
}

func start(t testing.TB, s *Server, options []string) *Server {
	t.Helper()
	program, err := exec.LookPath("versitygw")
	if err != nil {
		t.Skip("versitygw is not on the PATH; go install github.com/versity/versitygw/cmd/versitygw@v1.8.0")
	}
	root := t.TempDir()
	s.Bucket, s.AccessKey, s.SecretKey = "artifacts", rand.Text(), rand.Text()
	s.Dir = filepath.Join(root, s.Bucket)
	if err := os.Mkdir(s.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	// Another process may take the port meanwhile.
	for range 3 {
		address := fmt.Sprint("127.0.0.1:", freeport.Find(t))
		s.Endpoint = "http://" + address
		if s.Roots != nil {
			s.Endpoint = "https://" + address
		}
		health := "/" + rand.Text() // only this process answers there
		args := slices.Concat(options, []string{
			"--port", address, "--access", s.AccessKey, "--secret", s.SecretKey,
			"--health", health, "--keep-alive", "--quiet", "posix", root,
		})
		s.start = func() bool {
			output, kill, ended := run(t, program, args)
			s.kill = kill
			if s.waitFor(t, health, ended) {
				return true
			}
			t.Logf("versitygw ended: %s", output)
			return false
		}
		if s.start() {
			return s
		}
	}
	t.Fatal("versitygw does not start")
	return nil
}

// Restart kills the server, which cannot clean up, and starts it again.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	s.kill()
	if !s.start() {
		t.Fatal("versitygw does not start again")
	}
}

// URL returns the value of --store for the bucket and a prefix.
func (s *Server) URL(prefix string) string {
	return "s3://" + s.Bucket + "/" + prefix + "?endpoint=" + url.QueryEscape(s.Endpoint)
}

// Environ returns the variables with the keys.
func (s *Server) Environ() []string {
	return []string{"AWS_ACCESS_KEY_ID=" + s.AccessKey, "AWS_SECRET_ACCESS_KEY=" + s.SecretKey}
}

// run runs a program until the test ends. If the test's process is killed, the
// program's standard input ends, and a shell kills the program.
func run(t testing.TB, program string, args []string) (output *bytes.Buffer, kill func(), ended <-chan struct{}) {
	t.Helper()
	const script = `exec 3<&0; (read -r _ <&3; kill -9 $$) >/dev/null 2>&1 & exec 3<&- "$@" </dev/null`
	cmd := exec.Command("sh", append([]string{"-c", script, "sh", program}, args...)...)
	output = new(bytes.Buffer)
	cmd.Stdout, cmd.Stderr = output, output
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = cmd.Wait() // killed
	}()
	kill = func() {
		_ = stdin.Close()
		<-done
	}
	t.Cleanup(kill)
	return output, kill, done
}

// waitFor reports whether the server answers at a path, or has ended.
func (s *Server) waitFor(t testing.TB, path string, ended <-chan struct{}) bool {
	t.Helper()
	client := http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: s.Roots, MinVersion: tls.VersionTLS12}, DisableKeepAlives: true,
	}}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Endpoint+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if answer, err := client.Do(request); err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return true
			}
		}
		select {
		case <-ended:
			return false
		case <-ctx.Done():
			t.Fatal("versitygw does not answer")
		case <-time.After(20 * time.Millisecond):
		}
	}
}
