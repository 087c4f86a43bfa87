package client

import "github.com/artifact-cli/artifact/pkg/internal/transport"

// RedactForTest is how URLs are shown.
var RedactForTest = transport.Redact
