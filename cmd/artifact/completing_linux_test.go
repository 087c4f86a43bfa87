package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestCompletedValues asks what shells would be given.
func TestCompletedValues(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"put --algorithm|":    "sha256\nsha512\nblake3\n:4\n",
		"put --progress|":     "auto\nalways\nnever\n:4\n",
		"put --color|":        "auto\nalways\nnever\n:4\n",
		"put --interactive|":  "0\n1\n:4\n",
		"put --hash|":         ":4\n",
		"put --team|":         ":4\n",
		"put --ca-cert|":      ":0\n", // the shell's own: files
		"serve --dir|":        ":16\n",
		"put|":                ":0\n",
		"version|":            ":4\n",
		"help|ex":             "exit-codes\tWhat the exit codes mean\n:4\n",
		"put|--algorithm=bla": "sha256\nsha512\nblake3\n:4\n",
	} {
		before, begun, _ := strings.Cut(line, "|")
		args := append([]string{"__complete"}, append(strings.Fields(before), begun)...)
		if got := (call{args: args}).run(t); got.code != 0 || got.stdout != want {
			t.Errorf("%s: exit %d, %q; want %q", line, got.code, got.stdout, want)
		}
	}
}

// blake3OfHello is the id that only a completed --algorithm leads to.
const blake3OfHello = "8e4c7c1b99dbfd50e7a95185fead5ee1448fa904a2fdd778eaf5f2dbfd629a99"

// bashCompletion is where Debian keeps the functions that completions of bash
// share.
const bashCompletion = "/usr/share/bash-completion/bash_completion"

// TestTab presses Tab in shells: in a subcommand, a flag, a flag's value and
// the name of a file. What was completed is run.
func TestTab(t *testing.T) {
	t.Parallel()
	completions, err := filepath.Abs("../../completions")
	if err != nil {
		t.Fatal(err)
	}
	for shell, start := range map[string]struct {
		file, text string
		args       []string
	}{
		"bash": {".bashrc", "PS1='$ '; source " + bashCompletion + "; source " + completions + "/artifact.bash", []string{"--noprofile", "-i"}},
		"zsh":  {".zshrc", "PS1='$ '; fpath=(" + completions + " $fpath); autoload -U compinit; compinit -u -D", []string{"-d", "-i"}},
	} {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			path, err := exec.LookPath(shell)
			if _, missing := os.Stat(bashCompletion); err != nil || shell == "bash" && missing != nil {
				t.Skip("no " + shell + ", or not what it completes with")
			}
			dir := t.TempDir()
			writeFile(t, filepath.Join(dir, "hello.txt"), hello)
			writeFile(t, filepath.Join(dir, start.file), start.text+"\n")
			cmd := call{dir: dir, env: []string{"HOME=" + dir, "ZDOTDIR=" + dir, "TERM=dumb", "HISTFILE="}}.command(t)
			cmd.Path, cmd.Args = path, append([]string{shell}, start.args...)
			keyboard, output := onTerminal(t, cmd)
			if _, err := keyboard.Write([]byte("artifact pu\t-q --dr\t--algorithm bl\thel\t>got; exit\n")); err != nil {
				t.Fatal(err)
			}
			shown := output()
			if got, err := os.ReadFile(filepath.Join(dir, "got")); string(got) != blake3OfHello+"\n" {
				t.Errorf("%q, %v, from\n%s", got, err, shown)
			}
		})
	}
}

// TestFish asks fish, which can be asked without keys.
func TestFish(t *testing.T) {
	t.Parallel()
	path, err := exec.LookPath("fish")
	if err != nil {
		t.Skip("no fish")
	}
	completions, err := filepath.Abs("../../completions/artifact.fish")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "hello.txt"), hello)
	for line, want := range map[string]string{
		"artifact pu":                 "put\t",
		"artifact put --dr":           "--dry-run\t",
		"artifact put --algorithm bl": "blake3\n",
		"artifact put hel":            "hello.txt\n",
		"artifact version hel":        "",
	} {
		cmd := call{dir: dir}.command(t)
		cmd.Path, cmd.Args = path, []string{"fish", "--no-config", "-c", "source $argv[1]; complete -C $argv[2]", completions, line}
		if got := finish(t, cmd); got.code != 0 || !strings.HasPrefix(got.stdout, want) || want == "" && got.stdout != "" {
			t.Errorf("%q: %+v, want %q", line, got, want)
		}
	}
}
