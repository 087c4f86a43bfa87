//go:build unix

package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// commit is what CI vendors say they build.
const commit = "0123456789abcdef0123456789abcdef01234567"

// TestVendors sends what a vendor calls itself, and its commit where git tells
// none. That every vendor is known is shown where they are listed.
func TestVendors(t *testing.T) {
	t.Parallel()
	for vendor, env := range map[string][]string{
		"GITHUB_ACTIONS":  {"CI=true", "GITHUB_ACTIONS=true", "GITHUB_SHA=" + commit},
		"GITLAB":          {"CI=true", "GITLAB_CI=true", "CI_COMMIT_SHA=" + commit},
		"VERCEL":          {"CI=1", "VERCEL=1", "VERCEL_GIT_COMMIT_SHA=" + commit},
		"CIRCLE":          {"CIRCLECI=true", "CIRCLE_SHA1=" + commit},
		"BUILDKITE":       {"BUILDKITE=true", "BUILDKITE_COMMIT=" + commit},
		"JENKINS":         {"JENKINS_URL=http://j", "BUILD_ID=1", "GIT_COMMIT=" + commit},
		"AZURE_PIPELINES": {"TF_BUILD=True", "BUILD_SOURCEVERSION=" + commit},
		"BITBUCKET":       {"BITBUCKET_COMMIT=" + commit},
		"TRAVIS":          {"TRAVIS=true", "TRAVIS_COMMIT=" + commit},
		"DRONE":           {"DRONE=true", "DRONE_COMMIT_SHA=" + commit},
		"NETLIFY":         {"NETLIFY=true", "COMMIT_REF=" + commit},
		"WOODPECKER":      {"CI=woodpecker", "CI_COMMIT_SHA=" + commit},
		"":                {"GITHUB_ACTIONS=", "GITHUB_SHA=" + commit},
	} {
		t.Run(vendor, func(t *testing.T) {
			t.Parallel()
			server := record(t, nil)
			putFile(t, append(server.env(), env...)).check(t, outcome{stdout: helloSHA256 + "  file\n"})
			header := server.only(t).Header
			sha := commit
			if vendor == "" {
				sha = ""
			}
			got := [...]string{header.Get("X-Artifact-Client-Ci"), header.Get("X-Artifact-Sha"), header.Get("X-Artifact-Client-Interactive")}
			if want := [...]string{vendor, sha, "0"}; got != want {
				t.Errorf("%q, want %q", got, want)
			}
		})
	}
}

// origin makes a repository with one commit, and gives its directory and
// revision.
func origin(t *testing.T) (dir, head string) {
	t.Helper()
	dir = t.TempDir()
	writeFile(t, filepath.Join(dir, "file"), hello)
	setup := call{dir: dir, env: []string{
		"GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@localhost", "GIT_COMMITTER_NAME=A", "GIT_COMMITTER_EMAIL=a@localhost",
	}}
	got := shellCall{call: setup, shell: "sh", script: `mkdir sub; cp file sub/; git init -q . && git add . &&
		git -c commit.gpgSign=false commit -qm first && git worktree add -q linked && echo linked/ >.git/info/exclude && git rev-parse HEAD`}.run(t)
	if got.code != 0 {
		t.Fatal(got)
	}
	return dir, strings.TrimSpace(got.stdout)
}

// TestRevision sends what git says of the directory that the program runs in.
func TestRevision(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip(err)
	}
	const vendor = "GITHUB_ACTIONS=true"
	for name, test := range map[string]struct {
		script string // run in the repository before
		in     string // directory of the upload
		flags  []string
		env    []string
		sha    string // "HEAD" stands for the revision
		dirty  bool
		note   string // under -v
	}{
		"clean":           {sha: "HEAD"},
		"clean, and a CI": {env: []string{vendor, "GITHUB_SHA=" + commit}, sha: "HEAD"},
		"touched":         {script: "touch file", sha: "HEAD"},
		"changed":         {script: "echo >>file", sha: "HEAD", dirty: true},
		"untracked":       {script: "echo >new", sha: "HEAD", dirty: true},
		"ignored":         {script: "echo new >>.git/info/exclude; echo >new", sha: "HEAD"},
		"subdirectory":    {script: "echo >>file", in: "sub", sha: "HEAD", dirty: true},
		"linked, clean":   {script: "echo >>file", in: "linked", sha: "HEAD"},
		"linked, changed": {script: "echo >>linked/file", in: "linked", sha: "HEAD", dirty: true},
		"not asked":       {script: "echo >>file", flags: []string{"--no-git"}},
		"given":           {script: "echo >>file", flags: []string{"--sha=S", "--dirty-hash="}, sha: "S"},
		"no repository":   {script: "rm -rf .git", note: "no revision from git: not in a git work tree\n"},
		"none, but a CI":  {script: "rm -rf .git", env: []string{vendor, "GITHUB_SHA=" + commit}, sha: commit, note: "no revision from git:"},
		"no commit":       {script: "rm -rf .git; git init -q .", note: "no revision from git: the current branch has no commit yet"},
		"no git":          {env: []string{"PATH=/nowhere"}, note: "no revision from git: looking for git on PATH: executable file not found in $PATH"},
		"another's":       {script: "chown -R 65534 .", note: "no revision from git: git status: detected dubious ownership in repository at 'DIR'; to have git trust it: git config --global --add safe.directory DIR\n"},
		"another's, in CI": {script: "chown -R 65534 .", env: []string{vendor, "GITHUB_SHA=" + commit}, sha: commit,
			note: "artifact: warning: no revision from git: git status: detected dubious ownership in repository at 'DIR'; to have git trust it: git config --global --add safe.directory DIR\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if strings.Contains(test.script, "chown") && os.Getuid() != 0 {
				t.Skip("only root can give files away")
			}
			dir, head := origin(t)
			if got := (shellCall{call: call{dir: dir}, shell: "sh", script: test.script}).run(t); got.code != 0 {
				t.Fatal(got)
			}
			server := record(t, nil)
			cmd := call{args: append(append([]string{"put", "-v"}, test.flags...), "file"), env: append(server.env(), test.env...), dir: filepath.Join(dir, test.in)}.command(t)
			got := finish(t, cmd)
			request := server.only(t)
			sha, dirty := request.Header.Get("X-Artifact-Sha"), request.Header.Get("X-Artifact-Dirty-Hash")
			if want := strings.Replace(test.sha, "HEAD", head, 1); sha != want || (dirty != "") != test.dirty || dirty != "" && len(dirty) != 64 {
				t.Errorf("revision %q, want %q; dirty hash %q, want one: %v", sha, want, dirty, test.dirty)
			}
			lines := strings.Split(got.stderr, "\n")
			note := strings.ReplaceAll(test.note, "DIR", dir)
			if got.code != 0 || len(lines) < 2 || !strings.HasPrefix(strings.Join(lines[1:], "\n"), note) || (test.note == "") != (len(lines) == 2) {
				t.Errorf("%+v", got)
			}
		})
	}
}

// TestDirtyHashIsOfTheTree and not of the directory, nor of settings for what
// other commands of git show.
func TestDirtyHashIsOfTheTree(t *testing.T) {
	t.Parallel()
	dir, _ := origin(t)
	writeFile(t, filepath.Join(dir, "file"), "changed\n")
	hashes := map[string]bool{}
	for _, where := range []string{dir, filepath.Join(dir, "sub")} {
		for _, settings := range []string{"", "[color]\nui=always\n[diff]\nrelative=true\nexternal=false\n[status]\nshowUntrackedFiles=no\nrelativePaths=true\n"} {
			home := t.TempDir()
			writeFile(t, filepath.Join(home, ".gitconfig"), settings)
			server := record(t, nil)
			call{args: []string{"put", "-q", "--hash=k", "file"}, env: append(server.env(), "HOME="+home), dir: where}.run(t).
				check(t, outcome{stdout: "k\n"})
			hashes[server.only(t).Header.Get("X-Artifact-Dirty-Hash")] = true
		}
	}
	if len(hashes) != 1 || hashes[""] {
		t.Errorf("%d hashes of one tree: %v", len(hashes), hashes)
	}
}

// TestGitThatHangs is given up when everything else is ready.
func TestGitThatHangs(t *testing.T) {
	t.Parallel()
	bin, dir := t.TempDir(), t.TempDir()
	writeFile(t, filepath.Join(dir, "file"), hello)
	writeFile(t, filepath.Join(bin, "git"), "#!/bin/sh\nexec sleep 600\n")
	if err := errors.Join(os.Chmod(filepath.Join(bin, "git"), 0o755), os.Mkdir(filepath.Join(dir, ".git"), 0o755)); err != nil {
		t.Fatal(err)
	}
	server := record(t, nil)
	got := call{
		args: []string{"put", "-v", "file"}, dir: dir,
		env: append(server.env(), "PATH="+bin+":"+os.Getenv("PATH"), "GITHUB_ACTIONS=true", "GITHUB_SHA="+commit),
	}.run(t)
	if got.code != 0 || got.stdout != helloSHA256+"  file\n" || !strings.Contains(got.stderr, "git was not done 3s after everything else") {
		t.Errorf("%+v", got)
	}
	if sha := server.only(t).Header.Get("X-Artifact-Sha"); sha != commit {
		t.Errorf("revision %q, want the vendor's", sha)
	}
}
