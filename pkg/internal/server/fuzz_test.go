package server_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/api"
	"github.com/artifact-cli/artifact/pkg/internal/server"
	"github.com/artifact-cli/artifact/pkg/internal/store"
)

// inMemory returns a server without a network or a disk. It reports invalid keys.
func inMemory(t *testing.T) (*server.Server, map[store.Key]store.Entry) {
	t.Helper()
	entries, bodies := make(map[store.Key]store.Entry), make(map[store.Key][]byte)
	stat := func(key store.Key) (store.Entry, error) {
		if err := key.Check(); err != nil {
			t.Errorf("the store was asked for %q: %v", key, err)
		}
		if entry, ok := entries[key]; ok {
			return entry, nil
		}
		return store.Entry{}, store.ErrNotFound
	}
	web, err := server.New(fake{
		put: func(key store.Key, size int64, metadata artifact.Metadata, body io.Reader) error {
			_, _ = stat(key)
			text, err := io.ReadAll(body)
			if err != nil || size != store.UnknownSize && int64(len(text)) != size {
				return fmt.Errorf("%w: %w", store.ErrSize, err)
			}
			entries[key], bodies[key] = store.Entry{Size: int64(len(text)), Metadata: metadata}, text
			return nil
		},
		get: func(key store.Key) (*store.Blob, error) {
			entry, err := stat(key)
			return &store.Blob{Entry: entry, Body: io.NopCloser(bytes.NewReader(bodies[key]))}, err
		},
		stat: stat,
	}, server.Options{Tokens: tokens(t), Addr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80}})
	if err != nil {
		t.Fatal(err)
	}
	return web, entries
}

func serve(web *server.Server, method string, target *url.URL, header http.Header, body string) *httptest.ResponseRecorder {
	header = header.Clone()
	header.Set("Authorization", "Bearer "+token)
	header.Set("Content-Type", api.ContentType)
	header.Set("Content-Length", fmt.Sprint(len(body)))
	recorder := httptest.NewRecorder()
	web.ServeHTTP(recorder, (&http.Request{
		Method: method, URL: target, Host: "127.0.0.1", Header: header, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}).WithContext(context.Background()))
	return recorder
}

// FuzzTarget checks that only valid keys reach the store, and that an upload is
// found under its URL.
func FuzzTarget(f *testing.F) {
	for _, target := range []string{
		"/v8/artifacts/a", "//v8/artifacts/a?slug=s&teamId=team_x", "/v8/artifacts/%2e%2e", "/v8/artifacts/..%2f..%2fetc", "/v8/artifacts/a%2525",
		"/v8/artifacts/%ff", "/v8/artifacts/a%00", "/v8/artifacts/status", "/v8/artifacts/a;b?slug=..%2f..", "/v8/artifacts/a?slug=%00", "/v8/artifacts/?", "*",
		"/v8/artifacts/%C3%A4+%20", "/v8/artifacts/a?slug=a&slug=b", "/v8/artifacts/a?%", "http://other/v8/artifacts/a", "/v8/artifacts/x%2Fy\"",
	} {
		f.Add(target)
	}
	f.Fuzz(func(t *testing.T, target string) {
		parsed, err := url.ParseRequestURI(target)
		if err != nil {
			return // net/http answers this with 400
		}
		web, entries := inMemory(t)
		got := serve(web, http.MethodPut, parsed, http.Header{}, "body")
		if got.Code/100 == 5 || got.Code/100 == 3 {
			t.Errorf("PUT %q: %d", target, got.Code)
		}
		if stored := got.Code == http.StatusAccepted; stored != (len(entries) == 1) {
			t.Errorf("PUT %q: %d, and %d artifacts are stored", target, got.Code, len(entries))
		}
		if got.Code != http.StatusAccepted {
			return
		}
		location := strings.TrimSuffix(strings.TrimPrefix(got.Body.String(), `{"urls":["http://127.0.0.1`), `"]}`)
		again, err := url.ParseRequestURI(strings.ReplaceAll(location, `\u0026`, "&"))
		if err != nil {
			t.Fatalf("PUT %q: %s", target, got.Body)
		}
		for _, u := range []*url.URL{parsed, again} {
			if got := serve(web, http.MethodGet, u, http.Header{}, ""); got.Code != 200 || got.Body.String() != "body" {
				t.Errorf("GET %q after PUT %q: %d", u, target, got.Code)
			}
		}
	})
}

// FuzzMetadata checks that accepted metadata comes back unchanged, the duration in
// whole milliseconds, and is within the API's limits.
func FuzzMetadata(f *testing.F) {
	f.Add("263", "GITHUB_ACTIONS", "1", "dGFn", "sha", "dirty")
	f.Add("-1", "\n", "2", "%", "\x00", "ä")
	f.Add("9223372036855", "", "", "", "", " ")
	f.Add("007.50", "", "", "", "", "")
	f.Add("7", strings.Repeat("x", 51), "0", strings.Repeat("QUJD", 151), strings.Repeat("x", 201), strings.Repeat("x", 201))
	f.Fuzz(func(t *testing.T, duration, ci, interactive, tag, sha, dirty string) {
		header := make(http.Header)
		sent := duration
		if whole, fraction, _ := strings.Cut(duration, "."); whole != "" && strings.Trim(whole+fraction, "0123456789") == "" {
			duration = cmp.Or(strings.TrimLeft(whole, "0"), "0")
		}
		given := map[string]string{
			api.HeaderDuration: duration, api.HeaderCI: ci, api.HeaderInteractive: interactive, api.HeaderTag: tag, api.HeaderSHA: sha, api.HeaderDirtyHash: dirty,
		}
		valid := true
		for name, value := range given {
			if value != "" {
				header.Set(name, value)
				valid = valid && api.CheckHeader(name, value) == nil
			}
		}
		if sent != "" {
			header.Set(api.HeaderDuration, sent)
		}
		web, _ := inMemory(t)
		target := &url.URL{Path: "/v8/artifacts/a"}
		switch got := serve(web, http.MethodPut, target, header, "body"); {
		case got.Code == http.StatusAccepted && valid:
		case got.Code == http.StatusBadRequest && strings.Contains(got.Body.String(), "x-artifact-"):
			return
		default:
			t.Fatalf("PUT with %q: %d %s", given, got.Code, got.Body)
		}
		got := serve(web, http.MethodGet, target, http.Header{}, "")
		for _, name := range []string{api.HeaderDuration, api.HeaderTag, api.HeaderSHA, api.HeaderDirtyHash} {
			if got.Header().Get(name) != given[name] {
				t.Errorf("%s came back as %q, and was %q", name, got.Header().Get(name), given[name])
			}
		}
	})
}

// FuzzDocuments checks that no document makes the server fail.
func FuzzDocuments(f *testing.F) {
	for _, document := range []string{
		`{"hashes":["a","..","\ud800"]}`, `[{"sessionId":"3285b661-cea0-4f4c-8d66-563e369a1d77","source":"LOCAL","event":"HIT","hash":"a","duration":1e400}]`,
		`{"hashes":`, "null", `{"hashes":[null]}`, "[[[[", "\xff",
	} {
		f.Add(document)
	}
	f.Fuzz(func(t *testing.T, document string) {
		web, _ := inMemory(t)
		for _, path := range []string{api.ArtifactsPath, api.EventsPath} {
			if got := serve(web, http.MethodPost, &url.URL{Path: path}, http.Header{}, document); got.Code != 200 && got.Code != 400 {
				t.Errorf("POST %s of %q: %d", path, document, got.Code)
			}
		}
	})
}
