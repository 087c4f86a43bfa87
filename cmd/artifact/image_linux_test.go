package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/artifact-cli/artifact/internal/freeport"
)

// image is an image that buildah built of the Dockerfile, in storage of its own.
type image struct{ storage []string }

// command returns a command of buildah. Isolation by chroot needs root, and no
// container engine.
func (i image) command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("buildah", slices.Concat(i.storage, args)...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "BUILDAH_ISOLATION=chroot"}
	return cmd
}

// buildah runs a command of buildah and returns its output.
func (i image) buildah(t *testing.T, args ...string) string {
	t.Helper()
	cmd := i.command(t, args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("buildah %s: %v\n%s%s", args, err, out, stderr.String())
	}
	return strings.TrimSpace(string(out))
}

// buildImage builds the image without a network. This machine's own programs,
// modules and build cache stand in for the image of Go that the Dockerfile begins
// with.
func buildImage(t *testing.T) image {
	t.Helper()
	if installed(t, "buildah"); os.Getuid() != 0 {
		t.Skip("buildah needs root to isolate by chroot")
	}
	i := image{[]string{"--root", t.TempDir(), "--runroot", t.TempDir(), "--storage-driver", "vfs"}}
	var paths struct{ GOROOT, GOMODCACHE, GOCACHE string }
	mustDo(t, json.Unmarshal(must(exec.Command("go", "env", "-json").Output())(t), &paths))
	system := t.TempDir()
	for _, name := range []string{"bin", "lib", "lib64", "sbin"} {
		mustDo(t, os.Symlink("usr/"+name, filepath.Join(system, name)))
	}
	mustDo(t, os.Mkdir(filepath.Join(system, "tmp"), 0o1777))
	writeFile(t, filepath.Join(system, "etc/ssl/certs/ca-certificates.crt"), "certificates\n")
	writeFile(t, filepath.Join(system, "Dockerfile"), fmt.Sprintf(`FROM scratch
COPY . /
ENV PATH=%s/bin:/usr/bin:/bin GOMODCACHE=%s GOCACHE=%s GOPROXY=off GOTOOLCHAIN=local GOFLAGS=-buildvcs=false
`, paths.GOROOT, paths.GOMODCACHE, paths.GOCACHE))
	i.buildah(t, "build", "--tag", "docker.io/library/golang:1.26-bookworm", system)
	i.buildah(t, "build", "--pull-never", "--network", "none", "--tag", "artifact",
		"--volume", "/usr:/usr:ro", "--volume", paths.GOROOT+":"+paths.GOROOT+":ro",
		"--volume", paths.GOMODCACHE+":"+paths.GOMODCACHE+":ro", "--volume", paths.GOCACHE+":"+paths.GOCACHE,
		"../..")
	return i
}

// TestImage builds the image, compares its configuration and files, and runs it.
func TestImage(t *testing.T) {
	t.Parallel()
	i := buildImage(t)
	var inspected struct{ OCIv1 struct{ Config any } }
	mustDo(t, json.Unmarshal([]byte(i.buildah(t, "inspect", "--type", "image", "artifact")), &inspected))
	delete(inspected.OCIv1.Config.(map[string]any), "Labels") // buildah's own
	const config = `{"Cmd":["serve"],"Entrypoint":["/artifact"],` +
		`"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","XDG_CACHE_HOME=/var/cache","ARTIFACT_LISTEN=:8080"],` +
		`"ExposedPorts":{"8080/tcp":{}},"User":"65532:65532","Volumes":{"/var/cache/artifact":{}}}`
	if got := must(json.Marshal(inspected.OCIv1.Config))(t); string(got) != config {
		t.Errorf("the configuration is\n%s\nwant\n%s", got, config)
	}

	container := i.buildah(t, "from", "--pull-never", "artifact")
	root := i.buildah(t, "mount", container)
	checkImage(t, root)
	address := fmt.Sprint("127.0.0.1:", freeport.Find(t))
	cmd := i.command(t, "run", "--env", "ARTIFACT_SERVE_TOKEN="+token, "--env", "ARTIFACT_LISTEN="+address, container, "/artifact", "serve")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cache := remote{"http://" + address, token}
	startPeer(t, cmd, cache)
	// buildah does not end its child when it is killed itself.
	t.Cleanup(func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) })
	file := writeFile(t, filepath.Join(t.TempDir(), "file"), hello)
	cache.artifact(t, 0, nil, "put", "--verify", "--hash", "k", file)
}

// checkImage compares the files of the image, and its program's size.
func checkImage(t *testing.T, root string) {
	t.Helper()
	var found strings.Builder
	mustDo(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil {
			info := must(entry.Info())(t)
			stat := info.Sys().(*syscall.Stat_t)
			fmt.Fprintf(&found, "%v %d:%d /%s\n", info.Mode(), stat.Uid, stat.Gid, strings.TrimPrefix(path[len(root):], "/"))
		}
		return err
	}))
	const want = `dr-xr-xr-x 0:0 /
-rwxr-xr-x 0:0 /artifact
drwxr-xr-x 0:0 /etc
drwxr-xr-x 0:0 /etc/ssl
drwxr-xr-x 0:0 /etc/ssl/certs
-rw-r--r-- 0:0 /etc/ssl/certs/ca-certificates.crt
drwxr-xr-x 65532:65532 /var
drwxr-xr-x 65532:65532 /var/cache
drwxr-xr-x 65532:65532 /var/cache/artifact
`
	if found.String() != want {
		t.Errorf("the image has\n%swant\n%s", found.String(), want)
	}
	checkStatic(t, filepath.Join(root, "artifact"))
}
