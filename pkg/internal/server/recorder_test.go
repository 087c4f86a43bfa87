package server_test

import (
	"net/http"
	"net/http/httptest"

	"github.com/artifact-cli/artifact/pkg/internal/server"
)

// statusFor asks a server that serves nowhere, under the name host.
func statusFor(web *server.Server, host string) int {
	request := httptest.NewRequest(http.MethodGet, "/v8/artifacts/status", nil)
	request.Host = host
	request.Header.Set("Authorization", "Bearer "+token)
	recorder := httptest.NewRecorder()
	web.ServeHTTP(recorder, request)
	return recorder.Code
}
