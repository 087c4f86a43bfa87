package transfer_test

import (
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestOutsider builds and runs the program of docs/library.md in another module,
// which can name everything that it needs.
func TestOutsider(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, from := range map[string]string{"main.go": "docs/library.md", "go.sum": "go.sum"} {
		content, err := os.ReadFile(filepath.Join(root, from))
		if err != nil {
			t.Fatal(err)
		}
		text := string(content)
		if name == "main.go" {
			_, text, _ = strings.Cut(text, "```go\n")
			text, _, _ = strings.Cut(text, "```\n")
		}
		writeFile(t, filepath.Join(dir, name), text)
	}
	writeFile(t, filepath.Join(dir, "go.mod"), "module example.com/outsider\n\ngo 1.26.0\n\n"+
		"require github.com/artifact-cli/artifact v0.0.0\n\nreplace github.com/artifact-cli/artifact => "+root+"\n")
	build := exec.Command("go", "build", "-o", "outsider.exe", ".")
	build.Dir = dir
	build.Env = append(build.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}

	server := httptest.NewServer(new(memory))
	defer server.Close()
	const content = "the bytes of a build"
	file, output := filepath.Join(dir, "file"), filepath.Join(dir, "output")
	writeFile(t, file, content)
	program := func(algorithm string) (stdout, stderr string) {
		command := exec.Command(build.Dir+"/outsider.exe", server.URL, algorithm, file, output)
		var errors strings.Builder
		command.Stderr = &errors
		out, _ := command.Output() // an error shows in stderr
		return string(out), errors.String()
	}
	stdout, stderr := program("sha256")
	id := sum(content)
	if want := "uploaded " + id + " 20\nok\ndownloaded 20\n"; stdout != want || strings.Trim(stderr, "hsr") != "" || len(stderr) < 4 {
		t.Errorf("%s%s\nwant %s", stdout, stderr, want)
	}
	if got, err := os.ReadFile(output); string(got) != content {
		t.Errorf("downloaded %q, %v", got, err)
	}
	if _, stderr = program("md5"); stderr != "unknown algorithm \"md5\"; choose from sha256, sha512, blake3\n" {
		t.Errorf("md5: %s", stderr)
	}
}

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
