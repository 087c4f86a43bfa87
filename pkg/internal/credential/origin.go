package credential

import (
	"net/url"
	"strings"

	"github.com/artifact-cli/artifact/pkg/internal/origin"
)

// Origin is the place that a credential belongs to: scheme, host and port of a
// base URL, as [origin.Of] writes them. Vercel's two are one.
type Origin string

// Vercel is the origin of Vercel's cache.
const Vercel Origin = "https://api.vercel.com:443"

// vercelAlias is the host that turbo uses by default.
const vercelAlias Origin = "https://vercel.com:443"

// OriginOf returns where the credential for a base URL belongs. It fails for a
// host that cannot be dialled.
func OriginOf(base *url.URL) (Origin, error) {
	text, err := origin.Of(base)
	if Origin(text) == vercelAlias {
		return Vercel, nil
	}
	return Origin(text), err
}

// String is the origin without the port that its scheme has anyway.
func (o Origin) String() string {
	text := string(o)
	if strings.HasPrefix(text, "https://") {
		return strings.TrimSuffix(text, ":443")
	}
	return strings.TrimSuffix(text, ":80")
}
