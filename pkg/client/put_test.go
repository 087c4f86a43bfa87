package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/internal/must"
)

func TestPutSendsEverything(t *testing.T) {
	t.Parallel()
	r, c := serve(t, accept, func(o *client.Options) {
		o.API += "/base/path/"
		o.Team = artifact.Team{ID: "team_1", Slug: "a&b"}
	})
	metadata := artifact.Metadata{
		CI: "GITHUB_ACTIONS", Interactive: new(true), SHA: "5ca1ab1e", DirtyHash: "d1", Tag: "dGFn",
		Duration: new(12500 * time.Millisecond),
	}
	stored, err := c.Put(t.Context(), client.Upload{
		ID: "key:100%+?#é", Source: artifact.FromBytes([]byte("bytes")), Metadata: metadata,
	})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(stored.URLs.List(), []string{"https://cache/a"}) {
		t.Errorf("stored %+v", stored)
	}
	want := received{
		Method: "PUT", URI: "/base/path/v8/artifacts/key:100%25%2B%3F%23%C3%A9?slug=a%26b&teamId=team_1",
		Proto: "HTTP/1.1", Body: "bytes", Length: 5, Header: map[string]string{
			"Authorization": "Bearer the-token", "Content-Type": "application/octet-stream",
			"Content-Length": "5", "User-Agent": "test/1", "X-Artifact-Duration": "12500",
			"X-Artifact-Client-Ci": "GITHUB_ACTIONS", "X-Artifact-Client-Interactive": "1",
			"X-Artifact-Tag": "dGFn", "X-Artifact-Sha": "5ca1ab1e", "X-Artifact-Dirty-Hash": "d1",
		},
	}
	if got := r.all(); len(got) != 1 || fmt.Sprint(got[0]) != fmt.Sprint(want) {
		t.Errorf("sent %+v\nwant %+v", got, want)
	}
}

func TestPutLeavesOutWhatIsNotThere(t *testing.T) {
	t.Parallel()
	r, c := serve(t, accept, func(o *client.Options) { o.Token, o.Team = "", artifact.Team{ID: "not-an-id"} })
	if _, err := put(t, c, ""); err != nil {
		t.Fatal(err)
	}
	want := received{Method: "PUT", URI: "/v8/artifacts/abc", Proto: "HTTP/1.1", Header: map[string]string{
		"Content-Type": "application/octet-stream", "Content-Length": "0", "User-Agent": "test/1",
	}}
	if got := r.all(); len(got) != 1 || fmt.Sprint(got[0]) != fmt.Sprint(want) {
		t.Errorf("sent %+v\nwant %+v", got, want)
	}
}

func TestPutRefusesInvalidMetadata(t *testing.T) {
	t.Parallel()
	r, c := serve(t, accept)
	long := strings.Repeat("x", 601)
	for name, metadata := range map[string]artifact.Metadata{
		"ci":         {CI: long[:51]},
		"sha":        {SHA: long[:201]},
		"dirty hash": {DirtyHash: long[:201]},
		"tag":        {Tag: strings.Repeat("A", 604)},
		"base64":     {Tag: "no base64!"},
		"printable":  {CI: "a\nb"},
		"spaces":     {SHA: " a"},
		"duration":   {Duration: new(-time.Second)},
	} {
		_, err := c.Put(t.Context(), client.Upload{ID: "abc", Source: artifact.FromBytes(nil), Metadata: metadata})
		if !errors.Is(err, client.ErrInvalidMetadata) {
			t.Errorf("%s: %v, want ErrInvalidMetadata", name, err)
		}
	}
	if got := r.all(); len(got) != 0 {
		t.Errorf("sent %v", got)
	}
}

func TestPutAnswers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		urls   []string
		want   *client.Error // nil for success; ID, Method and URL are the same in all
	}{
		"202 urls":       {answering(202, "application/json", `{"urls":["a","b"]}`), []string{"a", "b"}, nil},
		"200 null":       {answering(200, "application/json", `{"urls":null}`), nil, nil},
		"201 nothing":    {answering(201, "", ""), nil, nil},
		"204":            {answering(204, "", ""), nil, nil},
		"200 ok":         {answering(200, "application/json", `{"ok":true}`), nil, nil},
		"200 text":       {answering(200, "text/plain", `stored`), nil, nil},
		"200 other urls": {answering(200, "application/json", `{"urls":"a"}`), nil, nil},
		"206":            {answering(206, "", ""), nil, &client.Error{Status: 206, Err: client.ErrNotRemoteCache}},
		"html by type": {answering(200, "Text/HTML; charset=utf-8", `Welcome`), nil,
			&client.Error{Status: 200, By: client.ByPage, Err: client.ErrNotRemoteCache}},
		"xhtml by type": {answering(200, "application/xhtml+xml", `Welcome`), nil,
			&client.Error{Status: 200, By: client.ByPage, Err: client.ErrNotRemoteCache}},
		"html behind a byte order mark": {answering(200, "text/plain", "\ufeff <html><title>Hi</title>"), nil,
			&client.Error{Status: 200, By: client.ByPage, Message: "Hi", Err: client.ErrNotRemoteCache}},
		"html in UTF-16": {answering(200, "application/json", "\xff\xfe<\x00h\x00"), nil,
			&client.Error{Status: 200, By: client.ByPage, Err: client.ErrNotRemoteCache}},
		"compressed html": {answering(200, "", compressed("gzip", "<html>"), "Content-Encoding", "gzip"), nil,
			&client.Error{Status: 200, By: client.ByPage, Err: client.ErrNotRemoteCache}},
		"200 with an error": {answering(200, "application/json", `{"error":{"code":"quota","message":"Full."}}`), nil,
			&client.Error{Status: 200, Code: "quota", Message: "Full.", Err: client.ErrReported}},
		"202 with errors": {answering(202, "application/json", `{"data":null,"errors":[{"message":"Full."}]}`), nil,
			&client.Error{Status: 202, Message: "Full.", Err: client.ErrReported}},
		"201 without success": {answering(201, "application/json", `{"success":false}`), nil,
			&client.Error{Status: 201, Err: client.ErrReported}},
		"200 without an error": {answering(200, "application/json", `{"error":null,"errors":[],"success":true,"urls":["a"]}`), []string{"a"}, nil},
		"202 of a firewall": {answering(202, "", "", "X-Amzn-Waf-Action", "challenge"), nil,
			&client.Error{Status: 202, By: client.ByChallenge, Err: client.ErrNotRemoteCache}},
		"html by body": {answering(200, "", " \n<!doctype html><title>My &amp; Site</title>"), nil,
			&client.Error{Status: 200, By: client.ByPage, Message: "My & Site", Err: client.ErrNotRemoteCache}},
		"nested": {answering(403, "application/json", `{"error":{"code":"remote_caching_disabled","message":"Off."}}`, "X-Vercel-Id", "iad1::x"), nil,
			&client.Error{Status: 403, Code: "remote_caching_disabled", Message: "Off.", RequestID: "iad1::x"}},
		"flat": {answering(402, "application/json", `{"code":"payment","message":"Pay."}`), nil,
			&client.Error{Status: 402, Code: "payment", Message: "Pay."}},
		"fastify": {answering(412, "application/json", `{"statusCode":412,"error":"Precondition Failed","message":"Storage"}`), nil,
			&client.Error{Status: 412, Message: "Storage"}},
		"message": {answering(401, "application/json", `{"message":"Who?"}`), nil, &client.Error{Status: 401, Message: "Who?"}},
		"error":   {answering(400, "application/json", `{"error":"Bad"}`), nil, &client.Error{Status: 400, Message: "Bad"}},
		"page": {answering(413, "text/html", "<html><head><title>413 Request Entity Too Large</title>"), nil,
			&client.Error{Status: 413, By: client.ByPage}},
		"text": {answering(502, "text/plain", "upstream\n  is\x1b[31m gone\x00"), nil,
			&client.Error{Status: 502, Message: "upstream is?[31m gone?"}},
		"long":        {answering(500, "text/plain", strings.Repeat("é", 400)), nil, &client.Error{Status: 500, Message: strings.Repeat("é", 297) + "..."}},
		"endless":     {answering(500, "text/plain", strings.Repeat(" ", 1<<20)), nil, &client.Error{Status: 500}},
		"broken json": {answering(500, "application/json", `{"error":`), nil, &client.Error{Status: 500}},
		"deep json":   {answering(500, "application/json", strings.Repeat("[", 60<<10)), nil, &client.Error{Status: 500, Message: strings.Repeat("[", 297) + "..."}},
		"echo": {answering(401, "text/plain", strings.Repeat("x", 295)+" "+token), nil,
			&client.Error{Status: 401, Message: strings.Repeat("x", 295) + " ***"}},
		"nothing": {answering(410, "", ""), nil, &client.Error{Status: 410}},
		"number":  {answering(429, "application/json", `{"code":17,"message":"Slow"}`), nil, &client.Error{Status: 429, Code: "17", Message: "Slow"}},
		"304":     {answering(304, "", ""), nil, &client.Error{Status: 304, Err: client.ErrRedirect}},
		"301": {answering(301, "", "", "Location", "https://other:8443/x?secret"), nil,
			&client.Error{Status: 301, By: client.BySignIn, Err: client.ErrRedirect}},
		"301 to another cache": {answering(301, "", "", "Location", "https://other:8443/base/v8/artifacts/abc?slug=s"), nil,
			&client.Error{Status: 301, Location: "https://other:8443/base", Err: client.ErrRedirect}},
		"302 to a signed place": {answering(302, "", "", "Location", "https://other/v8/artifacts/abc?X-Amz-Signature=s"), nil,
			&client.Error{Status: 302, By: client.BySignIn, Err: client.ErrRedirect}},
		"302 to another artifact": {answering(302, "", "", "Location", "https://other/v8/artifacts/abcd"), nil,
			&client.Error{Status: 302, By: client.BySignIn, Err: client.ErrRedirect}},
		"302 with the token": {answering(302, "", "", "Location", "https://"+token+"/v8/artifacts/abc"), nil,
			&client.Error{Status: 302, Location: "https://***", Err: client.ErrRedirect}},
		"303":         {answering(303, "", "", "Location", "/x"), nil, &client.Error{Status: 303, By: client.BySignIn, Err: client.ErrRedirect}},
		"307 nowhere": {answering(307, "", ""), nil, &client.Error{Status: 307, Err: client.ErrRedirect}},
		"307 to a file": {answering(307, "", "", "Location", "file:///etc/passwd"), nil,
			&client.Error{Status: 307, Err: client.ErrRedirect}},
		"308 with a password": {answering(308, "", "", "Location", "http://u:p@other/"), nil,
			&client.Error{Status: 308, Err: client.ErrRedirect}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, c := serve(t, test.answer)
			stored, err := put(t, c, "bytes")
			if n := len(r.all()); n != 1 {
				t.Errorf("%d requests, want 1", n)
			}
			if test.want == nil {
				if err != nil || !slices.Equal(stored.URLs.List(), test.urls) {
					t.Errorf("stored %+v, %v; want urls %q", stored, err, test.urls)
				}
				return
			}
			var got *client.Error
			if !errors.As(err, &got) {
				t.Fatalf("error %v, want a *client.Error", err)
			}
			if !errors.Is(err, test.want.Err) && test.want.Err != nil {
				t.Errorf("error %v, want one that wraps %v", err, test.want.Err)
			}
			shown := client.Error{Status: got.Status, Code: got.Code, Message: got.Message, RequestID: got.RequestID, By: got.By, Location: got.Location, Err: test.want.Err}
			if shown != *test.want {
				t.Errorf("error %+v\nwant  %+v", shown, *test.want)
			}
			if got.Err != nil && test.want.Err == nil {
				t.Errorf("reason %v, want the status alone", got.Err)
			}
		})
	}
}

// What changes while it is sent never arrives whole.
func TestPutBreaksOffWhenTheInputChanged(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int{"empty": 0, "small": 10, "large": 3 << 20} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "input")
			must.Do(t, os.WriteFile(path, make([]byte, size), 0o600))
			source, err := artifact.OpenFile(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			defer source.Close()
			must.Do(t, os.WriteFile(path, make([]byte, size), 0o600))
			r, c := serve(t, accept)
			_, err = c.Put(t.Context(), client.Upload{ID: "abc", Source: source})
			if !errors.Is(err, artifact.ErrChanged) {
				t.Errorf("error %v, want ErrChanged", err)
			}
			for _, got := range r.all() {
				if !strings.HasPrefix(got.Body, "incomplete: ") {
					t.Errorf("the server got a whole body of %d bytes", len(got.Body))
				}
			}
		})
	}
}

func TestPutStopsWithItsContext(t *testing.T) {
	t.Parallel()
	stop := errors.New("stopped")
	ctx, cancel := context.WithCancelCause(t.Context())
	api := serveRaw(t, func(conn net.Conn) { cancel(stop); io.Copy(io.Discard, conn) })
	_, err := newClient(t, api).Put(ctx, client.Upload{ID: "abc", Source: artifact.FromBytes(make([]byte, 10<<20))})
	if !errors.Is(err, stop) {
		t.Errorf("error %v, want the context's cause", err)
	}
}

func TestErrorsShowNoSecrets(t *testing.T) {
	t.Parallel()
	api := serveRaw(t, func(net.Conn) {})
	var traced client.Exchange
	c := newClient(t, api, func(o *client.Options) { o.Trace = func(e client.Exchange) { traced = e } })
	_, err := put(t, c, "bytes")
	var failed *client.Error
	if !errors.As(err, &failed) || failed.URL != api+"/v8/artifacts/abc" || strings.Contains(fmt.Sprintf("%+v %+v", failed, traced), token) {
		t.Errorf("error %+v, traced %+v", failed, traced)
	}
	target, _ := url.Parse("https://u:p@h/x?teamId=t&slug=s&X-Amz-Signature=secret#frag")
	if got, want := client.RedactForTest(target), "https://h/x?X-Amz-Signature=***&slug=s&teamId=t"; got != want {
		t.Errorf("redacted %s, want %s", got, want)
	}
}
