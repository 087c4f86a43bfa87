package main

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/artifact-cli/artifact/internal/freeport"
)

// behindNginx starts nginx in front of a server, and returns its URL.
func behindNginx(t *testing.T, server, settings string) (url string) {
	t.Helper()
	return nginx(t, settings+" location / { proxy_pass "+server+"; proxy_http_version 1.1; }")
}

// nginx starts nginx with settings of a server, and returns its URL.
func nginx(t *testing.T, settings string) (url string) {
	t.Helper()
	program, dir, address := installed(t, "nginx"), t.TempDir(), fmt.Sprint("127.0.0.1:", freeport.Find(t))
	config := fmt.Sprintf(`daemon off; pid %[1]s/pid; error_log %[1]s/log; worker_processes 1;
events {}
http {
	access_log off;
	client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/fastcgi;
	uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;
	server { listen %[2]s; %[3]s }
}`, dir, address, settings)
	path := writeFile(t, filepath.Join(dir, "conf"), config)
	cmd := exec.Command(program, "-e", dir+"/log", "-p", dir, "-c", path)
	if os.Getuid() == 0 {
		cmd.Args = append(cmd.Args, "-g", "user root;")
	}
	mustDo(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	})
	awaitListener(t, address, dir+"/log")
	return "http://" + address
}

// TestNginx uploads through nginx, within its limit and over it, with Expect:
// 100-continue (from 1 MiB) and without.
func TestNginx(t *testing.T) {
	t.Parallel()
	for _, buffering := range []string{"on", "off"} {
		t.Run("request buffering "+buffering, func(t *testing.T) {
			t.Parallel()
			server := record(t, nil)
			env := func(limit string) []string {
				url := behindNginx(t, server.URL, "client_max_body_size "+limit+"; proxy_request_buffering "+buffering+";")
				return []string{"ARTIFACT_API=" + url, "ARTIFACT_TOKEN=" + token}
			}
			generous, narrow := env("64m"), env("100k")
			for _, size := range []int64{0, 1, 100 << 10, 1 << 20, 20 << 20} {
				dir := t.TempDir()
				path := writeFile(t, filepath.Join(dir, "file"), "")
				mustDo(t, os.Truncate(path, size))
				upload := func(env []string) outcome {
					return call{args: []string{"put", "-q", "--hash=k", "file"}, dir: dir, env: env}.run(t)
				}
				before := len(server.all())
				upload(generous).check(t, outcome{stdout: "k\n"})
				if got := server.all(); len(got) != before+1 || got[before].Length != size || int64(len(got[before].Body)) != size {
					t.Errorf("%d bytes: the server received something else", size)
				}
				if size <= 100<<10 {
					continue
				}
				got := upload(narrow)
				begin := fmt.Sprintf("artifact: uploading file: the server answered 413 %s\nartifact: hint: It exceeds a limit of the server or a proxy. Common limits: nginx 1 MiB",
					http.StatusText(http.StatusRequestEntityTooLarge))
				if got.code != 8 || got.stdout != "" || !strings.HasPrefix(got.stderr, begin) {
					t.Errorf("%d bytes: %+v, want %q", size, got, begin)
				}
				if len(server.all()) != before+1 {
					t.Errorf("%d bytes: nginx let them through", size)
				}
			}
		})
	}
}
