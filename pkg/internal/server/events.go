package server

import (
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/api"
)

// status reports an enabled cache, to clients that may use it.
func (s *Server) status(x *exchange) error {
	if _, err := x.team(); err != nil {
		return err
	}
	return x.json(http.StatusOK, api.Status{Status: api.StatusEnabled})
}

// events checks and discards reports of hits and misses, so that a client's
// mistake fails here as it would at Vercel.
func (s *Server) events(x *exchange) error {
	if _, err := x.team(); err != nil {
		return err
	}
	var events []api.Event
	if err := x.document(&events); err != nil {
		return err
	}
	if events == nil {
		return badRequest("The request's body is not a list of events.")
	}
	for i, event := range events {
		if problem := checkEvent(event); problem != "" {
			return badRequest(fmt.Sprintf("Event %d of the list %s.", i+1, problem))
		}
	}
	x.empty(http.StatusOK)
	return nil
}

// checkEvent returns what is wrong with event, or an empty string.
func checkEvent(event api.Event) string {
	_, err := artifact.ParseID(event.Hash)
	switch {
	case !isUUID(event.SessionID):
		return "has no UUID for its sessionId"
	case event.Source != "LOCAL" && event.Source != "REMOTE":
		return "has a source other than LOCAL and REMOTE"
	case event.Event != "HIT" && event.Event != "MISS":
		return "is neither HIT nor MISS"
	case event.Duration != nil && *event.Duration < 0:
		return "has a negative duration"
	case err != nil:
		return "has a wrong hash: " + err.Error()
	}
	return ""
}

// isUUID reports whether text has the form of RFC 9562, section 4.
func isUUID(text string) bool {
	if len(text) != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-' {
		return false
	}
	_, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
	return err == nil
}
