package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/minio/minio-go/v7/pkg/credentials"
)

const (
	// keysTime is how long the search for keys may take. Outside of Amazon's
	// machines, the address of their metadata may never answer.
	keysTime = 5 * time.Second
	// keyRequestTime is how long each request for a role's keys may take.
	keyRequestTime = 3 * time.Second
)

// keySource is a place that may have the keys.
type keySource struct {
	name     string
	provider credentials.Provider
	only     bool // the environment names it, so no other is tried
}

// findKeys returns the keys of the first place that has any. It keeps to that
// place when they expire: minio-go's chain would go on without keys if it failed.
func findKeys(ctx context.Context) (*credentials.Credentials, error) {
	ctx, cancel := context.WithTimeout(ctx, keysTime)
	defer cancel()
	client := &http.Client{Timeout: keyRequestTime, Transport: &http.Transport{Proxy: proxyForTLS, DisableKeepAlives: true}}
	var failures []string
	for _, source := range keySources(client) {
		keys := credentials.New(source.provider)
		value, err := keys.GetWithContext(&credentials.CredContext{Client: client, Context: ctx})
		switch {
		case err != nil:
		case value.AccessKeyID != "" && value.SecretAccessKey != "":
			return keys, nil
		default:
			err = errors.New("it has no complete access key")
		}
		err = fmt.Errorf("%s: %w", source.name, err)
		if source.only {
			return nil, fmt.Errorf("%w: %w", ErrNoKeys, err)
		}
		failures = append(failures, err.Error())
	}
	return nil, fmt.Errorf("%w: %s", ErrNoKeys, strings.Join(failures, "; "))
}

// keySources returns the places in the order of Amazon's tools.
func keySources(client *http.Client) []keySource {
	isSet := func(name string) bool { return variable(name) != "" }
	role := &credentials.IAM{Client: client}
	sources := []keySource{{
		name: "the environment", provider: environmentKeys(),
		only: isSet("AWS_ACCESS_KEY_ID") || isSet("AWS_SECRET_ACCESS_KEY"),
	}}
	for _, name := range []string{
		"AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
	} {
		if isSet(name) {
			return append(sources, keySource{name: name, provider: role, only: true})
		}
	}
	profile := keySource{name: "the shared files", provider: &credentials.FileAWSCredentials{}}
	if isSet("AWS_PROFILE") {
		profile.name, profile.only = "AWS_PROFILE", true
	}
	sources = append(sources, profile)
	if variable("AWS_EC2_METADATA_DISABLED") != "true" {
		sources = append(sources, keySource{name: "the instance's role", provider: role})
	}
	return sources
}

// environmentKeys returns the keys in the environment.
func environmentKeys() credentials.Provider {
	return &credentials.Static{Value: credentials.Value{
		AccessKeyID:     cmp.Or(variable("AWS_ACCESS_KEY_ID"), variable("AWS_ACCESS_KEY")),
		SecretAccessKey: cmp.Or(variable("AWS_SECRET_ACCESS_KEY"), variable("AWS_SECRET_KEY")),
		SessionToken:    variable("AWS_SESSION_TOKEN"),
		SignerType:      credentials.SignatureV4,
	}}
}

// variable returns a variable without the white space around it, such as the line end
// of a file that it comes from.
func variable(name string) string { return strings.TrimSpace(os.Getenv(name)) }

// proxyForTLS uses a proxy for Amazon's servers, but not for the machine's own
// metadata, which is at plain http.
func proxyForTLS(request *http.Request) (*url.URL, error) {
	if request.URL.Scheme != "https" {
		return nil, nil //nolint:nilnil // http.Transport wants this
	}
	return http.ProxyFromEnvironment(request)
}
