package command

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/internal/settings"
	"github.com/artifact-cli/artifact/pkg/internal/ui"
)

// The limits of extra headers, like those of servers.
const (
	maxHeaders     = 64 << 10 // bytes
	maxHeaderLines = 100
)

// headers returns the headers from a file, or else from the variable. Every value
// is a secret.
func (a *app) headers(path string) (header http.Header, origin string, err error) {
	text, origin := a.env.Getenv(envHeaders), envHeaders
	if path != "" {
		origin = "--header-file"
		content, err := readPrivate(path, maxHeaders)
		if err != nil {
			return nil, origin, &settings.Error{Origin: origin, Err: err}
		}
		text = string(content)
	}
	if text == "" {
		return nil, "", nil
	}
	for _, value := range headerSecrets(text) {
		a.hide(value)
	}
	if header, err = parseHeaders(text); err != nil {
		return nil, origin, &settings.Error{Origin: origin, Err: err}
	}
	return header, origin, nil
}

// parseHeaders parses lines of the form Name: value, and skips empty lines and
// those that begin with #. Its errors name lines, but never values.
func parseHeaders(text string) (http.Header, error) {
	if len(text) > maxHeaders {
		return nil, fmt.Errorf("it has more than %s", ui.Size(maxHeaders))
	}
	header := http.Header{}
	count := 0
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if count++; count > maxHeaderLines {
			return nil, fmt.Errorf("it has more than %d headers", maxHeaderLines)
		}
		name, value, found := strings.Cut(line, ":")
		if !found {
			return nil, fmt.Errorf("line %d is not of the form Name: value", i+1)
		}
		value = strings.TrimSpace(value)
		if err := client.CheckHeader(name, value); err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		header.Add(name, value)
	}
	return header, nil
}

// shortestHeaderSecret is the minimum length of a part of a value that is hidden
// by itself. Shorter parts are names of schemes or cookies.
const shortestHeaderSecret = 12

// headerSecrets returns the values of all lines, even malformed ones, and the
// parts of values after the name of a scheme or cookie.
func headerSecrets(text string) []string {
	var secrets []string
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "#") {
			continue
		}
		_, value, found := strings.Cut(line, ":")
		if !found {
			value = line
		}
		secrets = append(secrets, value)
		for _, part := range strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(" ;,=\t", r) }) {
			if len(part) >= shortestHeaderSecret {
				secrets = append(secrets, part)
			}
		}
	}
	return secrets
}
