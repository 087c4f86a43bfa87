package server_test

import (
	"strings"
	"testing"

	"github.com/artifact-cli/artifact/internal/s3test"
	"github.com/artifact-cli/artifact/pkg/internal/must"
	"github.com/artifact-cli/artifact/pkg/internal/store"
)

// opener opens an empty store that is closed when the test ends. A bucket has no
// limit.
type opener func(t testing.TB, options store.Options) store.Store

// overEveryStore are tests of requests that every store must pass.
var overEveryStore = map[string]func(*testing.T, opener){
	"Accept":                      testAccept,
	"BrokenUploadLeavesNothing":   testBrokenUploadLeavesNothing,
	"EventsAndStatus":             testEventsAndStatus,
	"HalfClosed":                  testHalfClosed,
	"HeadHasNoType":               testHeadHasNoType,
	"IdleConnectionIsClosed":      testIdleConnectionIsClosed,
	"KeepAlive":                   testKeepAlive,
	"Log":                         testLog,
	"OtherMethodsAndPaths":        testOtherMethodsAndPaths,
	"Preflight":                   testPreflight,
	"Query":                       testQuery,
	"ReadToken":                   testReadToken,
	"RefusalReachesWhoSendsFirst": testRefusalReachesWhoSendsFirst,
	"RefusedBeforeTheBody":        testRefusedBeforeTheBody,
	"RefusedDocuments":            testRefusedDocuments,
	"RefusedUploads":              testRefusedUploads,
	"RequestsByteForByte":         testRequestsByteForByte,
	"RoundTrip":                   testRoundTrip,
	"SlowClientsAreCutOff":        testSlowClientsAreCutOff,
	"SlowReaderIsCutOff":          testSlowReaderIsCutOff,
	"StopLetsRequestsEnd":         testStopLetsRequestsEnd,
	"Teams":                       testTeams,
	"Token":                       testToken,
	"UploadsOfRealClients":        testUploadsOfRealClients,
}

func TestDirectory(t *testing.T) {
	t.Parallel()
	runEvery(t, directoryFor)
}

// TestOverTLS checks that every limit holds over TLS too. See start.
func TestOverTLS(t *testing.T) {
	t.Parallel()
	runEvery(t, directoryFor)
}

func directoryFor(t testing.TB, options store.Options) store.Store { return directory(t, options) }

func runEvery(t *testing.T, open opener) {
	t.Helper()
	for name, test := range overEveryStore {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open)
		})
	}
}

func TestBucket(t *testing.T) { //nolint:paralleltest // it sets variables
	runEvery(t, bucketsOf(t, s3test.Start(t)))
}

// bucketsOf returns an opener of buckets with different prefixes.
func bucketsOf(t *testing.T, server *s3test.Server) opener {
	t.Helper()
	setKeys(t, server)
	return func(t testing.TB, options store.Options) store.Store {
		t.Helper()
		return bucket(t, server, store.BucketOptions{ReadOnly: options.ReadOnly})
	}
}

// setKeys sets the variables from which buckets of a server take the keys.
func setKeys(t *testing.T, server *s3test.Server) {
	t.Helper()
	for _, variable := range append(server.Environ(), "AWS_REGION=us-east-1") {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
}

// bucket opens a bucket whose prefix is the test's name.
func bucket(t testing.TB, server *s3test.Server, options store.BucketOptions) *store.Bucket {
	t.Helper()
	address := must.Get(store.ParseBucket(server.URL(t.Name())))(t)
	b := must.Get(store.OpenBucket(t.Context(), address, options))(t)
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}
