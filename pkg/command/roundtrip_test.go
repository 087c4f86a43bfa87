package command

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/api"
	"github.com/artifact-cli/artifact/pkg/internal/must"
)

// got is what get --json prints.
type got struct {
	Hash     string `json:"hash"`
	Size     int64  `json:"size"`
	Metadata struct {
		SHA        string `json:"sha"`
		DirtyHash  string `json:"dirtyHash"`
		DurationMs *int64 `json:"durationMs"`
	} `json:"metadata"`
	Tag  string `json:"tag"`
	Path string `json:"path"`
}

// FuzzRoundTrip checks that bytes and metadata from put come back unchanged from
// get, and that put refuses only invalid values.
func FuzzRoundTrip(f *testing.F) {
	f.Add([]byte("hello\n"), "de0e2b9afd5fe834", "263", "dd6ab2c09fb1930eccdb1a9ac2f328d13f1becf7", "9a203ecf", "", true)
	f.Add([]byte{}, "key:100%+?#é", "", "", "", "dGFn", false)
	f.Add([]byte{0, 255, 10, 13}, "\\", "9223372036854", " ", "~", "AA==", true)
	f.Add(bytes.Repeat([]byte{1, 2, 3}, 100_000), "..%2f", "1ms", "a b", "\"<>&\u2028", "", true)
	f.Add([]byte("x"), "", "-1", "\n", "\xff", "A", false)
	f.Add([]byte("x"), strings.Repeat("k", 255), "00", strings.Repeat("s", 200), strings.Repeat("d", 201), "", true)
	f.Add([]byte("x"), "e\u0301", "2562047h47m16.854s", "é", "-", "+/==", true)
	at := cache(f)
	f.Fuzz(func(t *testing.T, body []byte, hash, duration, sha, dirty, tag string, key bool) {
		file := filepath.Join(t.TempDir(), "in")
		must.Do(t, os.WriteFile(file, body, 0o600))
		environ := map[string]string{"ARTIFACT_API": at, "ARTIFACT_TOKEN": "t", "ARTIFACT_TEAM": "team_f"}
		if key {
			environ["TURBO_REMOTE_CACHE_SIGNATURE_KEY"] = strings.Repeat("k", 32)
		}
		given := []string{"--hash=" + hash, "--duration=" + duration, "--sha=" + sha, "--dirty-hash=" + dirty, "--tag=" + tag}
		code, stdout, stderr := run(t, environ, append(given, "put", "--json", file)...)
		if code == 2 {
			if isValid(hash, duration, sha, dirty, tag) {
				t.Fatalf("refused %q: %s", given, stderr)
			}
			return
		}
		var put struct{ Metadata struct{ DurationMs *int64 } }
		if err := json.Unmarshal([]byte(stdout), &put); err != nil || code != 0 {
			t.Fatalf("put %q: %d %s%s", given, code, stdout, stderr)
		}
		if tag != "" {
			delete(environ, "TURBO_REMOTE_CACHE_SIGNATURE_KEY") // it is another's
		}
		out := file + ".out"
		code, stdout, stderr = run(t, environ, "get", "--json", "--algorithm=none", "-o", out, "--", hash)
		var back got
		if err := json.Unmarshal([]byte(stdout), &back); err != nil || code != 0 {
			t.Fatalf("get %q: %d %s%s", given, code, stdout, stderr)
		}
		content, err := os.ReadFile(out)
		if err != nil || !bytes.Equal(content, body) {
			t.Errorf("%d bytes came back of %d, %v", len(content), len(body), err)
		}
		want := got{Hash: hash, Size: int64(len(body)), Tag: tag, Path: out}
		want.Metadata.SHA, want.Metadata.DirtyHash = sha, dirty
		if tag == "" && key {
			mac := artifact.NewSigner([]byte(strings.Repeat("k", 32)), "team_f").New(artifact.SchemeV2, artifact.ID(hash), int64(len(body)))
			mac.Write(body)
			want.Tag = artifact.Tag(mac)
		}
		sent, came := put.Metadata.DurationMs, back.Metadata.DurationMs
		if (sent == nil) != (came == nil) || sent != nil && *sent != *came || (duration == "") != (came == nil) {
			t.Errorf("duration %q came back as %v", duration, came)
		}
		if ms, err := strconv.ParseInt(duration, 10, 64); err == nil && came != nil && *came != ms {
			t.Errorf("%d ms came back as %d", ms, *came)
		}
		back.Metadata.DurationMs = nil
		if back != want {
			t.Errorf("%+v\nwant %+v", back, want)
		}
	})
}

// isValid reports whether these values are valid. It checks the duration only if
// it is a number.
func isValid(hash, duration, sha, dirty, tag string) bool {
	if _, err := artifact.ParseID(hash); err != nil {
		return false
	}
	if ms, err := strconv.ParseInt(duration, 10, 64); duration != "" && (err != nil || ms < 0 || ms > 9223372036854) {
		return false
	}
	for header, value := range map[string]string{api.HeaderSHA: sha, api.HeaderDirtyHash: dirty, api.HeaderTag: tag} {
		if value != "" && api.CheckHeader(header, value) != nil {
			return false
		}
	}
	return true
}
