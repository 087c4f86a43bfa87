package provenance

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestCleanFilterSeesNoToken(t *testing.T) {
	t.Parallel()
	w := baseTree(t)
	seen := filepath.Join(t.TempDir(), "environment")
	w.git("config", "filter.env.clean", "env >"+seen+"; cat")
	w.write(".git/info/attributes", "*.env filter=env\n")
	w.write("x.env", "a")
	w.git("add", "x.env")
	w.write("x.env", "b")
	w.must(os.RemoveAll(seen))
	w.environ = append(w.environ, "ARTIFACT_TOKEN=secret", "TURBO_TOKEN=secret", "AWS_SECRET_ACCESS_KEY=secret", "GIT_ASKPASS=secret",
		"SSH_AUTH_SOCK=secret", "GIT_CONFIG_PARAMETERS='http.extraHeader=secret'", "XDG_CONFIG_HOME=/nowhere",
		"GIT_CONFIG_COUNT=2", "GIT_CONFIG_KEY_0=http.https://github.com/.extraheader", "GIT_CONFIG_VALUE_0=secret",
		"GIT_CONFIG_KEY_1=core.sshCommand", "GIT_CONFIG_VALUE_1=secret")
	if w.revision().DirtyHash == "" {
		t.Error("clean")
	}
	text, err := os.ReadFile(seen)
	w.must(err)
	if s := string(text); strings.Contains(s, "secret") || !strings.Contains(s, "XDG_CONFIG_HOME=/nowhere\n") || !strings.Contains(s, "LC_ALL=C\n") {
		t.Errorf("a filter sees\n%s", text)
	}
}

func TestGitEnviron(t *testing.T) {
	t.Parallel()
	got := gitEnviron([]string{
		"PATH=/first", "PATH=/bin", "HOME=/h", "TOKEN=x", "GIT_DIR=d", "GIT_PAGER=p", "GIT_EDITOR=e", "broken",
		"GIT_CONFIG_COUNT=1000000000", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*",
		"GIT_CONFIG_KEY_1=http.extraHeader", "GIT_CONFIG_VALUE_1=x", "GIT_CONFIG_KEY_2=Core.AutoCRLF", "GIT_CONFIG_VALUE_2=true",
		"GIT_CONFIG_KEY_3=url.https://token@host/.insteadOf", "GIT_CONFIG_VALUE_3=x", "GIT_CONFIG_KEY_4=core.askPass", "GIT_CONFIG_VALUE_4=x",
		"GIT_CONFIG_KEY_5=diff.x.textconv", "GIT_CONFIG_VALUE_5=x", "GIT_CONFIG_KEY_6=diff.noprefix", "GIT_CONFIG_VALUE_6=true",
	})
	want := append(slices.Clone(fixed), "PATH=/bin", "HOME=/h", "GIT_DIR=d",
		"GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*", "GIT_CONFIG_KEY_1=Core.AutoCRLF", "GIT_CONFIG_VALUE_1=true",
		"GIT_CONFIG_KEY_2=diff.noprefix", "GIT_CONFIG_VALUE_2=true", "GIT_CONFIG_COUNT=3")
	if !slices.Equal(got, want) {
		t.Errorf("environment %q, want %q", got, want)
	}
}
