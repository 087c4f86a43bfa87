package command

import (
	"crypto/rand"
	"net"

	"github.com/artifact-cli/artifact/pkg/internal/settings"
	"github.com/artifact-cli/artifact/pkg/internal/usertext"
)

// envServeToken is the variable with a server's token.
const envServeToken = "ARTIFACT_SERVE_TOKEN"

// serveToken returns the token that clients need. A cache that other machines can
// reach needs a given one, since they could not know a random one.
func (a *app) serveToken(listening net.Addr) (string, error) {
	token, err := usertext.ParseValue(a.env.Getenv(envServeToken))
	if err != nil {
		return "", &settings.Error{Origin: envServeToken, Err: err}
	}
	if token != "" {
		return token, nil
	}
	if tcp, ok := listening.(*net.TCPAddr); !ok || !tcp.IP.IsLoopback() {
		return "", unusable("listening on %s: it can be reached from other machines, so set a token in %s", listening, envServeToken)
	}
	return rand.Text(), nil
}
