//go:build unix

package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestMistakes are all exit 2, on standard error, and an object where a script
// asked for one, wherever it did.
func TestMistakes(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]outcome{
		"nonsense":                {stderr: "artifact: unknown command \"nonsense\" for \"artifact\"\nartifact: hint: See artifact --help.\n"},
		"--nonsense":              {stderr: "artifact: unknown flag: --nonsense\nartifact: hint: See artifact --help.\n"},
		"help nonsense":           {stderr: "artifact: no help about \"nonsense\"\nartifact: hint: See artifact --help.\n"},
		"help put nonsense":       {stderr: "artifact: no help about \"put nonsense\"\nartifact: hint: See artifact --help.\n"},
		"completion nonsense":     {stderr: "artifact: unknown command \"nonsense\" for \"artifact completion\"\nartifact: hint: See artifact completion --help.\n"},
		"version nonsense":        {stderr: "artifact: unknown command \"nonsense\" for \"artifact version\"\nartifact: hint: See artifact version --help.\n"},
		"serve nonsense":          {stderr: "artifact: a command to serve goes behind --\nartifact: hint: See artifact serve --help.\n"},
		"put --progress nonsense": {stderr: "artifact: --progress: \"nonsense\" is none of auto, always and never\nartifact: hint: See artifact put --help.\n"},
		"put --nonsense --json": {
			stdout: `{"error":{"exit":2,"message":"unknown flag: --nonsense"}}` + "\n",
			stderr: "artifact: unknown flag: --nonsense\nartifact: hint: See artifact put --help.\n"},
		"put --retries -1":      {stderr: "artifact: --retries: \"-1\" is no number of 0 or more\nartifact: hint: See artifact put --help.\n"},
		"put --retries 1e9":     {stderr: "artifact: --retries: \"1e9\" is no number of 0 or more\nartifact: hint: See artifact put --help.\n"},
		"put --dry-run=perhaps": {stderr: "artifact: --dry-run: \"perhaps\" is neither true nor false\nartifact: hint: See artifact put --help.\n"},
		"get":                   {stderr: "artifact: name one artifact by its id\nartifact: hint: See artifact get --help.\n"},
		"--json nonsense": {
			stdout: `{"error":{"exit":2,"message":"unknown command \"nonsense\" for \"artifact\""}}` + "\n",
			stderr: "artifact: unknown command \"nonsense\" for \"artifact\"\nartifact: hint: See artifact --help.\n"},
	} {
		want.code = 2
		call{args: strings.Fields(args)}.run(t).check(t, want)
	}
	got := call{args: []string{"put", "--nonsense"}, env: []string{"ARTIFACT_JSON=1"}}.run(t)
	if got.code != 2 || got.stdout != `{"error":{"exit":2,"message":"unknown flag: --nonsense"}}`+"\n" {
		t.Errorf("%+v", got)
	}
	got = call{args: []string{"put"}, env: []string{"ARTIFACT_JSON=maybe"}}.run(t)
	got.check(t, outcome{code: 2, stderr: "artifact: ARTIFACT_JSON: \"maybe\" is neither true nor false\n"})
}

// TestHelp goes to standard output, and needs nothing of the world.
func TestHelp(t *testing.T) {
	t.Parallel()
	for args, contains := range map[string]string{
		"":                "Usage:\n  artifact COMMAND [flags]",
		"--help":          "Usage:\n  artifact COMMAND [flags]",
		"help":            "Usage:\n  artifact COMMAND [flags]",
		"put --help":      "artifact put [FILE...|-]",
		"help serve":      "artifact serve [flags] [-- COMMAND [ARG...]]",
		"help exit-codes": "\n  7    verification failed",
		"version":         "artifact ",
		"--version":       "artifact ",
	} {
		got := call{args: strings.Fields(args), env: []string{"HOME=", "ARTIFACT_API=nonsense"}}.run(t)
		if got.code != 0 || got.stderr != "" || !strings.Contains(got.stdout, contains) {
			t.Errorf("%s: %+v", args, got)
		}
	}
}

// TestTopics explains every exit code, and every variable.
func TestTopics(t *testing.T) {
	t.Parallel()
	codes := call{args: []string{"help", "exit-codes"}}.run(t).stdout
	var listed []string
	for _, match := range regexp.MustCompile(`(?m)^  (\d+) `).FindAllStringSubmatch(codes, -1) {
		listed = append(listed, match[1])
	}
	if want := []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "130"}; !slices.Equal(listed, want) {
		t.Errorf("%q, want %q", listed, want)
	}
	variables := call{args: []string{"help", "environment"}}.run(t).stdout
	for _, name := range []string{
		"ARTIFACT_API", "ARTIFACT_TEAM", "ARTIFACT_TOKEN", "TURBO_API", "TURBO_TOKEN", "TURBO_TEAM", "TURBO_TEAMID",
		"ARTIFACT_JSON", "ARTIFACT_QUIET", "ARTIFACT_VERBOSE", "ARTIFACT_PROGRESS", "ARTIFACT_COLOR", "ARTIFACT_CA_CERT",
		"ARTIFACT_HTTP2", "ARTIFACT_ALLOW_HTTP", "ARTIFACT_ALGORITHM", "ARTIFACT_CI", "ARTIFACT_INTERACTIVE", "ARTIFACT_SHA",
		"ARTIFACT_DIRTY_HASH", "ARTIFACT_NO_GIT", "ARTIFACT_WARN_ONLY", "ARTIFACT_LISTEN", "ARTIFACT_DIR", "ARTIFACT_MAX_SIZE",
		"ARTIFACT_READ_ONLY", "ARTIFACT_SERVE_TOKEN",
	} {
		if !regexp.MustCompile(`(?m)^  ` + name + `$`).MatchString(variables) {
			t.Errorf("%s is not explained", name)
		}
	}
}
