package client_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/artifact-cli/artifact/pkg/client"
)

// TestStorageExplains reads what object storage says of a refusal. It must not
// be taken for a website's page, since both begin with "<".
func TestStorageExplains(t *testing.T) {
	t.Parallel()
	const xml = "application/xml"
	for name, test := range map[string]struct{ media, text, code, message string }{
		"S3's": {xml, `<?xml version="1.0" encoding="UTF-8"?>` + "\n" +
			`<Error><Code>AccessDenied</Code><Message>Request has expired</Message><Expires>2026-01-02T03:04:05Z</Expires></Error>`,
			"AccessDenied", "Request has expired"},
		"with a namespace": {xml, `<Error xmlns="http://s3.example/doc/"><Code>NoSuchKey</Code><Message>none</Message></Error>`, "NoSuchKey", "none"},
		"no message":       {xml, `<Error><Code>SlowDown</Code></Error>`, "SlowDown", ""},
		"entities, lines":  {xml, "<Error><Code>A</Code><Message>a &lt;b&gt;\n\x7fc</Message></Error>", "A", "a <b> ?c"},
		"the token":        {xml, `<Error><Code>A</Code><Message>not ` + token + `</Message></Error>`, "A", "not ***"},
		"a long one":       {xml, `<Error><Code>A</Code><Message>` + strings.Repeat("m", 1000) + `</Message></Error>`, "A", strings.Repeat("m", 297) + "..."},
		"no code":          {xml, `<Error><Message>m</Message></Error>`, "", ""},
		"cut off":          {xml, `<Error><Code>A</Code><Message>m`, "", ""},
		"another document": {xml, `<Oops><Code>A</Code><Message>m</Message></Oops>`, "", ""},
		"a page":           {"text/html", `<html><title>Gate</title><Code>A</Code></html>`, "", "Gate"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, c := serve(t, answering(403, test.media, test.text))
			_, err := put(t, c, "bytes")
			var failed *client.Error
			if !errors.As(err, &failed) {
				t.Fatal(err)
			}
			want := client.Error{
				Doing: "uploading", ID: "abc", Method: http.MethodPut, URL: failed.URL, Attempts: 1,
				Status: http.StatusForbidden, Code: test.code, Message: test.message,
			}
			got := client.Error{
				Doing: failed.Doing, ID: failed.ID, Method: failed.Method, URL: failed.URL, Attempts: failed.Attempts,
				Status: failed.Status, Code: failed.Code, Message: failed.Message, Err: failed.Err,
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%+v\nwant %+v", got, want)
			}
		})
	}
}

// TestCheckTokenWherePreflightLeads tells nothing of the token where not the API
// refused, or where it never saw the token.
func TestCheckTokenWherePreflightLeads(t *testing.T) {
	t.Parallel()
	storage := httptest.NewServer(answering(403, "application/xml", `<Error><Code>AccessDenied</Code><Message>no</Message></Error>`))
	t.Cleanup(storage.Close)
	const allow = "Access-Control-Allow-Headers"
	leading := answering(200, "", "", "Location", storage.URL)
	for name, test := range map[string]struct {
		options, head http.HandlerFunc
		verdict       client.Verdict
		err           error // that the error must be
		code          string
	}{
		"the storage refuses":  {options: leading, verdict: client.Unclear, code: "AccessDenied"},
		"no preflight":         {options: answering(405, "", ""), verdict: client.Unclear, err: client.ErrNoPreflight},
		"the token stays back": {options: answering(200, "", ""), head: answering(401, "", ""), verdict: client.Unclear, err: client.ErrTokenWithheld},
		"a fault":              {options: answering(500, "", ""), verdict: client.Unclear},
		"it has anything": {
			options: answering(200, "", "", allow, "Authorization"), head: answering(200, "", ""),
			verdict: client.Unclear, err: client.ErrNotRemoteCache,
		},
		"the preflight refuses": {options: answering(401, "", ""), verdict: client.Refused},
		"the API refuses":       {options: answering(200, "", "", allow, "Authorization"), head: answering(403, "", ""), verdict: client.Refused},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, c := serve(t, byMethod(map[string]http.HandlerFunc{"OPTIONS": test.options, "HEAD": test.head, "GET": test.head}), preflighted)
			verdict, err := c.CheckToken(t.Context())
			var failed *client.Error
			if verdict != test.verdict || !errors.As(err, &failed) || !errors.Is(failed.Err, test.err) || failed.Code != test.code {
				t.Errorf("verdict %d, %+v; want %d, %v and code %q", verdict, failed, test.verdict, test.err, test.code)
			}
		})
	}
}

// TestStatWherePreflightLeads asks anew before the GET that stands in for a
// HEAD: each place is good for one request. Later artifacts are got at once.
func TestStatWherePreflightLeads(t *testing.T) {
	t.Parallel()
	storage := &recorder{answer: byMethod(map[string]http.HandlerFunc{
		"HEAD": answering(403, "application/xml", ""), "GET": answering(200, "", "bytes"),
	})}
	elsewhere := httptest.NewServer(storage)
	t.Cleanup(elsewhere.Close)
	r, c := serve(t, answering(200, "", "", "Location", elsewhere.URL+"/signed"), preflighted)
	for range 2 {
		if found, err := c.Stat(t.Context(), "abc"); err != nil || found != (client.Found{ID: "abc", Size: 5}) {
			t.Errorf("%+v, %v", found, err)
		}
	}
	asked := step{"OPTIONS", "/v8/artifacts/abc?slug=s", "Bearer " + token, "GET"}
	if got, want := steps(r.all()...), []step{asked, asked, asked}; !reflect.DeepEqual(got, want) {
		t.Errorf("the API got %+v\nwant %+v", got, want)
	}
	want := []step{{"HEAD", "/signed", "", ""}, {"GET", "/signed", "", ""}, {"GET", "/signed", "", ""}}
	if got := steps(storage.all()...); !reflect.DeepEqual(got, want) {
		t.Errorf("the storage got %+v\nwant %+v", got, want)
	}
}
