package client_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/artifact-cli/artifact/pkg/client"
)

// The types of answers, and the headers that some have.
const (
	plainType = "text/plain"
	pageType  = "text/html"
	xmlType   = "application/xml"
	jsonType  = "application/json"
	coding    = "Content-Encoding"
	demand    = "WWW-Authenticate"
	waf       = "X-Amzn-Waf-Action"
	location  = "Location"
)

// refusal is an answer that makes a call fail.
type refusal struct {
	name   string
	answer http.HandlerFunc
	want   client.Error // without what all calls of a method have in common
}

// refuses is an answer's status, type, body and headers, and the error's other
// fields.
func refuses(name string, status int, media, body string, want client.Error, header ...string) refusal {
	want.Status = status
	return refusal{name, answering(status, media, body, header...), want}
}

// explained are answers of the cache with a code and message.
func explained() []refusal {
	says := func(name, body, code, message string, header ...string) refusal {
		return refuses(name, 403, jsonType, body, client.Error{Code: code, Message: message}, header...)
	}
	const dots, zipped = "...", `{"message":"m"}`
	return []refusal{
		refuses("nested", 403, jsonType, `{"error":{"code":"remote_caching_disabled","message":"Off."}}`,
			client.Error{Code: "remote_caching_disabled", Message: "Off.", RequestID: "iad1::x"}, "X-Vercel-Id", "iad1::x"),
		refuses("flat", 402, jsonType, `{"code":"payment","message":"Pay."}`, client.Error{Code: "payment", Message: "Pay."}),
		refuses("fastify", 412, jsonType, `{"statusCode":412,"error":"Precondition Failed","message":"Storage"}`, client.Error{Message: "Storage"}),
		refuses("message", 401, jsonType, `{"message":"Who?"}`, client.Error{Message: "Who?"}),
		refuses("error", 400, jsonType, `{"error":"Bad"}`, client.Error{Message: "Bad"}),
		refuses("text", 502, plainType, "upstream\n  is\x1b[31m gone\x00", client.Error{Message: "upstream is?[31m gone?"}),
		refuses("long", 500, plainType, strings.Repeat("é", 400), client.Error{Message: strings.Repeat("é", 297) + dots}),
		refuses("endless", 500, plainType, strings.Repeat(" ", 1<<20), client.Error{}),
		refuses("broken JSON", 500, jsonType, `{"error":`, client.Error{}),
		refuses("deep JSON", 500, jsonType, strings.Repeat("[", 60<<10), client.Error{Message: strings.Repeat("[", 297) + dots}),
		refuses("echo", 401, plainType, strings.Repeat("x", 295)+" "+token, client.Error{Message: strings.Repeat("x", 295) + " ***"}),
		refuses("nothing", 410, "", "", client.Error{}),
		refuses("a number", 429, jsonType, `{"code":17,"message":"Slow"}`, client.Error{Code: "17", Message: "Slow"}),
		says("detail", `{"detail":"Not authenticated"}`, "", "Not authenticated"),
		says("details of fields", `{"detail":[{"loc":["path","hash"],"msg":"too long","type":"x"},{"msg":"no hex"}]}`, "", "too long; no hex"),
		says("a problem", `{"type":"about:blank","title":"Forbidden","status":403,"detail":"No quota."}`, "", "No quota."),
		says("a problem by title", `{"type":"about:blank","title":"No quota","status":403}`, "", "No quota"),
		says("a problem with fields", `{"title":"Invalid","errors":{"hash":["no hex","short"],"size":["big"]}}`, "", "hash: no hex; short; size: big"),
		says("a list of errors", `{"errors":[{"code":"E1","message":"first"},{"message":"second"}]}`, "E1", "first; second"),
		says("a list of texts", `{"errors":["first","second"]}`, "", "first; second"),
		says("messages", `{"statusCode":400,"message":["a","b"],"error":"Bad Request"}`, "", "a; b"),
		says("an array", `["a",{"message":"b"}]`, "", "a; b"),
		says("an empty message", `{"message":"","error":"text"}`, "", "text"),
		says("OAuth", `{"error":"invalid_token","error_description":"It has ended."}`, "invalid_token", "It has ended."),
		says("an error as text", `{"error":"text"}`, "", "text"),
		says("errors in errors", `{"error":{"errors":[{"message":"deep"}],"code":403}}`, "403", "deep"),
		says("in upper case", `{"Message":"User is not authorized","Code":"Denied"}`, "Denied", "User is not authorized"),
		says("a fault", `{"fault":{"faultstring":"Invalid key"}}`, "", "Invalid key"),
		says("behind a byte order mark", "\ufeff"+zipped, "", "m"),
		says("too deep", `[[[[[[[["deep"]]]]]]]]`, "", `[[[[[[[["deep"]]]]]]]]`),
		says("another shape", `{"errorMessage": "no <hash> \/", "at": {"line": 1.50}}`, "", `{"at":{"line":1.50},"errorMessage":"no <hash> /"}`),
		says("a code alone", `{"error":{"code":"denied"}}`, "denied", `{"error":{"code":"denied"}}`),
		says("the token in another shape", `{"got":"\u0061 `+token+`"}`, "", `{"got":"a ***"}`),
		says("JSON that says nothing", `{}`, "", ""),
		says("gzip", compressed("gzip", zipped), "", "m", coding, "gzip"),
		says("deflate", compressed("zlib", zipped), "", "m", coding, "deflate"),
		says("deflate without zlib", compressed("flate", "plain"), "", "plain", coding, "Deflate"),
		says("no gzip", zipped, "", "", coding, "gzip"),
		says("an unknown coding", "x", "", "", coding, "br"),
		says("the token in gzip", compressed("gzip", "not "+token), "", "not ***", coding, "gzip"),
		says("a description in a header", "", "invalid_token", "It has ended.",
			demand, `Bearer realm="cache", error="invalid_token", error_description="It has ended."`),
		says("quoted pairs in a header", "", "", `it expects Bearer authentication for "the \"a\" cache"`, demand, `Bearer realm="the \"a\" cache"`),
		says("an error in a header", "", "invalid_token", "invalid_token", demand, `Bearer error=invalid_token`),
		says("a body goes before the header", zipped, "", "m", demand, `Bearer realm="r"`),
		says("the token in a header", "", "", `it expects Bearer authentication for "***"`, demand, `Bearer realm="`+token+`"`),
		refuses("a Bearer realm", 401, "", "", client.Error{Message: `it expects Bearer authentication for "x"`}, demand, `Bearer realm="x"`),
	}
}

// responders are answers that do not come from the cache.
func responders() []refusal {
	of := func(name string, by client.Responder, status int, media, body, code, message string, header ...string) refusal {
		return refuses(name, status, media, body, client.Error{By: by, Code: code, Message: message}, header...)
	}
	stored := func(name, body, code, message string) refusal {
		return of(name, client.ByStorage, 403, xmlType, body, code, message)
	}
	const denied = `<Error><Code>AccessDenied</Code><Message>no</Message></Error>`
	return []refusal{
		of("Cloudflare", client.ByChallenge, 403, "", "", "", "", "Cf-Mitigated", "challenge"),
		of("Cloudflare's page", client.ByChallenge, 503, pageType, "<title>Just a moment...</title>", "", "Just a moment..."),
		of("Vercel's firewall", client.ByChallenge, 403, "", "", "", "", "X-Vercel-Mitigated", "challenge"),
		of("Vercel's page", client.ByChallenge, 429, pageType, "<title>Vercel Security Checkpoint</title>", "", "Vercel Security Checkpoint"),
		of("AWS's firewall", client.ByChallenge, 405, "", "", "", "", waf, "captcha"),
		of("another's XML", client.ByPage, 403, xmlType, `<oops/>`, "", ""),
		of("Basic", client.ByGate, 401, "", "", "", `it expects Basic authentication for "x"`, demand, `Basic realm="x"`),
		of("Basic, with more", client.ByGate, 403, jsonType, "", "", `it expects Basic authentication for "The gate"`, demand, `Basic realm="The gate", charset="UTF-8"`),
		of("Basic, with a page", client.ByGate, 403, pageType, "<html>", "", `it expects Basic authentication for "x"`, demand, `Basic realm="x"`),
		of("a proxy", client.ByProxy, 403, pageType, "<html>", "", "", "X-Squid-Error", "ERR_ACCESS_DENIED 0"),
		of("a page", client.ByPage, 403, pageType, "<html>", "", ""),
		of("a page without a type", client.ByPage, 403, "", "<html>", "", ""),
		of("a page whose title is the status", client.ByPage, 413, pageType, "<html><head><title>413 Request Entity Too Large</title>", "", ""),
		// Object storage begins with "<" as well.
		refuses("S3, without a body", 403, "", "", client.Error{By: client.ByStorage, RequestID: "1"}, "X-Amz-Request-Id", "1"),
		of("Azure", client.ByStorage, 403, xmlType, "\ufeff"+denied, "AccessDenied", "no", "X-Ms-Error-Code", "AuthenticationFailed"),
		stored("S3", denied, "AccessDenied", "no"),
		stored("S3, expired", `<?xml version="1.0" encoding="UTF-8"?>`+"\n"+`<Error><Code>AccessDenied</Code>`+
			`<Message>Request has expired</Message><Expires>2026-01-02T03:04:05Z</Expires></Error>`, "AccessDenied", "Request has expired"),
		stored("with a namespace", `<Error xmlns="http://s3.example/doc/"><Code>NoSuchKey</Code><Message>none</Message></Error>`, "NoSuchKey", "none"),
		stored("XML without a message", `<Error><Code>SlowDown</Code></Error>`, "SlowDown", ""),
		stored("entities and lines", "<Error><Code>A</Code><Message>a &lt;b&gt;\n\x7fc</Message></Error>", "A", "a <b> ?c"),
		stored("the token in XML", `<Error><Code>A</Code><Message>not `+token+`</Message></Error>`, "A", "not ***"),
		stored("a long message in XML", `<Error><Code>A</Code><Message>`+strings.Repeat("m", 1000)+`</Message></Error>`,
			"A", strings.Repeat("m", 297)+"..."),
		of("XML without a code", client.ByPage, 403, xmlType, `<Error><Message>m</Message></Error>`, "", ""),
		of("XML that is cut off", client.ByPage, 403, xmlType, `<Error><Code>A</Code><Message>m`, "", ""),
		of("another document", client.ByPage, 403, xmlType, `<Oops><Code>A</Code><Message>m</Message></Oops>`, "", ""),
		of("a page with a code", client.ByPage, 403, pageType, `<html><title>Gate</title><Code>A</Code></html>`, "", "Gate"),
	}
}

// noSuccesses are failures with a successful status, and redirects that are not
// followed.
func noSuccesses() []refusal {
	page := client.Error{By: client.ByPage, Err: client.ErrNotRemoteCache}
	titled := func(title string) client.Error { titled := page; titled.Message = title; return titled }
	reported := func(code, message string) client.Error {
		return client.Error{Code: code, Message: message, Err: client.ErrReported}
	}
	leads := func(name string, status int, by client.Responder, place string, header ...string) refusal {
		return refuses(name, status, "", "", client.Error{By: by, Location: place, Err: client.ErrRedirect}, header...)
	}
	return []refusal{
		refuses("a part", 206, "", "", client.Error{Err: client.ErrNotRemoteCache}),
		refuses("HTML by type", 200, "Text/HTML; charset=utf-8", "Welcome", page),
		refuses("XHTML by type", 200, "application/xhtml+xml", "Welcome", page),
		refuses("HTML behind a byte order mark", 200, plainType, "\ufeff <html><title>Hi</title>", titled("Hi")),
		refuses("HTML in UTF-16", 200, jsonType, "\xff\xfe<\x00h\x00", page),
		refuses("HTML in gzip", 200, "", compressed("gzip", "<html>"), page, coding, "gzip"),
		refuses("HTML by body", 200, "", " \n<!doctype html><title>My &amp; Site</title>", titled("My & Site")),
		refuses("200 with an error", 200, jsonType, `{"error":{"code":"quota","message":"Full."}}`, reported("quota", "Full.")),
		refuses("202 with errors", 202, jsonType, `{"data":null,"errors":[{"message":"Full."}]}`, reported("", "Full.")),
		refuses("201 without success", 201, jsonType, `{"success":false}`, reported("", `{"success":false}`)),
		refuses("200 with a status of failure", 200, jsonType, `{"statusCode":500,"error":"","message":"No disk."}`, reported("", "No disk.")),
		refuses("200 with a problem", 200, "application/problem+json", `{"title":"No disk","status":507}`, reported("", "No disk")),
		refuses("200 with a word of failure", 200, "", `{"status":"Error","reason":"No disk."}`, reported("", "No disk.")),
		refuses("202 of a firewall", 202, "", "", client.Error{By: client.ByChallenge, Err: client.ErrNotRemoteCache}, waf, "challenge"),
		leads("304", 304, client.ByCache, ""),
		leads("301", 301, client.BySignIn, "", location, "https://other:8443/x?secret"),
		leads("301 to another cache", 301, client.ByCache, "https://other:8443/base", location, "https://other:8443/base/v8/artifacts/abc?slug=s"),
		leads("302 to a path with escapes", 302, client.ByCache, "https://other/a%20b%3F", location, "https://other/a%20b%3F/v8/artifacts/abc"),
		leads("302 to a signed place", 302, client.BySignIn, "", location, "https://other/v8/artifacts/abc?X-Amz-Signature=s"),
		leads("302 to another artifact", 302, client.BySignIn, "", location, "https://other/v8/artifacts/abcd"),
		leads("302 with the token", 302, client.ByCache, "https://***", location, "https://"+token+"/v8/artifacts/abc"),
		leads("303", 303, client.BySignIn, "", location, "/x"),
		leads("307 nowhere", 307, client.ByCache, ""),
		leads("307 to a file", 307, client.ByCache, "", location, "file:///etc/passwd"),
		leads("308 with a password", 308, client.ByCache, "", location, "http://u:p@other/"),
	}
}

// refusedDownloads are answers to GET.
func refusedDownloads() []refusal {
	none, redirect := client.Error{Err: client.ErrNotRemoteCache}, client.Error{Err: client.ErrRedirect}
	return []refusal{
		refuses("missing", 404, jsonType, `{"message":"Artifact not found"}`, client.Error{Message: "Artifact not found"}),
		refuses("a sign-in page", 200, "text/html; charset=utf-8", "<html>", client.Error{By: client.ByPage, Err: client.ErrNotRemoteCache}),
		refuses("a part", 206, "", "byt", none),
		refuses("nothing", 204, "", "", none),
		refuses("gzip", 200, "", "\x1f\x8b", client.Error{Err: client.ErrEncoded}, coding, "gzip"),
		refuses("not modified", 304, "", "", redirect),
		refuses("to a file", 302, "", "", redirect, location, "file:///etc/passwd"),
		refuses("to no host", 302, "", "", redirect, location, "http://a%EF%BC%8Fb/"),
		refuses("to no port", 302, "", "", redirect, location, "http://localhost:65536/"),
		refuses("with a password", 307, "", "", redirect, location, "http://u:p@localhost/"),
	}
}

// refusedPreflights are answers to the OPTIONS before an upload.
func refusedPreflights() []refusal {
	return []refusal{
		refuses("no such route", 404, "", "", client.Error{Err: client.ErrNoPreflight}),
		refuses("no such method", 405, "", "", client.Error{Err: client.ErrNoPreflight}),
		refuses("a fault", 500, "", "", client.Error{Attempts: 3}),
		refuses("a wrong token", 401, "", "", client.Error{}),
		refuses("a page", 200, pageType, "<html>", client.Error{By: client.ByPage, Err: client.ErrNotRemoteCache}),
		refuses("a user name", 200, "", "", client.Error{Err: client.ErrRedirect}, location, "http://u:p@127.0.0.1/"),
		refuses("no http", 200, "", "", client.Error{Err: client.ErrRedirect}, location, "file:///etc/passwd"),
		refuses("a place that 302", 302, "", "", client.Error{By: client.BySignIn, Err: client.ErrRedirect}, location, "/x"),
	}
}

// TestRefusals compares the error for each answer. The client sends nothing after
// it, and takes no byte of it for an artifact.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for method, rows := range map[string][]refusal{
		http.MethodPut:     slices.Concat(explained(), responders(), noSuccesses()),
		http.MethodGet:     refusedDownloads(),
		http.MethodOptions: refusedPreflights(),
	} {
		for _, row := range rows {
			t.Run(method+" "+row.name, func(t *testing.T) {
				t.Parallel()
				r, c := serve(t, row.answer, func(o *client.Options) {
					if method == http.MethodOptions {
						o.Preflight, o.Retries = true, 2
					}
				})
				want := row.want
				want.Method = method
				var seen got
				var err error
				if method == http.MethodGet {
					seen, err = get(t, c)
					want.Doing = "downloading"
				} else {
					_, err = put(t, c, "bytes")
				}
				checkError(t, err, want)
				if missing := method == http.MethodGet && want.Status == http.StatusNotFound; errors.Is(err, client.ErrNotFound) != missing {
					t.Errorf("%v is ErrNotFound: %v", err, !missing)
				}
				if asked := strings.Fields(methods(r.all())); !slices.Equal(asked, slices.Repeat([]string{method}, max(1, want.Attempts))) || len(seen.tries) > 0 {
					t.Errorf("sent %q, and %q came", asked, seen.tries)
				}
			})
		}
	}
}

// TestPutSucceeds uploads with every successful answer, and compares the URLs.
func TestPutSucceeds(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		urls   []string
	}{
		"202 urls":             {answering(202, jsonType, `{"urls":["a","b"]}`), []string{"a", "b"}},
		"200 null":             {answering(200, jsonType, `{"urls":null}`), nil},
		"201 nothing":          {answering(201, "", ""), nil},
		"204":                  {answering(204, "", ""), nil},
		"200 ok":               {answering(200, jsonType, `{"ok":true}`), nil},
		"200 text":             {answering(200, plainType, `stored`), nil},
		"200 other urls":       {answering(200, jsonType, `{"urls":"a"}`), nil},
		"200 without an error": {answering(200, jsonType, `{"error":null,"errors":[],"success":true,"urls":["a"]}`), []string{"a"}},
	} {
		r, c := serve(t, test.answer)
		if stored, err := put(t, c, "bytes"); err != nil || !slices.Equal(stored.URLs.List(), test.urls) || len(r.all()) != 1 {
			t.Errorf("%s: stored %+v, %v after %d requests; want urls %q", name, stored, err, len(r.all()), test.urls)
		}
	}
}

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
