//go:build unix

package main

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
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
// environment: the first job builds and saves, the second one restores.
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
		{"Jenkinsfile", "JENKINS", "KEY=deps JENKINS_URL=http://jenkins.example.com/ BUILD_ID=7 GIT_COMMIT=" + sha},
	} {
		t.Run(test.file, func(t *testing.T) {
			t.Parallel()
			script := strings.Join(shellSteps(t, test.file), "\n")
			cache, arrived := watched(t)
			programs := withNPM(t)
			env := append(cache, strings.Fields(test.env)...)
			if strings.Contains(test.file, "-oidc") {
				env = append(env, identified(t, programs, cache)...)
			} else {
				env = append(env, "TURBO_REMOTE_CACHE_SIGNATURE_KEY="+strings.Repeat("k", 32))
			}
			for _, want := range []string{`^npm ci\n[0-9a-f]{48}  node_modules\.tar\.zst\n$`, `^$`} {
				dir := t.TempDir()
				writeFile(t, filepath.Join(dir, "package-lock.json"), "{}\n")
				cmd := call{dir: dir, env: env}.command(t)
				cmd.Path, cmd.Args = "/bin/sh", []string{"sh", "-eu", "-c", script}
				cmd.Env = append(cmd.Env, "PATH="+programs+string(os.PathListSeparator)+os.Getenv("PATH"))
				// A vendor's log is not a terminal, and its lines are not
				// compared.
				if got := finish(t, cmd); got.code != 0 || !regexp.MustCompile(want).MatchString(got.stdout) {
					t.Fatalf("%+v, want %q", got, want)
				}
				checkModules(t, dir)
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

// withNPM returns a directory for PATH with an npm that installs one module, which
// can be run.
func withNPM(t *testing.T) (programs string) {
	t.Helper()
	programs = t.TempDir()
	writeProgram(t, filepath.Join(programs, "npm"), `#!/bin/sh
echo npm "$@"
mkdir -p node_modules/a node_modules/.bin
echo built >node_modules/a/run
chmod +x node_modules/a/run
ln -s ../a/run node_modules/.bin/run
`)
	return programs
}

// checkModules checks that a directory has what npm installs.
func checkModules(t *testing.T, dir string) {
	t.Helper()
	built := must(os.ReadFile(filepath.Join(dir, "node_modules/.bin/run")))(t)
	info := must(os.Stat(filepath.Join(dir, "node_modules/a/run")))(t)
	target := must(os.Readlink(filepath.Join(dir, "node_modules/.bin/run")))(t)
	if string(built) != "built\n" || info.Mode() != 0o755 || target != "../a/run" {
		t.Errorf("%q, %v, %s", built, info.Mode(), target)
	}
}

// identified gives a job of each vendor an identity instead of a token, which is
// exchanged for a token of the cache.
func identified(t *testing.T, programs string, cache []string) []string {
	t.Helper()
	now := time.Now().Unix()
	payload := fmt.Sprintf(`{"sub":"job","aud":["https://cache.example.com"],"iat":%d,"exp":%d}`, now, now+3600)
	job := "e30." + base64.RawURLEncoding.EncodeToString([]byte(payload)) + ".c2ln"
	writeProgram(t, filepath.Join(programs, "buildkite-agent"), "#!/bin/sh\necho "+job+"\n")
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

// TestRecipesInDocs compares the recipes in docs with those that TestRecipes runs.
func TestRecipesInDocs(t *testing.T) {
	t.Parallel()
	pages := string(must(os.ReadFile("../../docs/ci.md"))(t)) + string(must(os.ReadFile("../../docs/oidc.md"))(t))
	files, err := os.ReadDir(recipes)
	if err != nil || len(files) < 7 {
		t.Fatalf("%d recipes, %v", len(files), err)
	}
	for _, file := range files {
		text := must(os.ReadFile(filepath.Join(recipes, file.Name())))(t)
		if !strings.Contains(pages, "\n"+string(text)+"```\n") {
			t.Errorf("docs/ci.md and docs/oidc.md do not show %s as it is", file.Name())
		}
	}
}
