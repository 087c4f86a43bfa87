package command

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/artifact-cli/artifact/pkg/internal/must"
	"github.com/artifact-cli/artifact/pkg/internal/printable"
)

// TestEveryByte tries every byte in ids and metadata: an accepted value comes
// back unchanged, and a refused one is a usage error in printable lines.
func TestEveryByte(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "in")
	must.Do(t, os.WriteFile(file, []byte("hello\n"), 0o600))
	environ := map[string]string{"ARTIFACT_API": cache(t), "ARTIFACT_TOKEN": "t"}
	for _, flag := range []string{"hash", "ci", "sha", "dirty-hash", "tag"} {
		t.Run(flag, func(t *testing.T) {
			t.Parallel()
			for b := range 256 {
				value := "aa" + string([]byte{byte(b)}) + "z" // as long as base64 is
				values := map[string]string{"hash": fmt.Sprint(flag, b)}
				values[flag] = value
				args := []string{"put", "--no-git", "--json", file}
				for name, text := range values {
					args = append(args, "--"+name+"="+text)
				}
				code, stdout, stderr := run(t, environ, args...)
				valid := b >= ' ' && b <= '~'
				switch flag {
				case "hash":
					valid = valid && b != ' ' && b != '/'
				case "tag":
					valid = strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", rune(b))
				}
				for line := range strings.Lines(stderr) {
					if text := strings.TrimSuffix(line, "\n"); text != printable.Text(text) {
						t.Errorf("%q: %q is printed", value, text)
					}
				}
				if !valid {
					if code != 2 {
						t.Errorf("--%s=%q: exit %d, want 2: %s%s", flag, value, code, stdout, stderr)
					}
					continue
				}
				code, stdout, stderr = run(t, environ, "get", "--json", "--algorithm=none", "-o", filepath.Join(t.TempDir(), "out"), "--", values["hash"])
				var back got
				if err := json.Unmarshal([]byte(stdout), &back); err != nil || code != 0 {
					t.Errorf("get %q: %d %s%s", values["hash"], code, stdout, stderr)
				}
				came := map[string]string{"hash": back.Hash, "sha": back.Metadata.SHA, "dirty-hash": back.Metadata.DirtyHash, "tag": back.Tag, "ci": value}
				if came[flag] != value {
					t.Errorf("--%s=%q came back as %q", flag, value, came[flag])
				}
			}
		})
	}
}
