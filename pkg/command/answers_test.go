package command

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/artifact-cli/artifact/pkg/internal/must"
)

// TestAnswers compares the message, hint and exit code of commands for answers of
// caches, and of proxies, gates and others.
func TestAnswers(t *testing.T) {
	t.Parallel()
	const (
		put      = "artifact: uploading FILE: the server answered "
		checking = "artifact: checking the token: the server answered "
		unclear  = "artifact: warning: could not check whether the token is valid: checking the token: the server answered "
		stat     = "artifact: looking up k: the server answered "
		hint     = "artifact: hint: "

		html  = "\nContent-Type: text/html\n\n"
		json  = "\nContent-Type: application/json\n\n"
		xml   = "\nContent-Type: application/xml\n\n"
		page  = "<html><head><title>502 Bad Gateway</title></head></html>"
		enemy = "<html><head><title>Just a moment...</title></head></html>"

		notHere   = hint + "Check the base URL (--api, ARTIFACT_API): this was sent to API\n"
		value     = hint + "The server refused a value in the request, or the artifact's size.\n"
		notHex    = hint + "Some servers accept only hexadecimal ids: leave --hash out, or give a digest of the key.\n"
		wrong     = hint + "The token is not valid here. Check that it belongs to this --api.\n" + hint + "Run artifact status to see where it comes from, or artifact login to replace a stored one.\n"
		mayNot    = hint + "The token may not do this: check --team, or ask the cache's operator for access.\n"
		spend     = hint + "The token may not do this: check --team.\n" + hint + "Or Remote Caching is disabled, over its limit or paused: ask an owner to check the billing settings.\n"
		noCache   = hint + "There is no Remote Cache under this base URL: check --api, with its path if it has one.\n"
		fault     = hint + "The server failed: try again later.\n"
		challenge = hint + "Bot protection in front of the cache expects a browser. Ask its operator to exempt /v8/artifacts,\n" + hint + "or to name a header that passes: --header-file FILE\n"
		signIn    = hint + "The cache is behind a sign-in page: send the headers it expects from programs with --header-file FILE.\n"
		gate      = hint + "A gate in front of the cache expects its own password in place of the token.\n" + hint + "Ask its operator to exempt /v8/artifacts, or to name another header: --header-file FILE\n"
		storage   = hint + "The object storage behind the cache refused this, not the cache itself.\n" + hint + "Ask the cache's operator to check the storage's credentials and permissions.\n"
		expired   = hint + "The artifact's URL from the cache has expired: run this again.\n" + hint + "If that does not help, check the clocks of this machine and of the cache.\n"
		firewall  = hint + "A web page answered, not the cache: the cache is behind a gate or a firewall.\n" + hint + "Ask its operator, or send the headers it expects from programs with --header-file FILE.\n"
	)
	for _, test := range []struct {
		args   string // "" for "put FILE"
		answer string
		code   int
		stderr string
	}{
		// The reference's, in each shape.
		{"", "400 x" + json + `{"error":{"code":"bad_request","message":"Invalid hash."}}`, 8, put + "400 Bad Request: Invalid hash.\n" + value},
		{"", "400 x" + json + `{"code":"bad_request","message":"flat"}`, 8, put + "400 Bad Request: flat\n" + value},
		{"", "400 x\n\nplain\n\ttext\x1b[2J", 8, put + "400 Bad Request: plain text?[2J\n" + value},
		{"", "401 x" + json + `{"error":{"message":"No."}}`, 3, put + "401 Unauthorized: No.\n" + wrong},
		{"", "402 x" + json + `{"detail":"Pay."}`, 4, put + "402 Payment Required: Pay.\n" + hint + "The cache requires a payment: ask its operator.\n"},
		{"", "403 x" + json + `{"title":"Not you"}`, 5, put + "403 Forbidden: Not you\n" + mayNot},
		{"", "403 x" + json + `{"error":{"code":"remote_caching_disabled","message":"It is disabled."}}`, 5,
			put + "403 Forbidden: It is disabled.\n" + hint + "Ask an owner of the team to enable it in the billing settings.\n"},
		{"", "403 x" + json + `{"error":{"code":"remote_caching_over_limit","message":"Full."}}`, 5,
			put + "403 Forbidden: Full.\n" + hint + "Ask an owner of the team to raise the limit in the billing settings.\n"},
		{"", "403 x" + json + `{"error":{"code":"remote_caching_paused","message":"Paused."}}`, 5,
			put + "403 Forbidden: Paused.\n" + hint + "The spend cap is reached: ask an owner of the team to raise it in the settings.\n"},
		{"", "403 x" + json + `{"error":{"code":"remote_caching_new","message":"New."}}`, 5, put + "403 Forbidden: New.\n" + spend},
		{"", "404 x\n\n404 page not found", 8, put + "404 Not Found: 404 page not found\n" + noCache},
		{"", "405 x\n\n", 8, put + "405 Method Not Allowed\n" + noCache},
		{"", "408 x\n\n", 9, put + "408 Request Timeout\n"},
		{"", "410 x\n\n", 8, put + "410 Gone\n" + hint + "The server no longer has this version of the API: install a newer release of artifact.\n"},
		{"", "412 x" + json + `{"message":"Could not store."}`, 9, put + "412 Precondition Failed: Could not store.\n"},
		{"", "415 x\n\n", 8, put + "415 Unsupported Media Type\n"},
		{"", "429 x" + json + `{"message":["Slow.","Later."]}`, 9, put + "429 Too Many Requests: Slow.; Later.\n" + hint + "The server limits requests: try again later, or use --limit-requests.\n"},
		{"", "499 x\n\n", 8, put + "499\n"},
		{"", "500 x\n\n", 9, put + "500 Internal Server Error\n" + fault},
		{"", "502 x\n\n" + page, 9, put + "502 Bad Gateway\n" + fault},

		// Successes that are none.
		{"", "200 x" + json + `{"error":"quota exceeded"}`, 8, put + "200 OK: quota exceeded: the answer reports an error despite its status\n"},
		{"", "200 x\n\n" + page, 8, put + "200 OK: 502 Bad Gateway: the answer does not come from a Remote Cache\n" + notHere},
		{"", "200 x\nContent-Type: application/xhtml+xml\n\n", 8, put + "200 OK: the answer does not come from a Remote Cache\n" + notHere},
		{"", "202 x\n\n\ufeff<html>", 8, put + "202 Accepted: the answer does not come from a Remote Cache\n" + notHere},
		{"", "206 x\n\n", 8, put + "206 Partial Content: the answer does not come from a Remote Cache\n" + notHere},
		{"", "202 x\nx-amzn-waf-action: challenge\n\n", 8, put + "202 Accepted: the answer does not come from a Remote Cache\n" + challenge},
		{"status -q", "HEAD 404 x\n\n GET 200 x\n\n", 0, ""},
		{"stat k", "POST 404 x\n\n HEAD 200 x\nContent-Type: application/xhtml+xml\n\n", 8,
			stat + "200 OK: the answer does not come from a Remote Cache\n" + strings.Replace(notHere, "ID", "k", 1)},

		// Redirects.
		{"", "302 x\nLocation: https://accounts.example.com/o/oauth2?state=x\n\n", 8, put + "302 Found: the redirect is not followed\n" + signIn},
		{"", "302 x\nLocation: https://other.example/base/v8/artifacts/ID\n\n", 8, put + "302 Found: the redirect is not followed\n" + hint + "Use this --api: https://other.example/base\n"},
		{"", "301 x\nLocation: //other.example/v8/artifacts/ID?slug=t\n\n", 8, put + "301 Moved Permanently: the redirect is not followed\n" + hint + "Use this --api: http://other.example\n"},
		{"", "302 x\nLocation: https://other.example/$(id)/v8/artifacts/ID\n\n", 8, put + "302 Found: the redirect is not followed\n" + hint + "Use this --api: 'https://other.example/$(id)'\n"},
		{"", "302 x\nLocation: /login\n\n", 8, put + "302 Found: the redirect is not followed\n" + signIn},
		{"get ID", "302 x\nLocation: /login\n\n", 8, "artifact: downloading ID: too many redirects\n" + hint + "A sign-in page or a proxy redirects endlessly: ask the cache's operator, or send the headers it expects from programs with --header-file FILE.\n"},
		{"", "304 x\n\n", 8, put + "304 Not Modified: the redirect is not followed\n"},

		// Others than the cache.
		{"", "403 x\ncf-mitigated: challenge" + html + enemy, 5, put + "403 Forbidden: Just a moment...\n" + challenge},
		{"", "403 x\nX-Vercel-Mitigated: deny\n\n", 5, put + "403 Forbidden\n" + challenge},
		{"", "403 x" + html + "<title>Access denied</title>", 5, put + "403 Forbidden: Access denied\n" + firewall},
		{"", "401 x\nWWW-Authenticate: Basic realm=\"Staging\"\n\n", 3, put + "401 Unauthorized: it expects Basic authentication for \"Staging\"\n" + gate},
		{"", "403 x\nWWW-Authenticate: Basic realm=\"Staging\"\n\n", 5, put + "403 Forbidden: it expects Basic authentication for \"Staging\"\n" + gate},
		{"", "401 x\nWWW-Authenticate: Bearer error=\"invalid_token\", error_description=\"It has ended.\"\n\n", 3, put + "401 Unauthorized: It has ended.\n" + wrong},
		{"", "403 x" + xml + `<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>`, 5, put + "403 Forbidden: Access Denied\n" + storage},
		{"", "403 x" + xml + `<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>`, 5, put + "403 Forbidden: Request has expired\n" + expired},
		{"", "400 x" + xml + `<Error><Code>ExpiredToken</Code><Message>Invalid argument.</Message></Error>`, 8, put + "400 Bad Request: Invalid argument.\n" + expired},
		{"", "403 x" + xml + "\ufeff" + `<?xml version="1.0" encoding="utf-8"?><Error><Code>AuthenticationFailed</Code><Message>No.</Message>` +
			`<AuthenticationErrorDetail>Signed expiry time [x] has to be after; not valid in the specified time frame</AuthenticationErrorDetail></Error>`, 5,
			put + "403 Forbidden: No.: Signed expiry time [x] has to be after; not valid in the specified time frame\n" + expired},
		{"", "503 x\nX-Squid-Error: ERR_CONNECT_FAIL 111" + html + "<title>ERROR</title>", 9, put + "503 Service Unavailable: ERROR\n" +
			hint + "A proxy on the way answered, not the cache: ask its operator, or add the host to NO_PROXY.\n"},

		// What a token is worth.
		{"status", "401 x\nWWW-Authenticate: Basic realm=\"r\"\n\n", 3, checking + "401 Unauthorized: it expects Basic authentication for \"r\"\n" + gate},
		{"status", "403 x\ncf-mitigated: challenge\n\n", 5, checking + "403 Forbidden\n" + challenge},
		{"status", "HEAD 500 x\n\n GET 401 x" + json + `{"message":"Who?"}`, 3, "artifact: the server refused the token: the server answered 401 Unauthorized: Who?\n" +
			hint + "It comes from ARTIFACT_TOKEN. Run artifact login to store another one.\n"},
		{"status", "HEAD 500 x\n\n GET 200 x" + json + `{"status":"disabled"}`, 5, unclear + "500 Internal Server Error\n" +
			"artifact: Remote Caching is disabled\n" + hint + "Ask an owner of the team to enable it in the billing settings.\n"},
		{"status", "HEAD 404 x\n\n GET 200 x" + json + `{"error":"down"}`, 8,
			"artifact: asking for the cache's status: the server answered 200 OK: down: the answer reports an error despite its status\n"},

		// Ids and teams.
		{"put --hash k FILE", "422 x" + json + `{"message":"hash"}`, 8, put + "422 Unprocessable Entity: hash\n" + notHex},
		{"put --hash k FILE --team=", "400 x\n\n", 8, put + "400 Bad Request\n" + notHex + hint + "Some servers need a team: set --team.\n"},
		{"stat k", "POST 422 x\n\n HEAD 400 x\n\n", 8, stat + "400 Bad Request\n" + notHex},
		{"stat k", "POST 405 x\n\n HEAD 404 x\n\n", 6, stat + "404 Not Found\n" +
			hint + "Check the id, --team and --api. Vercel keeps artifacts for 7 days, and other caches for as long as they have room.\n"},
	} {
		t.Run(fmt.Sprintf("%s %.40s", test.args, test.answer), func(t *testing.T) {
			t.Parallel()
			const id = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
			file := filepath.Join(t.TempDir(), "file")
			must.Do(t, os.WriteFile(file, []byte("hello"), 0o600))
			answers := strings.Split(strings.ReplaceAll(test.answer, "ID", id), "\n\n ")
			for i := range answers[:len(answers)-1] {
				answers[i] += "\n\n"
			}
			api := raw(t, answers...)
			args := strings.Fields("put FILE")
			if test.args != "" {
				args = strings.Fields(test.args)
			}
			for i := range args {
				args[i] = strings.ReplaceAll(args[i], "FILE", file)
			}
			environ := map[string]string{"ARTIFACT_API": api, "ARTIFACT_TOKEN": "the-token", "ARTIFACT_TEAM": "t", "ARTIFACT_RETRIES": "0", "ARTIFACT_PROGRESS": "never"}
			if strings.HasSuffix(test.args, "--team=") {
				delete(environ, "ARTIFACT_TEAM")
			}
			code, _, stderr := run(t, environ, args...)
			stderr = strings.NewReplacer(file, "FILE", api, "API", id, "ID").Replace(stderr)
			if code != test.code || stderr != test.stderr {
				t.Errorf("exit %d\n%swant %d\n%s", code, stderr, test.code, test.stderr)
			}
		})
	}
}

// TestRetriesNameTheFile checks that retries in a list name their file.
func TestRetriesNameTheFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var files []string
	for _, name := range []string{"a", "b"} {
		files = append(files, filepath.Join(dir, name))
		must.Do(t, os.WriteFile(filepath.Join(dir, name), []byte(name), 0o600))
	}
	for verb, doing := range map[string]string{"put": "uploading", "verify": "downloading"} {
		environ := map[string]string{
			"ARTIFACT_API": raw(t, "503 x\nRetry-After: 0\n\n"), "ARTIFACT_TOKEN": "t", "ARTIFACT_RETRIES": "1", "ARTIFACT_PROGRESS": "never",
		}
		_, _, stderr := run(t, environ, append([]string{verb}, files...)...)
		for _, file := range files {
			want := "artifact: " + doing + " " + file + ": the server answered 503 Service Unavailable; trying again in 0s (1 of 1)\n"
			if !strings.Contains(stderr, want) {
				t.Errorf("%s lacks %s", stderr, want)
			}
		}
	}
}
