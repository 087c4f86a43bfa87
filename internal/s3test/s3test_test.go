package s3test_test

import (
	"net/http"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/artifact-cli/artifact/internal/s3test"
)

const envKilled = "ARTIFACT_TEST_S3_KILLED"

// TestServerDiesWithItsProcess kills a test's process, which cannot clean up.
func TestServerDiesWithItsProcess(t *testing.T) {
	t.Parallel()
	server := s3test.Start(t)
	if os.Getenv(envKilled) != "" {
		os.Stdout.WriteString(server.Endpoint)
		os.Exit(0) // without cleaning up
	}
	killed := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$")
	killed.Env = append(os.Environ(), envKilled+"=yes", "TMPDIR="+t.TempDir())
	endpoint, err := killed.Output()
	if err != nil {
		t.Fatal(err)
	}
	for answers(string(endpoint)) {
		time.Sleep(10 * time.Millisecond)
	}
	if !answers(server.Endpoint) {
		t.Error("the server of a living process does not answer")
	}
}

func answers(endpoint string) bool {
	answer, err := http.Get(endpoint)
	return err == nil && answer.Body.Close() == nil
}
