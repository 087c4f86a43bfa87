package client_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/artifact-cli/artifact/pkg/client"
)

func compressed(coding, text string) string {
	var packed bytes.Buffer
	var writer io.WriteCloser = gzip.NewWriter(&packed)
	switch coding {
	case "zlib":
		writer = zlib.NewWriter(&packed)
	case "flate":
		writer, _ = flate.NewWriter(&packed, 9)
	}
	io.WriteString(writer, text)
	writer.Close()
	return packed.String()
}

// TestExplanations reads a server's reason in every shape that was met.
func TestExplanations(t *testing.T) {
	t.Parallel()
	const encoding, demand = "Content-Encoding", "WWW-Authenticate"
	for name, test := range map[string]struct {
		body, code, message string
		header              []string
	}{
		"detail":                   {body: `{"detail":"Not authenticated"}`, message: "Not authenticated"},
		"details of fields":        {body: `{"detail":[{"loc":["path","hash"],"msg":"too long","type":"x"},{"msg":"no hex"}]}`, message: "too long; no hex"},
		"a problem":                {body: `{"type":"about:blank","title":"Forbidden","status":403,"detail":"No quota."}`, message: "No quota."},
		"a problem by title":       {body: `{"type":"about:blank","title":"No quota","status":403}`, message: "No quota"},
		"a problem with fields":    {body: `{"title":"Invalid","errors":{"hash":["no hex","short"],"size":["big"]}}`, message: "hash: no hex; short; size: big"},
		"a list of errors":         {body: `{"errors":[{"code":"E1","message":"first"},{"message":"second"}]}`, code: "E1", message: "first; second"},
		"a list of texts":          {body: `{"errors":["first","second"]}`, message: "first; second"},
		"messages":                 {body: `{"statusCode":400,"message":["a","b"],"error":"Bad Request"}`, message: "a; b"},
		"an array":                 {body: `["a",{"message":"b"}]`, message: "a; b"},
		"an empty message":         {body: `{"message":"","error":"text"}`, message: "text"},
		"OAuth":                    {body: `{"error":"invalid_token","error_description":"It has ended."}`, code: "invalid_token", message: "It has ended."},
		"an error as text":         {body: `{"error":"text"}`, message: "text"},
		"errors in errors":         {body: `{"error":{"errors":[{"message":"deep"}],"code":403}}`, code: "403", message: "deep"},
		"in upper case":            {body: `{"Message":"User is not authorized","Code":"Denied"}`, code: "Denied", message: "User is not authorized"},
		"a fault":                  {body: `{"fault":{"faultstring":"Invalid key"}}`, message: "Invalid key"},
		"behind a byte order mark": {body: "\ufeff" + `{"message":"m"}`, message: "m"},
		"too deep":                 {body: `[[[[[[[["deep"]]]]]]]]`},
		"no message":               {body: `{"urls":[]}`},
		"gzip":                     {body: compressed("gzip", `{"message":"m"}`), message: "m", header: []string{encoding, "gzip"}},
		"deflate":                  {body: compressed("zlib", `{"message":"m"}`), message: "m", header: []string{encoding, "deflate"}},
		"deflate without zlib":     {body: compressed("flate", "plain"), message: "plain", header: []string{encoding, "Deflate"}},
		"no gzip":                  {body: `{"message":"m"}`, header: []string{encoding, "gzip"}},
		"an unknown coding":        {body: `x`, header: []string{encoding, "br"}},
		"the token in gzip":        {body: compressed("gzip", "not "+token), message: "not ***", header: []string{encoding, "gzip"}},
		"a description in a header": {code: "invalid_token", message: "It has ended.",
			header: []string{demand, `Bearer realm="cache", error="invalid_token", error_description="It has ended."`}},
		"an error in a header":          {code: "invalid_token", message: "invalid_token", header: []string{demand, `Bearer error=invalid_token`}},
		"a realm":                       {message: `Basic for "The gate"`, header: []string{demand, `Basic realm="The gate", charset="UTF-8"`}},
		"a body goes before the header": {body: `{"message":"m"}`, message: "m", header: []string{demand, `Bearer realm="r"`}},
		"the token in a header":         {message: `Bearer for "***"`, header: []string{demand, `Bearer realm="` + token + `"`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, c := serve(t, answering(http.StatusForbidden, "application/json", test.body, test.header...))
			_, err := put(t, c, "bytes")
			var failed *client.Error
			if !errors.As(err, &failed) || failed.Code != test.code || failed.Message != test.message {
				t.Errorf("%v: code %q, message %q; want %q, %q", err, failed.Code, failed.Message, test.code, test.message)
			}
		})
	}
}

// TestResponders tells the cache from those who answer in its place.
func TestResponders(t *testing.T) {
	t.Parallel()
	const xml, html, denied = "application/xml", "text/html", `<Error><Code>AccessDenied</Code><Message>no</Message></Error>`
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		want   client.Responder
	}{
		"the cache":             {answering(403, "application/json", `{"message":"m"}`), client.ByCache},
		"nothing":               {answering(500, "", ""), client.ByCache},
		"Cloudflare":            {answering(403, "", "", "Cf-Mitigated", "challenge"), client.ByChallenge},
		"Cloudflare's page":     {answering(503, html, "<title>Just a moment...</title>"), client.ByChallenge},
		"Vercel's firewall":     {answering(403, "", "", "X-Vercel-Mitigated", "challenge"), client.ByChallenge},
		"Vercel's page":         {answering(429, html, "<title>Vercel Security Checkpoint</title>"), client.ByChallenge},
		"AWS's firewall":        {answering(405, "", "", "X-Amzn-Waf-Action", "captcha"), client.ByChallenge},
		"S3":                    {answering(403, xml, denied), client.ByStorage},
		"S3, without a body":    {answering(403, "", "", "X-Amz-Request-Id", "1"), client.ByStorage},
		"Azure":                 {answering(403, xml, "\ufeff"+denied, "X-Ms-Error-Code", "AuthenticationFailed"), client.ByStorage},
		"another's XML":         {answering(403, xml, `<oops/>`), client.ByPage},
		"Basic":                 {answering(401, "", "", "WWW-Authenticate", `Basic realm="x"`), client.ByGate},
		"Basic, with 403":       {answering(403, html, "<html>", "WWW-Authenticate", `Basic realm="x"`), client.ByGate},
		"Bearer":                {answering(401, "", "", "WWW-Authenticate", `Bearer realm="x"`), client.ByCache},
		"a proxy":               {answering(403, html, "<html>", "X-Squid-Error", "ERR_ACCESS_DENIED 0"), client.ByProxy},
		"a page":                {answering(403, html, "<html>"), client.ByPage},
		"a page without a type": {answering(403, "", "<html>"), client.ByPage},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, c := serve(t, test.answer)
			_, err := put(t, c, "bytes")
			var failed *client.Error
			if !errors.As(err, &failed) || failed.By != test.want {
				t.Errorf("%v: by %d, want %d", err, failed.By, test.want)
			}
		})
	}
}

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
