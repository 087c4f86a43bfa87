package api

import (
	"bufio"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestArtifactPath(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{
		"de0e2b9afd5fe834": "/v8/artifacts/de0e2b9afd5fe834",
		"a+b%c?d#e;f,g":    "/v8/artifacts/a%2Bb%25c%3Fd%23e%3Bf%2Cg",
		`é\"<>{}`:          "/v8/artifacts/%C3%A9%5C%22%3C%3E%7B%7D",
		"key:a@b&c=d$!'()": "/v8/artifacts/key:a@b&c=d$%21%27%28%29",
		"%2e%2e":           "/v8/artifacts/%252e%252e",
		"a/b":              "/v8/artifacts/a%2Fb",
	} {
		if got := ArtifactPath(id); got != want {
			t.Errorf("ArtifactPath(%q) = %s, want %s", id, got, want)
		}
	}
}

func FuzzArtifactPath(f *testing.F) {
	for _, seed := range []string{"a", "..", "a/b", "%", "é", "\xff", "+", "a b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, id string) {
		segment, ok := strings.CutPrefix(ArtifactPath(id), ArtifactsPath+"/")
		if back, err := url.PathUnescape(segment); !ok || err != nil || back != id || strings.ContainsAny(segment, "/?# ") {
			t.Fatalf("ArtifactPath(%q) has the segment %q, which means %q, %v", id, segment, back, err)
		}
	})
}

// FuzzCheckHeader checks that an accepted value survives a request unchanged.
func FuzzCheckHeader(f *testing.F) {
	for _, value := range []string{"", "GITHUB_ACTIONS", " a", "a ", "a\r\nX: b", "\x00", "\x7f", "é", "\xff", "263", "-1", "+1", "0", "dGFn", "dG\nFn", strings.Repeat("A", 601)} {
		f.Add(value)
	}
	names := []string{HeaderDuration, HeaderCI, HeaderInteractive, HeaderTag, HeaderSHA, HeaderDirtyHash}
	f.Fuzz(func(t *testing.T, value string) {
		for _, name := range names {
			if CheckHeader(name, value) != nil {
				continue
			}
			text := "PUT / HTTP/1.1\r\nHost: h\r\n" + name + ": " + value + "\r\n\r\n"
			request, err := http.ReadRequest(bufio.NewReader(strings.NewReader(text)))
			if err != nil || request.Header.Get(name) != value || len(request.Header) != 1 || len(value) > MaxTag {
				t.Errorf("%s: %q was accepted, and comes out as %v, %v", name, value, request, err)
			}
		}
	})
}

func TestCheckHeader(t *testing.T) {
	t.Parallel()
	x := func(n int) string { return strings.Repeat("x", n) }
	for _, test := range []struct {
		name, value, want string // the error; empty for a value that may be sent
	}{
		{HeaderCI, "GITHUB_ACTIONS", ""},
		{HeaderCI, "a b~!", ""},
		{HeaderCI, x(50), ""},
		{HeaderCI, x(51), "it has 51 characters; at most 50 are allowed"},
		{HeaderCI, "", "it is empty"},
		{HeaderCI, "a\tb", "character 2 is not printable ASCII"},
		{HeaderCI, "aé", "character 2 is not printable ASCII"},
		{HeaderCI, "a\x7f", "character 2 is not printable ASCII"},
		{HeaderCI, " a", "it begins or ends with a space"},
		{HeaderCI, "a ", "it begins or ends with a space"},
		{HeaderSHA, x(200), ""},
		{HeaderSHA, x(201), "it has 201 characters; at most 200 are allowed"},
		{HeaderDirtyHash, x(200), ""},
		{HeaderDirtyHash, x(201), "it has 201 characters; at most 200 are allowed"},
		{HeaderTag, strings.Repeat("A", 600), ""},
		{HeaderTag, strings.Repeat("A", 604), "it has 604 characters; at most 600 are allowed"},
		{HeaderTag, "fMSM9xKzPrMsvIp7b5SPfcEzOLR02gGHAsv4UL/yhPY=", ""},
		{HeaderTag, "abc", "it is not base64"},
		{HeaderTag, "ab-_", "it is not base64"},
		{HeaderInteractive, "0", ""},
		{HeaderInteractive, "1", ""},
		{HeaderInteractive, "2", `it must be 0 or 1, not "2"`},
		{HeaderInteractive, "true", `it must be 0 or 1, not "true"`},
		{HeaderDuration, "0", ""},
		{HeaderDuration, "9223372036854775807", ""},
		{HeaderDuration, "-1", `it must be 0 or more whole milliseconds, not "-1"`},
		{HeaderDuration, "1.5", `it must be 0 or more whole milliseconds, not "1.5"`},
		{HeaderDuration, "1s", `it must be 0 or more whole milliseconds, not "1s"`},
	} {
		got := ""
		if err := CheckHeader(test.name, test.value); err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("CheckHeader(%s, %q) = %q, want %q", test.name, test.value, got, test.want)
		}
	}
}
