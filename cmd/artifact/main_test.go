package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/artifact-cli/artifact/internal/s3test"
)

// scripts are the stories that run the program from end to end.
const scripts = "../../testdata/script"

func TestMain(m *testing.M) {
	testscript.Main(tests{m}, map[string]func(){"artifact": main, "exits": exits, "terminal": runOnTerminal})
}

type tests struct{ *testing.M }

// Run runs the tests. A shell starts programs in the background with SIGINT ignored,
// and the programs that tests interrupt would inherit that.
func (m tests) Run() int {
	if signal.Ignored(os.Interrupt) {
		signal.Notify(make(chan os.Signal, 1), os.Interrupt)
	}
	return m.M.Run()
}

// TestScripts runs each story of testdata/script in a directory of its own,
// with this program as artifact. Beside testscript's own commands there are
//
//	exec exits CODE COMMAND...            (see exits)
//	exec terminal [-stdin] KEYS COMMAND...  (see runOnTerminal)
//	archive FILE ENTRY...                 (see runArchive)
//	cache start [NAME=VALUE...] [FLAG...]
//	cache stop
//	bucket start [unconditional]
//	server start [FILE]
//	server secure [FILE]
//	server requests [HEADER...]
//	server order
//	server connections
//	presigned start [expired]
//	presigned requests
//
// where cache runs artifact serve in the background (see runCache), bucket runs an
// S3 server, which may ignore If-None-Match, and sets STORE and the variables with
// its keys, server answers as FILE says (see runServer), and presigned is a cache
// that hands requests on to object storage (see runPresigned). With -update the
// files that cmp compares with are written anew.
func TestScripts(t *testing.T) {
	t.Parallel()
	params := stories(false)
	params.Cmds["bucket"] = func(ts *testscript.TestScript, _ bool, args []string) {
		story := ts.Value(testKey{}).(testing.TB)
		server := s3test.Start(story)
		if slices.Contains(args, "unconditional") {
			server = server.WithoutConditions(story)
		}
		ts.Setenv("STORE", server.URL("cache"))
		ts.Setenv("SERVER", server.Endpoint)
		ts.Setenv("AWS_ACCESS_KEY_ID", server.AccessKey)
		ts.Setenv("AWS_SECRET_ACCESS_KEY", server.SecretKey)
	}
	params.Dir = scripts
	params.UpdateScripts = *update
	testscript.Run(t, params)
}

// stories are how stories are run; [wine] in one says that artifact is
// artifact.exe under wine, [root] that the user is root, and [mounts] that
// processes may mount what only they see.
func stories(wine bool) testscript.Params {
	return testscript.Params{
		Setup: isolate,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"archive": runArchive, "cache": runCache, "server": runServer, "presigned": runPresigned,
		},
		Condition: func(condition string) (bool, error) {
			switch condition {
			case "wine":
				return wine, nil
			case "root":
				return os.Getuid() == 0, nil
			case "mounts":
				return exec.Command("sh", "-c", mayMount).Run() == nil, nil
			}
			return false, fmt.Errorf("unknown condition %q", condition)
		},
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
	}
}

// mayMount is for the condition [mounts]: a process may have mounts of its own, as
// the root of a namespace and as root.
const mayMount = `try() { unshare "$1" mount -t tmpfs none /media; }; try -rm && { test $(id -u) != 0 || try -m; }`

// isolate sets the environment of a story. testscript passes on only PATH, so no
// variable of a CI vendor, a token or a proxy gets in. All files stay in the
// story's directory.
func isolate(env *testscript.Env) error {
	home := filepath.Join(env.WorkDir, ".home")
	if err := os.Mkdir(home, 0o700); err != nil {
		return err
	}
	for _, variable := range [][2]string{
		{"HOME", home}, {"USERPROFILE", home}, // the second on Windows
		{"XDG_CONFIG_HOME", filepath.Join(home, "config")}, {"AppData", filepath.Join(home, "config")},
		{"XDG_CACHE_HOME", filepath.Join(home, "cache")}, {"LocalAppData", filepath.Join(home, "cache")},
		{"GIT_CONFIG_NOSYSTEM", "1"}, {"ARTIFACT_RETRIES", "0"},
		{"GIT_CEILING_DIRECTORIES", filepath.Dir(env.WorkDir)},
		{"GIT_AUTHOR_NAME", "A"}, {"GIT_AUTHOR_EMAIL", "a@localhost"},
		{"GIT_COMMITTER_NAME", "A"}, {"GIT_COMMITTER_EMAIL", "a@localhost"},
	} {
		env.Setenv(variable[0], variable[1])
	}
	if env.Getenv("GORACE") == "" {
		// A program with the race detector sleeps a second before it ends.
		env.Setenv("GORACE", "atexit_sleep_ms=0")
	}
	env.Values[beginning{}] = env.Vars
	env.Values[testKey{}] = env.T()
	env.Values[cacheKey{}] = new(*cache)
	env.Values[storyServerKey{}] = new(*storyServer)
	env.Values[presigningKey{}] = new(*presigning)
	return nil
}

// beginning is the key of a story's initial variables.
type beginning struct{}

// testKey is the key of a story's own test: another one's must not be failed, and
// ends later.
type testKey struct{}
