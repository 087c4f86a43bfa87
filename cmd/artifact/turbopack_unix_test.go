//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// filesBelow describes files by mode and content, or target.
func filesBelow(t *testing.T, root string, tops ...string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, top := range tops {
		mustDo(t, filepath.WalkDir(filepath.Join(root, top), func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, content := must(entry.Info())(t), ""
			switch {
			case info.Mode().IsRegular():
				content = readFile(t, path)
			case info.Mode()&fs.ModeSymlink != 0:
				content = must(os.Readlink(path))(t)
			}
			found[strings.TrimPrefix(path, root)] = fmt.Sprint(info.Mode(), " ", content)
			return nil
		}))
	}
	return found
}

// TestTurboArchives has turbo restore what put --pack stored, and get --unpack what
// turbo stored: files, modes, links and the log.
func TestTurboArchives(t *testing.T) {
	t.Parallel()
	const output, log = "dist", ".turbo/turbo-build.log"
	for version, scheme := range map[string]string{"turbo": "v2", "turbo-v1": "v1"} {
		for _, key := range [][]string{nil, {signatureKey}} {
			t.Run(fmt.Sprint(version, key), func(t *testing.T) {
				t.Parallel()
				w := newTurbo(t, version, scheme)
				build := "echo words of the build && mkdir -p dist/sub dist/empty && printf x >dist/big && printf y >dist/sub/run && " +
					"chmod 755 dist/sub/run && ln -s sub/run dist/link && ln -s nowhere dist/sub/dangling && printf z >dist/sub/naïve"
				writeFile(t, filepath.Join(w.workspace, "package.json"), `{"name":"w","private":true,"packageManager":"npm@10.0.0","scripts":{"build":"`+build+`"}}`)
				writeFile(t, filepath.Join(w.workspace, "turbo.json"), fmt.Sprintf(`{"remoteCache":{"signature":%v},"tasks":{"build":{"outputs":["dist/**"]}}}`, key != nil))
				env := append([]string{"TURBO_TEAM=abc", "TURBO_TEAMID=team_abc"}, key...)
				first, second := serveCache(t), serveCache(t)
				hash, hit := w.build(t, first, env)
				if hit {
					t.Fatal("an empty cache has it")
				}
				built := filesBelow(t, w.workspace, output, log)
				if !strings.Contains(built["/"+log], "words of the build\n") || built["/dist/link"] != "Lrwxrwxrwx sub/run" {
					t.Fatalf("turbo built %q", built)
				}

				unpacked := t.TempDir()
				first.artifact(t, 0, env, "get", hash, "--unpack", "-C", unpacked)
				if got := filesBelow(t, unpacked, output, log); !maps.Equal(got, built) {
					t.Errorf("get --unpack: %q, want %q", got, built)
				}

				second.artifact(t, 0, env, "put", "--hash", hash, "--signature-version", scheme, "--pack", "-C", w.workspace, log, output)
				second.artifact(t, 0, env, "verify", "--archive", "--hash", hash)
				mustDo(t, os.RemoveAll(filepath.Join(w.workspace, ".turbo")))
				if got, hit := w.build(t, second, env); !hit || got != hash {
					t.Errorf("turbo: hit %v for %s", hit, got)
				}
				if got := filesBelow(t, w.workspace, output, log); !maps.Equal(got, built) {
					t.Errorf("turbo restored %q, want %q", got, built)
				}
				names := strings.Fields(second.artifact(t, 0, env, "get", hash, "--list").stdout)
				if want := []string{log, "dist/"}; !slices.Equal(names[:2], want) {
					t.Errorf("the archive begins with %q, want %q", names, want)
				}
			})
		}
	}
}

// TestTurboCache seeds a remote cache from turbo's local one.
func TestTurboCache(t *testing.T) {
	t.Parallel()
	for version, scheme := range map[string]string{"turbo": "v2", "turbo-v1": "v1"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			w := newTurbo(t, version, scheme)
			env := []string{"TURBO_TEAM=abc", "TURBO_TEAMID=team_abc", signatureKey}
			cache := serveCache(t)
			hash, _ := w.run(t, cache, env, "--cache=local:rw")
			put := call{
				dir: filepath.Join(w.workspace, ".turbo"), args: []string{"put", "--turbo-cache", "--json", "--signature-version", scheme},
				env: append([]string{"TURBO_API=" + cache.api, "TURBO_TOKEN=" + cache.token}, env...),
			}
			var sent struct {
				Hash, Status string
				Signed       bool
				Metadata     struct{ DurationMs int }
			}
			got := put.run(t)
			if err := json.Unmarshal([]byte(got.stdout), &sent); err != nil || sent.Hash != hash || sent.Status != "uploaded" || !sent.Signed || sent.Metadata.DurationMs == 0 {
				t.Errorf("%v: %+v", err, got)
			}
			if got = put.run(t); !strings.Contains(got.stdout, `"status":"skipped"`) {
				t.Errorf("a second time: %+v", got)
			}
			mustDo(t, os.RemoveAll(filepath.Join(w.workspace, ".turbo")))
			if got, hit := w.build(t, cache, env); !hit || got != hash {
				t.Errorf("turbo: hit %v for %s", hit, got)
			}
		})
	}
}
