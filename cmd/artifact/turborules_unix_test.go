//go:build unix

package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// turboRule is an artifact in which names lie below a package of the repository root.
type turboRule struct {
	name     string
	artifact func(t *testing.T, pkg, root string) string
	outcome  turboOutcome
}

// turboOutcome records whether turbo 2.11.11, turbo 2.9.17 and artifact restore an
// archive. artifact refuses whatever either turbo refuses, on any system.
type turboOutcome struct{ latest, old, ours bool }

var (
	yes        = turboOutcome{true, true, true}
	no         = turboOutcome{false, false, false}
	onlyOld    = turboOutcome{false, true, false}
	onlyLatest = turboOutcome{true, false, false}
	// A name that Windows takes for an absolute path.
	notOurs = turboOutcome{true, true, false}
)

func entriesRule(name string, outcome turboOutcome, entries func(pkg, root string) []string) turboRule {
	return turboRule{name, func(t *testing.T, pkg, root string) string {
		return compressTar(append(entries(pkg, root), tarEnd)...)
	}, outcome}
}

// turboRules are what turbo restores and what it ignores.
func turboRules() []turboRule {
	one := func(name string, outcome turboOutcome, entry func(pkg string) string) turboRule {
		return entriesRule(name, outcome, func(pkg, _ string) []string { return []string{tarFile(pkg + "/first"), entry(pkg)} })
	}
	fileNamed := func(name string, outcome turboOutcome, format string) turboRule {
		return one(name, outcome, func(pkg string) string { return tarFile(fmt.Sprintf(format, pkg)) })
	}
	two := func(name string, outcome turboOutcome, entries func(pkg string) []string) turboRule {
		return entriesRule(name, outcome, func(pkg, _ string) []string { return entries(pkg) })
	}
	whole := func(name string, outcome turboOutcome, change func(packed string) string) turboRule {
		return turboRule{name, func(t *testing.T, pkg, _ string) string { return change(compressTar(tarFile(pkg+"/f"), tarEnd)) }, outcome}
	}
	return []turboRule{
		fileNamed("a file", yes, "%s/dist/f"),
		one("type NUL", yes, func(pkg string) string { return tarEntry(0, pkg+"/f", "", "x") }),
		one("a directory without its slash", yes, func(pkg string) string { return tarDir(pkg + "/d") }),
		one("a file with a slash", yes, func(pkg string) string { return tarEntry('0', pkg+"/d/", "", "") }),
		two("an empty archive", yes, func(string) []string { return nil }),
		two("a name twice", yes, func(pkg string) []string { return []string{tarFile(pkg + "/f"), tarFile(pkg + "/f")} }),
		two("a link before its target", yes, func(pkg string) []string { return []string{tarLink(pkg+"/l", "f"), tarFile(pkg + "/f")} }),
		one("a dangling link", yes, func(pkg string) string { return tarLink(pkg+"/l", "nowhere") }),
		entriesRule("an absolute link inside", yes, func(pkg, root string) []string { return []string{tarLink(pkg+"/l", root+"/"+pkg+"/f")} }),
		two("a cycle of links", yes, func(pkg string) []string { return []string{tarLink(pkg+"/a", "b"), tarLink(pkg+"/b", "a")} }),
		fileNamed("a backslash within", yes, `%s/a\b`),
		fileNamed("a colon", yes, "%s/a:b"),
		fileNamed("a space at the end", yes, "%s/a "),
		fileNamed("a control character", yes, "%s/a\n"),
		whole("bytes behind the end", yes, func(packed string) string { return packed + "more" }),
		whole("two frames", yes, func(packed string) string { return packed + packed }),
		whole("a skippable frame", yes, func(packed string) string { return "\x50\x2a\x4d\x18\x04\x00\x00\x00skip" + packed }),
		turboRule{"no end", func(t *testing.T, pkg, _ string) string {
			return compressTar(tarFile(pkg + "/f"))
		}, yes},
		turboRule{"one zero block as the end", func(t *testing.T, pkg, _ string) string {
			return compressTar(tarFile(pkg+"/f"), tarEnd[:512])
		}, yes},
		one("a PAX header", yes, func(pkg string) string { return tarEntry('x', "h", "", "13 comment=x\n") + tarFile(pkg+"/f") }),

		one("a PAX global header", no, func(pkg string) string { return tarEntry('g', "h", "", "13 comment=x\n") + tarFile(pkg+"/f") }),
		fileNamed("./", no, "./%s/f"),
		one(".", no, func(string) string { return tarDir(".") }),
		one("./ alone", no, func(string) string { return tarDir("./") }),
		fileNamed("an empty component", no, "%s//f"),
		fileNamed("a dot within", no, "%s/./f"),
		fileNamed("dots", no, "%s/../../f"),
		fileNamed("dots that stay inside", no, "%[1]s/../%[1]s/f"),
		one("an absolute name", no, func(string) string { return tarFile("/tmp/f") }),
		one("a drive", notOurs, func(string) string { return tarFile(`C:\f`) }),
		one("a drive and a slash", notOurs, func(string) string { return tarFile(`C:/f`) }),
		one("a leading backslash", notOurs, func(string) string { return tarFile(`\f`) }),
		fileNamed("no UTF-8", no, "%s/\xff"),
		fileNamed(".git", onlyOld, "%s/.git/f"),
		fileNamed(".GIT", onlyOld, "%s/.GIT/f"),
		fileNamed("a file .git", onlyOld, "%s/.git"),
		two("a hard link", no, func(pkg string) []string { return []string{tarFile(pkg + "/f"), tarEntry('1', pkg+"/h", pkg+"/f", "")} }),
		one("a FIFO", no, func(pkg string) string { return tarEntry('6', pkg+"/p", "", "") }),
		one("a device", no, func(pkg string) string { return tarEntry('3', pkg+"/c", "", "") }),
		one("a contiguous file", no, func(pkg string) string { return tarEntry('7', pkg+"/c", "", "x") }),
		one("a sparse file", no, func(pkg string) string { return tarEntry('S', pkg+"/s", "", "") }),
		one("a link out", no, func(pkg string) string { return tarLink(pkg+"/l", "../../../x") }),
		one("a link to the parent of the root", no, func(string) string { return tarLink("l", "..") }),
		one("an absolute link out", no, func(pkg string) string { return tarLink(pkg+"/l", "/etc/passwd") }),
		one("a link to nothing", no, func(pkg string) string { return tarLink(pkg+"/l", "") }),
		two("below a file", no, func(pkg string) []string { return []string{tarFile(pkg + "/f"), tarFile(pkg + "/f/g")} }),
		two("below a link to a directory", yes, func(pkg string) []string {
			return []string{tarDir(pkg + "/d/"), tarLink(pkg+"/l", "d"), tarFile(pkg + "/l/g")}
		}),
		two("below a dangling link", no, func(pkg string) []string { return []string{tarLink(pkg+"/l", "nowhere"), tarFile(pkg + "/l/g")} }),
		two("a file, then a directory", onlyOld, func(pkg string) []string { return []string{tarFile(pkg + "/f"), tarDir(pkg + "/f/")} }),
		two("a directory, then a file", no, func(pkg string) []string { return []string{tarDir(pkg + "/f/"), tarFile(pkg + "/f")} }),
		two("a link, then a directory", onlyLatest, func(pkg string) []string { return []string{tarLink(pkg+"/l", "x"), tarDir(pkg + "/l/")} }),
		two("a directory, then a link", onlyLatest, func(pkg string) []string { return []string{tarDir(pkg + "/l/"), tarLink(pkg+"/l", "x")} }),
		two("a file, then a link", yes, func(pkg string) []string { return []string{tarFile(pkg + "/l"), tarLink(pkg+"/l", "x")} }),
		two("a link, then a file", yes, func(pkg string) []string { return []string{tarLink(pkg+"/l", "x"), tarFile(pkg + "/l")} }),
		whole("nothing", no, func(string) string { return "" }),
		whole("cut", no, func(packed string) string { return packed[:len(packed)/2] }),
		turboRule{"a bare tar", func(*testing.T, string, string) string { return tarFile("f") + tarEnd }, no},
		turboRule{"gzip", func(t *testing.T, _, _ string) string {
			var packed bytes.Buffer
			zip := gzip.NewWriter(&packed)
			_ = must(zip.Write([]byte(tarFile("f") + tarEnd)))(t)
			mustDo(t, zip.Close())
			return packed.String()
		}, no},
		turboRule{"a window of 128 MiB", windowOf(27), yes},
		turboRule{"a window of 256 MiB", windowOf(28), no},
	}
}

// windowOf makes a frame that declares a window of 2 to the power of log, around one
// block that is not compressed.
func windowOf(log int) func(*testing.T, string, string) string {
	return func(_ *testing.T, pkg, _ string) string {
		block := tarFile(pkg+"/f") + strings.Repeat("\x00", 1024)
		header := len(block)<<3 | 1
		return "\x28\xb5\x2f\xfd\x00" + string([]byte{byte(log-10) << 3, byte(header), byte(header >> 8), byte(header >> 16)}) + block
	}
}

// TestTurboRules offers both turbos an artifact for each rule, and has verify
// --archive say whether they would restore it.
func TestTurboRules(t *testing.T) {
	t.Parallel()
	rules := turboRules()
	for _, version := range []string{"turbo", "turbo-v1"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			root := must(filepath.EvalSymlinks(t.TempDir()))(t)
			packages := make([]string, len(rules))
			for i := range rules {
				packages[i] = fmt.Sprintf("p/p%02d", i)
			}
			w := &turbo{program: peer(t, version+"/bin/turbo"), workspace: root}
			w.writePackages(t, packages)
			cache := serveCache(t)
			var manifest strings.Builder
			hashes := w.hashes(t, cache)
			dir := t.TempDir()
			for i, rule := range rules {
				file := writeFile(t, filepath.Join(dir, path.Base(packages[i])), rule.artifact(t, packages[i], root))
				fmt.Fprintf(&manifest, "{%q:%q,%q:%q}\n", "path", file, "hash", hashes[packages[i]])
			}
			list := writeFile(t, filepath.Join(dir, "manifest"), manifest.String())
			cache.artifact(t, 0, []string{"TURBO_TEAM=abc"}, "put", "--manifest", list)
			verify := call{
				dir: root, args: []string{"verify", "--archive", "--manifest", list},
				env: []string{"TURBO_API=" + cache.api, "TURBO_TOKEN=" + cache.token, "TURBO_TEAM=abc"},
			}.run(t)
			hits := w.hits(t, cache)
			for i, rule := range rules {
				wants := map[string]bool{"turbo": rule.outcome.latest, "turbo-v1": rule.outcome.old}[version]
				if hits[packages[i]] != wants {
					t.Errorf("%s: turbo restores it: %v, want %v", rule.name, hits[packages[i]], wants)
				}
				word := map[bool]string{true: "OK", false: "UNSAFE"}[rule.outcome.ours]
				if line := filepath.Join(dir, path.Base(packages[i])) + ": " + word + "\n"; !strings.Contains(verify.stdout, line) {
					t.Errorf("%s: verify --archive does not say %s", rule.name, word)
				}
			}
		})
	}
}

// writePackages makes a workspace of packages whose build does nothing.
func (w *turbo) writePackages(t *testing.T, packages []string) {
	t.Helper()
	files := map[string]string{
		"package.json":      `{"name":"w","private":true,"packageManager":"npm@10.0.0","workspaces":["p/*"]}`,
		"package-lock.json": `{"name":"w","lockfileVersion":3,"requires":true,"packages":{"":{"name":"w"}}}`,
		"turbo.json":        `{"tasks":{"build":{"outputs":["dist/**"]}}}`,
	}
	for _, pkg := range packages {
		files[pkg+"/package.json"] = fmt.Sprintf(`{"name":%q,"version":"1.0.0","scripts":{"build":"true"}}`, path.Base(pkg))
	}
	for name, content := range files {
		mustDo(t, os.MkdirAll(filepath.Dir(filepath.Join(w.workspace, name)), 0o755))
		writeFile(t, filepath.Join(w.workspace, name), content)
	}
}

// command runs turbo's build with nothing of this machine's.
func (w *turbo) command(t *testing.T, at remote, flags ...string) []byte {
	t.Helper()
	home := t.TempDir()
	cmd := exec.Command(w.program, append([]string{"run", "build"}, flags...)...)
	cmd.Dir = w.workspace
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "XDG_CONFIG_HOME=" + home, "TURBO_TELEMETRY_DISABLED=1", "DO_NOT_TRACK=1",
		"TURBO_API=" + at.api, "TURBO_TOKEN=" + at.token, "TURBO_TEAM=abc",
	}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s%s", err, out, &stderr)
	}
	return out
}

// hashes returns the hash of each package's task.
func (w *turbo) hashes(t *testing.T, at remote) map[string]string {
	t.Helper()
	var plan struct {
		Tasks []struct{ Hash, Directory string }
	}
	mustDo(t, json.Unmarshal(w.command(t, at, "--dry=json"), &plan))
	hashes := map[string]string{}
	for _, task := range plan.Tasks {
		hashes[task.Directory] = task.Hash
	}
	return hashes
}

var packageHit = regexp.MustCompile(`(?m)^(\w+):build: cache hit`)

// hits returns the packages whose task turbo restores from a cache.
func (w *turbo) hits(t *testing.T, at remote) map[string]bool {
	t.Helper()
	hits := map[string]bool{}
	for _, found := range packageHit.FindAllSubmatch(w.command(t, at, "--cache=remote:r"), -1) {
		hits["p/"+string(found[1])] = true
	}
	return hits
}
