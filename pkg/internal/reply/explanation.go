package reply

import (
	"bytes"
	"cmp"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Explanation returns the code and message of an error, as printable lines. It
// finds them in JSON, object storage's XML, the title of a web page, plain text,
// or else the WWW-Authenticate header.
func (a *Reply) Explanation() (code, message string) {
	text, _ := a.Beginning() // a truncated answer may still explain
	document, isJSON := decodeJSON(text)
	switch {
	case a.LooksLikePage():
		var ok bool
		if code, message, ok = storageError(text); !ok {
			message = a.ownTitle()
		}
	case isJSON:
		if code, message = said(document, maxNesting); message == "" && (a.StatusCode >= 400 || reportsError(document)) {
			message = whole(document)
		}
	case a.StatusCode >= 400 && !bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")): // broken JSON explains nothing
		if message = string(text); a.cut {
			message = a.redactor.Beginning(message)
		}
	}
	if message == "" && a.StatusCode >= 400 {
		var named string
		named, message = demanded(a.Header.Get("WWW-Authenticate"))
		code = cmp.Or(code, named)
	}
	return a.oneLine(code), a.oneLine(message)
}

// whole returns a document of an unknown shape as JSON, without the escapes that
// would hide a secret, or an empty string if it is empty.
func whole(document any) string {
	if !isNonEmpty(document) {
		return ""
	}
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(document) // it was JSON before
	return text.String()
}

func decodeJSON(text []byte) (document any, ok bool) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	err := decoder.Decode(&document)
	return document, err == nil && len(bytes.TrimSpace(text[decoder.InputOffset():])) == 0
}

const (
	maxNesting = 6 // of objects and lists that are looked into for a message
	maxReasons = 5 // that are joined
)

// messageNames are the members that explain an error, the best first. An object
// under "error" precedes them.
var messageNames = []string{
	"message", "detail", "error_description", "errors", "error", "title", "msg", "description", "reason", "fault", "faultstring",
}

// said returns the code and the message in a JSON document: {"error":{"code",
// "message"}} (Vercel), {"code","message"}, {"statusCode","error","message"}
// (fastify), {"detail"} and {"title"} (RFC 9457), {"error","error_description"}
// (RFC 6749), {"errors":[…]}, {"errors":{"field":[…]}}, and lists of such.
func said(document any, nesting int) (code, message string) {
	if nesting == 0 {
		return "", ""
	}
	switch value := document.(type) {
	case string:
		return "", value
	case json.Number:
		return "", value.String()
	case []any:
		var reasons []string
		for _, item := range value[:min(len(value), maxReasons)] {
			itsCode, reason := said(item, nesting-1)
			code = cmp.Or(code, itsCode)
			if reason != "" {
				reasons = append(reasons, reason)
			}
		}
		return code, strings.Join(reasons, "; ")
	case map[string]any:
		return saidByMembers(folded(value), nesting-1)
	}
	return "", ""
}

func saidByMembers(members map[string]any, nesting int) (code, message string) {
	if nested, ok := members["error"].(map[string]any); ok {
		code, message = said(nested, nesting)
	}
	for _, name := range messageNames {
		if message != "" {
			break
		}
		var itsCode string
		itsCode, message = said(members[name], nesting)
		if fields, ok := members[name].(map[string]any); ok && name == "errors" && message == "" {
			message = saidByFields(fields, nesting)
		}
		code = cmp.Or(code, itsCode)
	}
	own := members["code"]
	if own == nil && members["error_description"] != nil {
		own = members["error"]
	}
	switch own.(type) {
	case string, json.Number:
		code = cmp.Or(code, fmt.Sprint(own))
	}
	return code, message
}

// saidByFields joins the messages for each field of a request.
func saidByFields(fields map[string]any, nesting int) string {
	var reasons []string
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if _, reason := said(fields[name], nesting); reason != "" && len(reasons) < maxReasons {
			reasons = append(reasons, name+": "+reason)
		}
	}
	return strings.Join(reasons, "; ")
}

// folded returns the members under lower-case names, since some servers use upper
// case.
func folded(members map[string]any) map[string]any {
	lower := make(map[string]any, len(members))
	for _, name := range slices.Sorted(maps.Keys(members)) { // lower case comes last, and wins
		lower[strings.ToLower(name)] = members[name]
	}
	return lower
}

// ReportsError reports whether the JSON of a successful status says that the
// request failed.
func ReportsError(text []byte) bool {
	lower := bytes.ToLower(text)
	for _, hint := range []string{`\`, `"error`, `"status`, `"success"`, `"ok"`} { // an escape may hide a name
		if bytes.Contains(lower, []byte(hint)) { // decoding takes much longer
			document, _ := decodeJSON(text)
			return reportsError(document)
		}
	}
	return false
}

func reportsError(document any) bool {
	object, _ := document.(map[string]any)
	members := folded(object)
	return members["success"] == false || members["ok"] == false || isNonEmpty(members["error"]) || isNonEmpty(members["errors"]) ||
		isFailure(members["status"]) || isFailure(members["statuscode"])
}

// isFailure reports whether a status in a document is an HTTP status of an error,
// or a word for one.
func isFailure(status any) bool {
	switch status := status.(type) {
	case json.Number:
		number, err := status.Int64()
		return err == nil && number >= 400 && number <= 599
	case string:
		return slices.Contains([]string{"error", "fail", "failed", "failure"}, strings.ToLower(status))
	}
	return false
}

func isNonEmpty(value any) bool {
	switch value := value.(type) {
	case nil:
		return false
	case bool:
		return value
	case string:
		return value != ""
	case json.Number:
		return value != "0"
	case []any:
		return len(value) > 0
	case map[string]any:
		return len(value) > 0
	}
	return true
}

// IsStorageError reports whether the answer is an error of object storage.
func (a *Reply) IsStorageError() bool {
	text, _ := a.Beginning()
	_, _, ok := storageError(text)
	return ok
}

// storageError parses the errors of S3, Google Cloud Storage and Azure.
func storageError(text []byte) (code, message string, ok bool) {
	type failure struct {
		Code      string `xml:"Code"`
		Message   string `xml:"Message"`
		Details   string `xml:"Details"`
		AuthError string `xml:"AuthenticationErrorDetail"`
	}
	var document struct {
		XMLName xml.Name
		failure
		Inner failure `xml:"Error"`
	}
	if xml.Unmarshal(text, &document) != nil {
		return "", "", false
	}
	found := document.failure
	switch document.XMLName.Local {
	case "Error":
	case "ErrorResponse":
		found = document.Inner
	default:
		return "", "", false
	}
	parts := slices.DeleteFunc([]string{found.Message, found.Details, found.AuthError}, func(part string) bool { return part == "" })
	return found.Code, strings.Join(parts, ": "), found.Code != ""
}

var (
	demandParameter = regexp.MustCompile(`(?i)\b(error_description|error|realm)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))`)
	quotedPair      = regexp.MustCompile(`\\(.)`)
)

// demanded parses a WWW-Authenticate header (RFC 6750, section 3): its error, or
// else the scheme and the realm.
func demanded(header string) (code, message string) {
	parameters := map[string]string{}
	for _, match := range demandParameter.FindAllStringSubmatch(header, -1) {
		parameters[strings.ToLower(match[1])] = quotedPair.ReplaceAllString(match[2], "$1") + match[3]
	}
	if realm := parameters["realm"]; realm != "" {
		scheme, _, _ := strings.Cut(strings.TrimSpace(header), " ")
		message = fmt.Sprintf("it expects %s authentication for %q", scheme, realm)
	}
	return parameters["error"], cmp.Or(parameters["error_description"], parameters["error"], message)
}
