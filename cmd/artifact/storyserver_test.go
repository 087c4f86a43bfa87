package main

import (
	"bytes"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/rogpeppe/go-internal/testscript"
)

// storyServer is a server that answers by rules, and records requests.
type storyServer struct {
	*httptest.Server
	connections atomic.Int64

	mu       sync.Mutex
	rules    []*rule
	requests []string
	headers  []http.Header
}

// rule is how to answer the requests that it matches: one line of a file,
//
//	METHOD PATTERN[@TOKEN] STATUS[*TIMES] [NAME:VALUE...] [BODY]
//
// where METHOD may be *, PATTERN is one of path.Match for the last part of the
// path, and BODY begins with none of a header's names, or is a quoted string of
// Go. PORT in a header's value is the server's own. STATUS may be cut: the
// connection is closed without an answer. With TOKEN the rule is for requests
// that have it as their bearer token, and with TIMES for so many requests.
type rule struct {
	method, pattern string
	token           string
	status          int // 0 cuts the connection
	left            int // times that it answers; below 0 for ever
	header          http.Header
	body            string
}

// matches reports whether the rule is for a request.
func (r *rule) matches(req *http.Request) bool {
	matched, _ := path.Match(r.pattern, strings.TrimPrefix(path.Base(req.URL.Path), "/"))
	return matched && (r.method == "*" || r.method == req.Method) && r.left != 0 &&
		(r.token == "" || req.Header.Get("Authorization") == "Bearer "+r.token)
}

// longBody is more bytes than a story would show.
const longBody = 1000

// storyServerKey is the key of a story's server.
type storyServerKey struct{}

// runServer is the command server of stories.
//
//	server start [FILE]         answers by the first rule in FILE that matches, else 202
//	server secure [FILE]        does so over TLS, and asks for a client certificate; the
//	                            file ca.pem has the authority of its own
//	server requests [HEADER...] prints method, URI, body and these headers of each
//	                            request, in the order of the lines; * is all headers.
//	                            A long body is its size
//	server order                prints method, URI and body of each, as they came
//	server connections          prints how many were made
//
// It points ARTIFACT_API and ARTIFACT_TOKEN at the server, whose URL is SERVER too.
func runServer(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: server start [FILE], server secure [FILE], server requests [HEADER...], server order, or server connections")
	}
	kept := ts.Value(storyServerKey{}).(**storyServer)
	switch verb := args[0]; {
	case verb == "start" || verb == "secure":
		s := &storyServer{rules: []*rule{{method: "*", pattern: "*", left: -1, status: http.StatusAccepted}}}
		if len(args) > 1 {
			s.rules = append(parseRules(ts, ts.ReadFile(args[1])), s.rules...)
		}
		s.Server = httptest.NewUnstartedServer(s)
		s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				s.connections.Add(1)
			}
		}
		if verb == "secure" {
			s.Config.ErrorLog = log.New(io.Discard, "", 0)
			s.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
			s.StartTLS()
			authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
			ts.Check(os.WriteFile(ts.MkAbs("ca.pem"), authority, 0o600))
		} else {
			s.Start()
		}
		ts.Defer(s.Close)
		*kept = s
		ts.Setenv("SERVER", s.URL)
		ts.Setenv("ARTIFACT_API", s.URL)
		ts.Setenv("ARTIFACT_TOKEN", "canary-9c1f3a5e7d")
	case verb == "requests" && *kept != nil:
		_, _ = ts.Stdout().Write((*kept).recorded(args[1:]))
	case verb == "order" && *kept != nil:
		_, _ = ts.Stdout().Write((*kept).arrived())
	case verb == "connections" && *kept != nil:
		fmt.Fprintln(ts.Stdout(), (*kept).connections.Load())
	default:
		ts.Fatalf("server: cannot %s", verb)
	}
}

func parseRules(ts *testscript.TestScript, text string) (rules []*rule) {
	for line := range strings.Lines(text) {
		words := strings.SplitN(strings.TrimSpace(line), " ", 4)
		if len(words) < 3 {
			ts.Fatalf("server: no rule: %s", line)
		}
		r := &rule{method: words[0], left: -1, header: http.Header{}}
		r.pattern, r.token, _ = strings.Cut(words[1], "@")
		status, times, limited := strings.Cut(words[2], "*")
		var err error
		if status != "cut" {
			r.status, err = strconv.Atoi(status)
			ts.Check(err)
		}
		if limited {
			r.left, err = strconv.Atoi(times)
			ts.Check(err)
		}
		rest := strings.Join(words[3:], "")
		for rest != "" && rest[0] >= 'A' && rest[0] <= 'Z' {
			var field string
			field, rest, _ = strings.Cut(rest, " ")
			name, value, _ := strings.Cut(field, ":")
			r.header.Set(name, value)
		}
		if r.body = rest; strings.HasPrefix(rest, `"`) {
			r.body, err = strconv.Unquote(rest)
			ts.Check(err)
		}
		rules = append(rules, r)
	}
	return rules
}

// ServeHTTP answers a request when it has read the whole body.
func (s *storyServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // broken off: nothing was received
	}
	text := fmt.Sprintf("%s %s", r.Method, r.RequestURI)
	switch {
	case len(body) > longBody:
		text += fmt.Sprintf(" (%d bytes)", len(body))
	case len(body) > 0:
		text += fmt.Sprintf(" %q", body)
	}
	s.mu.Lock()
	s.requests, s.headers = append(s.requests, text), append(s.headers, r.Header)
	rule := s.rules[slices.IndexFunc(s.rules, func(rule *rule) bool { return rule.matches(r) })]
	rule.left--
	s.mu.Unlock()
	if rule.status == 0 {
		panic(http.ErrAbortHandler)
	}
	for name, values := range rule.header {
		w.Header().Set(name, strings.ReplaceAll(values[0], "PORT", s.URL[strings.LastIndex(s.URL, ":")+1:]))
	}
	w.WriteHeader(rule.status)
	_, _ = io.WriteString(w, rule.body)
}

// agent matches what varies in the User-Agent.
var agent = regexp.MustCompile(`^artifact/\S+ \(\w+; \w+\)$`)

func (s *storyServer) arrived() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return []byte(strings.Join(s.requests, "\n") + "\n")
}

func (s *storyServer) recorded(names []string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	lines := slices.Clone(s.requests)
	for i, header := range s.headers {
		header.Set("User-Agent", agent.ReplaceAllString(header.Get("User-Agent"), "artifact/VERSION (SYSTEM; PROCESSOR)"))
		names := names
		if slices.Equal(names, []string{"*"}) {
			names = slices.Sorted(maps.Keys(header))
		}
		for _, name := range names {
			for _, value := range header.Values(name) {
				lines[i] += fmt.Sprintf(" %s: %s", name, value)
			}
		}
	}
	slices.Sort(lines)
	var text bytes.Buffer
	for _, line := range lines {
		fmt.Fprintln(&text, line)
	}
	return text.Bytes()
}
