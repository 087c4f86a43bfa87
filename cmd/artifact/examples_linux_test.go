package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/artifact-cli/artifact/internal/freeport"
)

// example returns the n-th block of a language on a page of docs.
func example(t *testing.T, page, language string, n int) string {
	t.Helper()
	blocks := regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllStringSubmatch(readFile(t, filepath.Join("../../docs", page)), -1)
	if len(blocks) <= n {
		t.Fatalf("%s has %d blocks of %s", page, len(blocks), language)
	}
	return blocks[n][1]
}

// decode decodes a document of YAML into a struct that has all of its fields.
func decode(t *testing.T, documents *yaml.Decoder, into any) {
	t.Helper()
	documents.KnownFields(true)
	mustDo(t, documents.Decode(into))
}

// checkExample runs serve as an example does, on loopback and in other directories. It
// must answer to its names, and each token must be good for what it says.
func checkExample(t *testing.T, env, args []string, names ...string) {
	t.Helper()
	address := fmt.Sprint("127.0.0.1:", freeport.Find(t))
	cmd := call{args: args, env: append([]string{"ARTIFACT_LISTEN=" + address}, env...)}.command(t)
	log := startPeer(t, cmd, remote{"http://" + address, token})
	for _, request := range []struct {
		method, path, host, token string
		want                      int
	}{
		{"GET", "/healthz", "10.0.0.7:8080", "", 200},
		{"GET", "/healthz", "other.example.com", "", 200},
		{"GET", "/v8/artifacts/status", "other.example.com", token, 421},
		{"GET", "/v8/artifacts/status", names[0], "", 401},
		{"GET", "/metrics", names[0], readToken, 200},
		{"PUT", "/v8/artifacts/k", names[0], readToken, 403},
		{"PUT", "/v8/artifacts/k", names[0], token, 202},
		{"GET", "/v8/artifacts/k", names[len(names)-1] + ":8080", readToken, 200},
	} {
		r := must(http.NewRequest(request.method, "http://"+address+request.path, strings.NewReader(hello)))(t)
		r.Host = request.host
		r.Header = http.Header{"Authorization": {"Bearer " + request.token}, "Content-Type": {"application/octet-stream"}}
		answer := must(http.DefaultClient.Do(r))(t)
		body, _ := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if answer.StatusCode != request.want {
			t.Errorf("%+v: %s %s", request, answer.Status, body)
		}
	}
	if text := readFile(t, log); strings.Contains(text, token) || strings.Contains(text, readToken) {
		t.Errorf("it prints a token: %s", text)
	}
}

// TestComposeExample runs the command of the compose file.
func TestComposeExample(t *testing.T) {
	t.Parallel()
	var file struct {
		Services map[string]struct {
			Build, Restart                   string
			EnvFile                          string `yaml:"env_file"`
			Command, Ports, Volumes, CapDrop []string
			ReadOnly                         bool `yaml:"read_only"`
		}
		Volumes map[string]any
	}
	text := strings.Replace(example(t, "serve.md", "yaml", 0), "cap_drop", "capdrop", 1) // a name that yaml maps by itself
	decode(t, yaml.NewDecoder(strings.NewReader(text)), &file)
	cache := file.Services["cache"]
	if _, named := file.Volumes["artifacts"]; !named || !slices.Equal(cache.Volumes, []string{"artifacts:/var/cache/artifact"}) ||
		!slices.Equal(cache.Ports, []string{"8080:8080"}) || !cache.ReadOnly {
		t.Errorf("it does not fit the image: %+v", file)
	}
	tokens := []string{"ARTIFACT_SERVE_TOKEN=" + token, "ARTIFACT_SERVE_READ_TOKEN=" + readToken}
	for _, variable := range tokens {
		if name, _, _ := strings.Cut(variable, "="); !strings.Contains(text, name+"=…") {
			t.Errorf("it does not name %s", name)
		}
	}
	checkExample(t, tokens, cache.Command, "cache", "cache.example.com")
}

// kubernetes are the fields of the example for Kubernetes.
type kubernetes struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string
	Metadata   struct{ Name string }
	StringData map[string]string `yaml:"stringData"`
	Spec       yaml.Node
}

// pod are the fields of its Deployment.
type pod struct {
	Strategy struct{ Type string }
	Selector struct {
		MatchLabels map[string]string `yaml:"matchLabels"`
	}
	Template struct {
		Metadata struct{ Labels map[string]string }
		Spec     struct {
			AutomountServiceAccountToken *bool          `yaml:"automountServiceAccountToken"`
			EnableServiceLinks           *bool          `yaml:"enableServiceLinks"`
			SecurityContext              map[string]any `yaml:"securityContext"`
			Containers                   []struct {
				Name, Image     string
				Args            []string
				Ports           []map[string]int
				ReadinessProbe  probe `yaml:"readinessProbe"`
				LivenessProbe   probe `yaml:"livenessProbe"`
				Resources       map[string]map[string]string
				SecurityContext map[string]any `yaml:"securityContext"`
				VolumeMounts    []struct {
					Name      string
					MountPath string `yaml:"mountPath"`
					ReadOnly  bool   `yaml:"readOnly"`
				} `yaml:"volumeMounts"`
			}
			Volumes []map[string]any
		}
	}
}

type probe struct {
	HTTPGet struct {
		Path string
		Port int
	} `yaml:"httpGet"`
}

// TestKubernetesExample runs the container's command, with the Secret as its files.
func TestKubernetesExample(t *testing.T) {
	t.Parallel()
	documents := yaml.NewDecoder(strings.NewReader(example(t, "serve.md", "yaml", 1)))
	objects := map[string]kubernetes{}
	for range 4 {
		var object kubernetes
		decode(t, documents, &object)
		objects[object.APIVersion+" "+object.Kind] = object
	}
	deployment, secret := objects["apps/v1 Deployment"], objects["v1 Secret"]
	var spec pod
	text := must(yaml.Marshal(&deployment.Spec))(t)
	decode(t, yaml.NewDecoder(bytes.NewReader(text)), &spec)
	container := spec.Template.Spec.Containers[0]
	for _, p := range []probe{container.ReadinessProbe, container.LivenessProbe} {
		if p.HTTPGet.Path != "/healthz" || p.HTTPGet.Port != 8080 || container.Ports[0]["containerPort"] != 8080 {
			t.Errorf("a probe of %+v", container)
		}
	}
	mounts := map[string]string{}
	for _, mount := range container.VolumeMounts {
		mounts[mount.Name] = mount.MountPath
	}
	if mounts["artifacts"] != "/var/cache/artifact" || len(spec.Template.Spec.Volumes) != len(mounts) {
		t.Errorf("mounts: %v", mounts)
	}
	files := func(write, read string) []string {
		dir := t.TempDir()
		mustDo(t, errors.Join(os.WriteFile(dir+"/write", []byte(write), 0o400), os.WriteFile(dir+"/read", []byte(read), 0o400)))
		var args []string
		for _, arg := range container.Args {
			args = append(args, strings.Replace(arg, mounts["tokens"], dir, 1))
		}
		return args
	}
	// The tokens of the page are none that would work.
	asShown := call{args: files(secret.StringData["write"], secret.StringData["read"])}.run(t)
	if asShown.code != 2 || !strings.Contains(asShown.stderr, "/write: line 1: ") {
		t.Errorf("with the page's tokens: %+v", asShown)
	}
	checkExample(t, nil, files(token, readToken), "artifact", "cache.example.com")
}

// TestUnitExample has systemd check the unit, and runs its command.
func TestUnitExample(t *testing.T) {
	t.Parallel()
	analyze := installed(t, "systemd-analyze")
	unit := example(t, "serve.md", "ini", 0)
	program := must(exec.LookPath("artifact"))(t)
	path := writeFile(t, filepath.Join(t.TempDir(), "artifact.service"), strings.Replace(unit, "/usr/bin/artifact", program, 1))
	for _, check := range [][]string{{"verify", "--man=no"}, {"security", "--offline=yes", "--threshold=20", "--no-pager"}} {
		out, err := exec.Command(analyze, append(check, path)...).CombinedOutput()
		if err != nil || check[0] == "verify" && len(out) > 0 {
			t.Errorf("%s: %v\n%s", check[0], err, out)
		}
	}
	_, command, _ := strings.Cut(unit, "ExecStart=")
	command, _, _ = strings.Cut(strings.ReplaceAll(command, "\\\n", ""), "\n")
	credentials := t.TempDir()
	mustDo(t, os.WriteFile(credentials+"/write", []byte(token+"\n"), 0o400))
	mustDo(t, os.WriteFile(credentials+"/read", []byte(readToken+"\n"), 0o400))
	directories := map[string]string{"CACHE_DIRECTORY": t.TempDir(), "CREDENTIALS_DIRECTORY": credentials}
	args := strings.Fields(os.Expand(command, func(name string) string { return directories[name] }))[1:]
	listen := slices.Index(args, "--listen=:8080") // the variable has another port
	checkExample(t, nil, slices.Delete(args, listen, listen+1), "cache.example.com")
}

// TestJSONExamples parses the policy and the lifecycle of a bucket.
func TestJSONExamples(t *testing.T) {
	t.Parallel()
	for n, member := range []string{"Statement", "Rules"} {
		var document map[string]any
		if err := json.Unmarshal([]byte(example(t, "serve-bucket.md", "json", n)), &document); err != nil || document[member] == nil {
			t.Errorf("%s: %v", member, err)
		}
	}
}
