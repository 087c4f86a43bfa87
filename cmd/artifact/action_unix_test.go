//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// jobStep is a step of a GitHub job, or of the action.
type jobStep struct {
	Uses, If, Run, Shell string
	With, Env            map[string]string
}

// runner runs steps as a runner of GitHub does.
type runner struct {
	root, dir, temp string // of the action, the job and temporary files
	env             []string
	action          []jobStep
	values          map[string]string // of expressions
}

func newRunner(t *testing.T, env []string) *runner {
	t.Helper()
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("no bash")
	}
	r := &runner{root: must(filepath.Abs("../.."))(t), dir: t.TempDir(), temp: t.TempDir()}
	var action struct{ Runs struct{ Steps []jobStep } }
	mustDo(t, yaml.Unmarshal(must(os.ReadFile(filepath.Join(r.root, "action.yml")))(t), &action))
	r.action = action.Runs.Steps
	r.values = map[string]string{"runner.os": "Linux", "runner.arch": "X64"}
	r.env = append([]string{
		"GITHUB_ACTIONS=true", "CI=true", "RUNNER_TEMP=" + r.temp, "GITHUB_ACTION_PATH=" + r.root,
		"GITHUB_OUTPUT=" + r.output(), "GITHUB_STEP_SUMMARY=" + filepath.Join(r.temp, "summary"), "GOFLAGS=-buildvcs=false",
	}, append(goCaches(t), env...)...)
	return r
}

// output is the file that steps write outputs to.
func (r *runner) output() string { return filepath.Join(r.temp, "output") }

// expression matches what GitHub replaces before a step.
var expression = regexp.MustCompile(`\$\{\{ ([a-z.-]+)(?: \|\| env\.\w+)? \}\}`)

// act runs the action with inputs, and returns what its last step did.
func (r *runner) act(t *testing.T, inputs map[string]string) (got outcome) {
	t.Helper()
	for _, step := range r.action {
		if step.Run == "" {
			continue // setup-go, which tests cannot do without either
		}
		if step.Shell != "bash" || strings.Contains(step.Run, "${{") {
			t.Errorf("a step of %s, or with an expression in its script: %s", step.Shell, step.Run)
		}
		var env []string
		for name, value := range step.Env {
			input, isInput := strings.CutPrefix(expression.ReplaceAllString(value, "$1"), "inputs.")
			switch given := inputs[input]; {
			case !isInput:
				env = append(env, name+"="+value)
			case given != "" || strings.HasPrefix(name, "INPUT_"):
				env = append(env, name+"="+given)
			}
		}
		if got = r.bash(t, step.Run, env); got.code != 0 {
			return got
		}
	}
	return got
}

func (r *runner) bash(t *testing.T, script string, env []string) outcome {
	t.Helper()
	// A build may take longer than a run of the program has.
	cmd := exec.Command("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script)
	cmd.Dir, cmd.Env = r.dir, call{env: append(slices.Clone(r.env), env...)}.command(t).Env
	return finish(t, cmd)
}

// TestAction uploads a file whose name a shell would run and Markdown would break.
func TestAction(t *testing.T) {
	t.Parallel()
	cache, arrived := watched(t)
	r := newRunner(t, cache)
	const file = "a $(b)|c"
	writeFile(t, filepath.Join(r.dir, file), hello)
	inputs := map[string]string{"mode": "put", "file": file, "warn-only": "false", "signature-key": strings.Repeat("k", 32)}
	if got := r.act(t, inputs); got.code != 0 {
		t.Fatalf("%+v", got)
	}
	if header := await(t, arrived).Header; header.Get("X-Artifact-Client-Ci") != "GITHUB_ACTIONS" || header.Get("X-Artifact-Tag") == "" {
		t.Errorf("%v", header)
	}
	outputs := must(os.ReadFile(r.output()))(t)
	if !regexp.MustCompile(`^hash<<(\w{20,})\n` + helloSHA256 + `\n\w+\nurls<<\w+\nhttp://127\.0\.0\.1:\d+/v8/artifacts/` + helloSHA256 + `\S*\n\w+\n$`).Match(outputs) {
		t.Errorf("outputs: %q", outputs)
	}
	table := must(os.ReadFile(filepath.Join(r.temp, "summary")))(t)
	if !strings.Contains(string(table), "| a &#36;&#40;b&#41;&#124;c | "+helloSHA256+" | 6 | uploaded |\n") {
		t.Errorf("summary: %s", table)
	}
	for _, test := range []struct {
		inputs map[string]string
		code   int
	}{
		{map[string]string{"mode": "fetch"}, 2},
		{map[string]string{"mode": "restore", "key": "k"}, 2},
		{map[string]string{"mode": "restore", "path": "dist"}, 2},
		{map[string]string{"mode": "save", "path": "dist", "key": "k"}, 2}, // there is none
		{map[string]string{"mode": "save", "path": "."}, 2},                // it could not be restored
		{map[string]string{"mode": "restore", "path": "dist", "key": "k", "api": "http://127.0.0.1:1"}, 9},
		{map[string]string{"mode": "restore", "path": "dist", "key": "k", "api": "http://127.0.0.1:1", "warn-only": "true"}, 0},
	} {
		mustDo(t, os.Truncate(r.output(), 0))
		got := r.act(t, test.inputs)
		outputs := string(must(os.ReadFile(r.output()))(t))
		if got.code != test.code || strings.Contains(outputs, "hit=true") || test.code == 0 && outputs != "hit=false\n" {
			t.Errorf("%v: %+v, %q", test.inputs, got, outputs)
		}
	}
}

// TestActionPaths saves and restores paths that a shell or a pattern would read in
// another way.
func TestActionPaths(t *testing.T) {
	t.Parallel()
	cache, _ := watched(t)
	r := newRunner(t, cache)
	for _, paths := range []string{"a[b]/\n{c,d}\n?\nback\\slash\n-x", "./"} {
		r.dir = t.TempDir()
		names := []string{"a[b]/file", "{c,d}/file", "?", `back\slash`, "-x/file"}
		for _, name := range names {
			mustDo(t, os.MkdirAll(filepath.Join(r.dir, filepath.Dir(name)), 0o700))
			writeFile(t, filepath.Join(r.dir, name), hello)
		}
		if got := r.act(t, map[string]string{"mode": "save", "key": paths, "path": paths}); got.code != 0 {
			t.Fatalf("%q: %+v", paths, got)
		}
		r.dir = t.TempDir()
		if got := r.act(t, map[string]string{"mode": "restore", "key": paths, "path": paths}); got.code != 0 {
			t.Fatalf("%q: %+v", paths, got)
		}
		for _, name := range names {
			if _, err := os.Stat(filepath.Join(r.dir, name)); err != nil {
				t.Errorf("%q: %v", paths, err)
			}
		}
	}
}

// TestActionRecipe runs the job of github-action.yml twice: the first time it builds
// and saves, the second time it restores.
func TestActionRecipe(t *testing.T) {
	t.Parallel()
	cache, _ := watched(t)
	programs := withNPM(t)
	r := newRunner(t, append(cache, "TURBO_REMOTE_CACHE_SIGNATURE_KEY="+strings.Repeat("k", 32)))
	var workflow struct {
		Jobs struct{ Build struct{ Steps []jobStep } }
	}
	mustDo(t, yaml.Unmarshal(must(os.ReadFile(filepath.Join(recipes, "github-action.yml")))(t), &workflow))
	for _, want := range []string{"restore, npm ci, save", "restore"} {
		r.dir = t.TempDir()
		writeFile(t, filepath.Join(r.dir, "package-lock.json"), "{}\n")
		mustDo(t, os.RemoveAll(r.output()))
		hit, ran := "", []string{}
		for _, step := range workflow.Jobs.Build.Steps {
			if step.If != "" && step.If != "steps.cache.outputs.hit != 'true'" {
				t.Fatalf("what is %s?", step.If)
			}
			if step.If != "" && hit == "true" || strings.HasPrefix(step.Uses, "actions/checkout") {
				continue
			}
			for name, value := range step.With {
				step.With[name] = expression.ReplaceAllStringFunc(value, func(found string) string {
					return r.values[expression.FindStringSubmatch(found)[1]]
				})
			}
			var got outcome
			if step.Uses == "./.artifact" {
				ran = append(ran, step.With["mode"])
				got = r.act(t, step.With)
			} else {
				ran = append(ran, step.Run)
				got = r.bash(t, step.Run, []string{"PATH=" + programs + string(os.PathListSeparator) + os.Getenv("PATH")})
			}
			if got.code != 0 {
				t.Fatalf("%v: %+v", ran, got)
			}
			outputs := must(os.ReadFile(r.output()))(t)
			if found := regexp.MustCompile(`(?m)^hit=(.*)$`).FindSubmatch(outputs); found != nil {
				hit = string(found[1])
			}
		}
		if got := strings.Join(ran, ", "); got != want {
			t.Errorf("%s, want %s", got, want)
		}
		checkModules(t, r.dir)
	}
}

// goCaches are the variables for go's caches, which are otherwise in the home
// directory.
func goCaches(t *testing.T) []string {
	t.Helper()
	out := must(exec.Command("go", "env", "GOCACHE", "GOMODCACHE").Output())(t)
	lines := strings.Split(string(out), "\n")
	return []string{"GOCACHE=" + lines[0], "GOMODCACHE=" + lines[1]}
}
