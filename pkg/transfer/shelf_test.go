package transfer_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
)

// shelf is a cache with given artifacts.
type shelf struct {
	bodies, tags map[string]string
	// chunked servers send no length.
	chunked bool
	// change makes each answer different.
	change func(n int32, body string) string
	gets   atomic.Int32
}

func (s *shelf) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := strings.TrimPrefix(r.URL.Path, "/v8/artifacts/")
	body, ok := s.bodies[id]
	if !ok || r.Method == http.MethodPost {
		w.WriteHeader(404)
		return
	}
	if r.Method == http.MethodGet && s.change != nil {
		body = s.change(s.gets.Add(1), body)
	}
	if tag := s.tags[id]; tag != "" {
		w.Header().Set("X-Artifact-Tag", tag)
	}
	if s.chunked {
		w.WriteHeader(200)
		w.(http.Flusher).Flush()
	} else {
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
	}
	_, _ = io.WriteString(w, body)
}

func (s *shelf) client(t *testing.T) *client.Client {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	c, err := client.New(client.Options{API: server.URL, Token: "t"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var signer = artifact.NewSigner([]byte("0123456789abcdef0123456789abcdef"), "team_abc")

func sign(scheme artifact.Scheme, id, body, signed string) string {
	mac := signer.New(scheme, artifact.ID(id), int64(len(body)))
	mac.Write([]byte(signed))
	return artifact.Tag(mac)
}

func sum(text string) string {
	digest := sha256.Sum256([]byte(text))
	return hex.EncodeToString(digest[:])
}

// A body of several pieces.
var body = strings.Repeat("0123456789abcdef", 64<<10)

// filed returns a shelf with all kinds of artifacts.
func filed(chunked bool) *shelf {
	s := &shelf{bodies: map[string]string{}, tags: map[string]string{}, chunked: chunked}
	add := func(id, content, tag string) { s.bodies[id], s.tags[id] = content, tag }
	add("plain", body, "")
	add("v2", body, sign(artifact.SchemeV2, "v2", body, body))
	add("v1", body, sign(artifact.SchemeV1, "v1", body, body))
	add("hollow", body, sign(artifact.SchemeV2, "hollow", body, ""))
	add("forged", body, sign(artifact.SchemeV2, "another", body, body))
	add("no base64", body, "!")
	add("short", body[1:], sign(artifact.SchemeV2, "short", body[1:], body[1:]))
	add("long", body+"x", "")
	add("flipped", body[:700_000]+"X"+body[700_001:], "")
	add("empty", "", sign(artifact.SchemeV2, "empty", "", ""))
	add(sum(body), body, "")
	add(strings.ToUpper(sum(body)), body, "")
	add(sum("other"), body, "")
	return s
}
