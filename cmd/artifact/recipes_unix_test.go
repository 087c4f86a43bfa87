//go:build unix

package main

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

const recipes = "../../testdata/ci"

// TestRecipes runs the shell steps of each vendor's recipe twice, in that vendor's
// environment: the first job builds and uploads, the second one restores.
func TestRecipes(t *testing.T) {
	t.Parallel()
	const sha = "0123456789abcdef0123456789abcdef01234567"
	for _, test := range []struct {
		file, vendor, env string
	}{
		{"github.yml", "GITHUB_ACTIONS", "CI=true GITHUB_ACTIONS=true GITHUB_SHA=" + sha},
		{"gitlab.yml", "GITLAB", "CI=true GITLAB_CI=true CI_COMMIT_SHA=" + sha},
		{"circleci.yml", "CIRCLE", "CI=true CIRCLECI=true CIRCLE_SHA1=" + sha},
		{"buildkite.yml", "BUILDKITE", "CI=true BUILDKITE=true BUILDKITE_COMMIT=" + sha},
		{"github-oidc.yml", "GITHUB_ACTIONS", "CI=true GITHUB_ACTIONS=true ARTIFACT_OIDC=1 GITHUB_SHA=" + sha},
		{"gitlab-oidc.yml", "GITLAB", "CI=true GITLAB_CI=true CI_COMMIT_SHA=" + sha},
		{"circleci-oidc.yml", "CIRCLE", "CI=true CIRCLECI=true CIRCLE_SHA1=" + sha},
		{"buildkite-oidc.yml", "BUILDKITE", "CI=true BUILDKITE=true ARTIFACT_OIDC=1 ARTIFACT_OIDC_AUDIENCE=https://cache.example.com BUILDKITE_COMMIT=" + sha},
		{"bitbucket.yml", "BITBUCKET", "CI=true BITBUCKET_COMMIT=" + sha},
		{"Jenkinsfile", "JENKINS", "JENKINS_URL=http://jenkins.example.com/ BUILD_ID=7 GIT_COMMIT=" + sha},
	} {
		t.Run(test.file, func(t *testing.T) {
			t.Parallel()
			script := strings.Join(shellSteps(t, test.file), "\n")
			cache, arrived := watched(t)
			programs := t.TempDir()
			build := writeFile(t, filepath.Join(programs, "make"), "#!/bin/sh\necho make \"$@\"\necho built >\"$1\"\n")
			mustDo(t, os.Chmod(build, 0o755))
			env := append(cache, strings.Fields(test.env)...)
			if strings.Contains(test.file, "-oidc") {
				env = append(env, identified(t, programs, cache)...)
			}
			for _, want := range []string{"make dist.tar.gz\n" + sha + "  dist.tar.gz\n", ""} {
				dir := t.TempDir()
				cmd := call{dir: dir, env: env}.command(t)
				cmd.Path, cmd.Args = "/bin/sh", []string{"sh", "-eu", "-c", script}
				cmd.Env = append(cmd.Env, "PATH="+programs+string(os.PathListSeparator)+os.Getenv("PATH"))
				// A vendor's log is not a terminal, and its lines are not
				// compared.
				got := finish(t, cmd)
				built, err := os.ReadFile(filepath.Join(dir, "dist.tar.gz"))
				if got.code != 0 || got.stdout != want || err != nil || string(built) != "built\n" {
					t.Fatalf("%+v, want %q; %q, %v", got, want, built, err)
				}
			}
			var got []string
			for len(arrived) > 0 {
				r := <-arrived
				got = append(got, r.Method+" "+r.Header.Get("X-Artifact-Client-Ci")+" "+
					r.Header.Get("X-Artifact-Client-Interactive")+" "+r.Header.Get("X-Artifact-Sha"))
			}
			if want := []string{"GET   ", "PUT " + test.vendor + " 0 " + sha, "GET   "}; !slices.Equal(got, want) {
				t.Errorf("%q arrived, want %q", got, want)
			}
		})
	}
}

// identified gives a job of each vendor an identity instead of a token, which is
// exchanged for a token of the cache.
func identified(t *testing.T, programs string, cache []string) []string {
	t.Helper()
	now := time.Now().Unix()
	payload := fmt.Sprintf(`{"sub":"job","aud":["https://cache.example.com"],"iat":%d,"exp":%d}`, now, now+3600)
	job := "e30." + base64.RawURLEncoding.EncodeToString([]byte(payload)) + ".c2ln"
	agent := writeFile(t, filepath.Join(programs, "buildkite-agent"), "#!/bin/sh\necho "+job+"\n")
	mustDo(t, os.Chmod(agent, 0o755))
	access := strings.TrimPrefix(cache[1], "ARTIFACT_TOKEN=")
	oauth := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/token" && r.PostFormValue("subject_token") == job {
			fmt.Fprintf(w, `{"access_token":%q}`, access)
		}
	})
	hub := newGitHub(t, func(string) string { return job })
	return []string{
		"ARTIFACT_TOKEN=", "ARTIFACT_OIDC_TOKEN_URL=" + oauth.URL + "/token", "ARTIFACT_ID_TOKEN=" + map[bool]string{true: job}[strings.Contains(t.Name(), "gitlab")],
		"CIRCLE_OIDC_TOKEN_V2=" + job, "ACTIONS_ID_TOKEN_REQUEST_URL=" + hub.URL + "/runs/1/idtoken?api-version=2.0", "ACTIONS_ID_TOKEN_REQUEST_TOKEN=" + requestToken,
	}
}

// watched is artifact serve behind a proxy that records uploads. The variables
// point at the proxy.
func watched(t *testing.T) (env []string, arrived <-chan *http.Request) {
	t.Helper()
	cache := serveCache(t)
	to := must(url.Parse(cache.api))(t)
	seen := make(chan *http.Request, 10)
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		seen <- r.In
		r.SetURL(to)
	}}
	return []string{"ARTIFACT_API=" + serve(t, proxy.ServeHTTP).URL, "ARTIFACT_TOKEN=" + cache.token, "ARTIFACT_TEAM=local"}, seen
}

var (
	jenkinsStep = regexp.MustCompile(`(?m)^ *sh '([^'\n]*)'$`)
	// shellKeys are the vendors' keys for a step's command.
	shellKeys = map[string]bool{"run": true, "script": true, "command": true}
)

// shellSteps returns the commands of a recipe, in order.
func shellSteps(t *testing.T, name string) []string {
	t.Helper()
	text := must(os.ReadFile(filepath.Join(recipes, name)))(t)
	var steps []string
	if name == "Jenkinsfile" {
		for _, step := range jenkinsStep.FindAllStringSubmatch(string(text), -1) {
			steps = append(steps, step[1])
		}
		return steps
	}
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	var walk func(node *yaml.Node, isShell bool)
	walk = func(node *yaml.Node, isShell bool) {
		if isShell && node.Kind == yaml.ScalarNode {
			steps = append(steps, node.Value)
		}
		for i, child := range node.Content {
			switch {
			case node.Kind == yaml.MappingNode && i%2 == 0: // a key
			case node.Kind == yaml.MappingNode:
				walk(child, shellKeys[node.Content[i-1].Value])
			default:
				walk(child, isShell && node.Kind == yaml.SequenceNode)
			}
		}
	}
	walk(&document, false)
	if strings.HasPrefix(name, "buildkite") { // which reads one dollar itself, before any shell
		for i := range steps {
			steps[i] = strings.ReplaceAll(steps[i], "$$", "$")
		}
	}
	return steps
}

// TestRecipesInDocs compares the recipes in docs/ci.md with those that
// TestRecipes runs.
func TestRecipesInDocs(t *testing.T) {
	t.Parallel()
	page := must(os.ReadFile("../../docs/ci.md"))(t)
	files, err := os.ReadDir(recipes)
	if err != nil || len(files) < 7 {
		t.Fatalf("%d recipes, %v", len(files), err)
	}
	for _, file := range files {
		text := must(os.ReadFile(filepath.Join(recipes, file.Name())))(t)
		if !strings.Contains(string(page), "\n"+string(text)+"```\n") {
			t.Errorf("docs/ci.md does not show %s as it is", file.Name())
		}
	}
}

// actionExpression matches what GitHub replaces before a step.
var actionExpression = regexp.MustCompile(`\$\{\{ (?:inputs\.([a-z-]+)[^}]*|[^}]*) \}\}`)

// TestAction runs the shell steps of action.yml as a runner does.
func TestAction(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("no bash")
	}
	root := must(filepath.Abs("../.."))(t)
	text := must(os.ReadFile(filepath.Join(root, "action.yml")))(t)
	var action struct {
		Runs struct {
			Steps []struct {
				Shell, Run string
				Env        map[string]string
			}
		}
	}
	mustDo(t, yaml.Unmarshal(text, &action))
	cache, arrived := watched(t)
	inputs := map[string]string{"file": "a $(b)|c", "token": strings.TrimPrefix(cache[1], "ARTIFACT_TOKEN="), "warn-only": "false"}
	dir, temp := t.TempDir(), t.TempDir()
	writeFile(t, filepath.Join(dir, inputs["file"]), hello)
	output, summary := filepath.Join(temp, "output"), filepath.Join(temp, "summary")
	for _, step := range action.Runs.Steps {
		if step.Run == "" {
			continue // setup-go, which tests cannot do without either
		}
		env := append([]string{
			"GITHUB_ACTIONS=true", "CI=true", "RUNNER_TEMP=" + temp, "GITHUB_ACTION_PATH=" + root,
			"GITHUB_OUTPUT=" + output, "GITHUB_STEP_SUMMARY=" + summary, "INPUT_HASH=", "GOFLAGS=-buildvcs=false",
		}, append(goCaches(t), cache...)...)
		for name, value := range step.Env {
			parts := actionExpression.FindStringSubmatch(value)
			if parts == nil {
				env = append(env, name+"="+value)
			} else if given := inputs[parts[1]]; given != "" {
				env = append(env, name+"="+given)
			}
		}
		if step.Shell != "bash" || strings.Contains(step.Run, "${{") {
			t.Errorf("a step of %s, or with an expression in its script: %s", step.Shell, step.Run)
		}
		// A build may take longer than a run of the program has.
		cmd := exec.Command("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step.Run)
		cmd.Dir, cmd.Env = dir, call{env: env}.command(t).Env
		if got := finish(t, cmd); got.code != 0 {
			t.Fatalf("%s: %+v", step.Run, got)
		}
	}
	if got := (<-arrived).Header.Get("X-Artifact-Client-Ci"); got != "GITHUB_ACTIONS" {
		t.Errorf("x-artifact-client-ci: %q", got)
	}
	told, err := os.ReadFile(output)
	if err != nil || !regexp.MustCompile(`^hash<<(\w{20,})\n`+helloSHA256+`\n\w+\nurls<<\w+\nhttp://127\.0\.0\.1:\d+/v8/artifacts/`+helloSHA256+`\S*\n\w+\n$`).Match(told) {
		t.Errorf("outputs: %q, %v", told, err)
	}
	table, err := os.ReadFile(summary)
	if err != nil || !strings.Contains(string(table), "| a &#36;&#40;b&#41;&#124;c | "+helloSHA256+" | 6 | uploaded |\n") {
		t.Errorf("summary: %s, %v", table, err)
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
