package client_test

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2/toxics"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/internal/must"
	"github.com/artifact-cli/artifact/pkg/internal/store"
)

// The sizes of artifacts in the table: one that goes out unasked, and one that
// waits for the server's consent and fills every buffer on the way.
const (
	small = 3000
	large = 12 << 20
)

// faultsOut are those on the way to the server.
func faultsOut() []fault {
	put := func(name string, size int, m mishap, wants expectation, h holding) fault {
		return fault{name: name, method: http.MethodPut, size: size, mishap: m, wants: wants, holds: h, change: impatientOptions}
	}
	reading := func(n int) mishap { // some bytes, and then nothing
		return func(l *link) {
			io.CopyN(io.Discard, l.client, int64(n))
			<-l.over
		}
	}
	return []fault{
		put("the connection is closed at once", small, alone(func(net.Conn) {}), broken(nil), nothing),
		put("the connection is reset at once", small, alone(func(conn net.Conn) { conn.(*net.TCPConn).SetLinger(0) }), broken(nil), nothing),
		put("reset_peer", large, reset(new(toxics.ResetToxic), nil), broken(nil), nothing),
		put("reset_peer after 50 ms", large, reset(&toxics.ResetToxic{Timeout: 50}, nil), broken(nil), nothing),
		put("nobody reads a small request", small, reading(0), broken(client.ErrNoAnswer), nothing),
		put("nobody reads a large request", large, reading(0), broken(client.ErrStalled), nothing),
		put("timeout", small, through(&toxics.TimeoutToxic{Timeout: 100}, nil), broken(nil), nothing),
		put("timeout without end", small, through(new(toxics.TimeoutToxic), nil), broken(client.ErrNoAnswer), nothing),
		put("timeout without end for a large body", large, through(new(toxics.TimeoutToxic), nil), broken(client.ErrNoAnswer), nothing),
		put("limit_data to one byte", small, through(&toxics.LimitDataToxic{Bytes: 1}, nil), broken(nil), nothing),
		put("limit_data in the headers", small, through(&toxics.LimitDataToxic{Bytes: 50}, nil), broken(nil), nothing),
		put("limit_data in the body", large, through(&toxics.LimitDataToxic{Bytes: large / 2}, nil), broken(nil), nothing),
		put("a reset in the headers", small, reset(&toxics.LimitDataToxic{Bytes: 50}, nil), broken(nil), nothing),
		put("a reset in the body", large, reset(&toxics.LimitDataToxic{Bytes: large / 2}, nil), broken(nil), nothing),
		put("closed after the headers", small, through(inBody(0, closes), nil), broken(nil), nothing),
		put("closed before the last byte", small, through(inBody(small-1, closes), nil), broken(nil), nothing),
		put("closed before the last byte of many", large, through(inBody(large-1, closes), nil), broken(nil), nothing),
		put("reset before the last byte", large, reset(inBody(large-1, closes), nil), broken(nil), nothing),
		put("held in the headers", small, through(at(50, holds), nil), broken(client.ErrNoAnswer), nothing),
		put("held in the body", large, through(inBody(large/3, holds), nil), broken(client.ErrStalled), nothing),
		put("swallowed from the middle of the body", large, through(inBody(large/2, swallows), nil), broken(client.ErrNoAnswer), nothing),
		put("the last byte swallowed", large, through(inBody(large-1, swallows), nil), broken(client.ErrNoAnswer), nothing),
		put("another protocol's request", small, through(garbled("\x16\x03\x01\x00"), nil), expectation{exit: 8, status: 400, text: ".*"}, nothing),
		put("another method", small, through(garbled("GUT"), nil), expectation{exit: 8, status: 405, text: ".*"}, nothing),
	}
}

// faultsInBetween are ways that are slow, and others that answer in the
// server's place.
func faultsInBetween() []fault {
	patient := func(name string, size int, out, back toxics.Toxic) fault {
		return fault{name: name, method: http.MethodPut, size: size, mishap: through(out, back), wants: stored, holds: whole}
	}
	put := func(name string, size int, m mishap, wants expectation) fault {
		return fault{name: name, method: http.MethodPut, size: size, mishap: m, wants: wants, holds: nothing}
	}
	empty := func(status string) string {
		return "HTTP/1.1 " + status + "\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
	}
	const page = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 24\r\n\r\n<title>Sign in</title>  "
	return []fault{
		patient("latency out", small, &toxics.LatencyToxic{Latency: 50, Jitter: 20}, nil),
		patient("latency back", small, nil, &toxics.LatencyToxic{Latency: 50, Jitter: 20}),
		patient("latency of a large body", 2<<20, &toxics.LatencyToxic{Latency: 20}, &toxics.LatencyToxic{Latency: 20}),
		patient("little bandwidth out", 100_000, &toxics.BandwidthToxic{Rate: 500}, nil),
		patient("little bandwidth back", small, nil, &toxics.BandwidthToxic{Rate: 1}),
		patient("slicer out", small, &toxics.SlicerToxic{AverageSize: 10, SizeVariation: 9, Delay: 10}, nil),
		patient("slicer back", small, nil, &toxics.SlicerToxic{AverageSize: 1, Delay: 10}),
		patient("slow_close out", small, &toxics.SlowCloseToxic{Delay: 100}, nil),
		patient("slow_close back", small, nil, &toxics.SlowCloseToxic{Delay: 100}),
		put("408 from a proxy", small, answersAll(small, empty("408 Request Timeout")), failing(408)),
		put("429 from a proxy", small, answersAll(small, empty("429 Too Many Requests")), failing(429)),
		put("502 from a proxy", small, answersAll(small, empty("502 Bad Gateway")), failing(502)),
		put("502 in the middle of the body", large, answers("HTTP/1.1 100 Continue\r\n\r\n"+empty("502 Bad Gateway")), failing(502)),
		put("503 before the body", large, answers(empty("503 Service Unavailable")), failing(503)),
		put("413 before the body", large, answers(empty("413 Content Too Large")), refused(8, 413, nil)),
		put("413 in the middle of the body", large, answers("HTTP/1.1 100 Continue\r\n\r\n"+empty("413 Content Too Large")), refused(8, 413, nil)),
		put("202 before the body", large, answers(empty("202 Accepted")), refused(8, 202, client.ErrAnsweredEarly)),
		put("202 in the middle of the body", large, stopsReading("HTTP/1.1 100 Continue\r\n\r\n"+empty("202 Accepted")),
			refused(8, 202, client.ErrAnsweredEarly)),
		put("200 after none of 3 MB", 3_000_000, stopsReading("HTTP/1.1 100 Continue\r\n\r\n"+empty("200 OK")),
			refused(8, 200, client.ErrAnsweredEarly)),
		put("a page to sign in at", small, answersAll(small, page),
			expectation{exit: 8, status: 200, err: client.ErrNotRemoteCache, text: "Sign in: the answer is not a Remote Cache's"}),
		put("a redirect to such a page", small, answersAll(small, "HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n"),
			refused(8, 302, client.ErrRedirect)),
	}
}

// stopsReading answers at once, reads nothing more and does not hang up.
func stopsReading(text string) mishap {
	return func(l *link) {
		readHeader(l.client)
		io.WriteString(l.client, text)
		<-l.over
	}
}

// faultsBack are those on the way back: the server has stored the artifact.
func faultsBack() []fault {
	put := func(name string, m mishap, wants expectation) fault {
		return fault{name: name, method: http.MethodPut, size: small, mishap: m, wants: wants, holds: whole, change: impatientOptions}
	}
	answered := func(err error) expectation { return expectation{passes: true, status: http.StatusAccepted, err: err} }
	return []fault{
		put("the answer is lost", through(nil, at(0, closes)), broken(nil)),
		put("the answer is lost in a reset", reset(nil, new(toxics.ResetToxic)), broken(nil)),
		put("the answer is swallowed", through(nil, new(toxics.TimeoutToxic)), broken(client.ErrNoAnswer)),
		put("timeout of the answer", through(nil, &toxics.TimeoutToxic{Timeout: 150}), broken(nil)),
		put("limit_data in the status line", through(nil, &toxics.LimitDataToxic{Bytes: 5}), said(".*malformed HTTP .*")),
		put("limit_data in the answer's headers", through(nil, &toxics.LimitDataToxic{Bytes: 40}), said(".*(EOF|malformed MIME header.*)")),
		put("a reset in the answer's headers", reset(nil, &toxics.LimitDataToxic{Bytes: 40}), broken(nil)),
		put("held in the answer's headers", through(nil, at(40, holds)), broken(client.ErrNoAnswer)),
		put("closed before the answer's body", through(nil, inBody(0, closes)), answered(io.ErrUnexpectedEOF)),
		put("closed in the answer's body", through(nil, inBody(5, closes)), answered(io.ErrUnexpectedEOF)),
		put("held before the answer's body", through(nil, inBody(0, holds)), answered(client.ErrStalled)),
		put("held in the answer's body", through(nil, inBody(5, holds)), answered(client.ErrStalled)),
		put("another protocol's answer", through(nil, garbled("SSH-2.0-x")), said(`.*malformed HTTP .*`)),
		put("a status that is no number", through(nil, garbled("HTTP/1.1 2x2")), said(`.*malformed HTTP status code .*`)),
		put("an answer of something like HTTP", through(nil, garbled("ICY /1.1")), said(`.*malformed HTTP .*`)),
		put("the gateway gives up too early", gatewayTimeout, failing(504)),
		put("the gateway has lost the answer", gatewayLoses, failing(502)),
	}
}

// gatewayTimeout has the server store the artifact, and says that it did not
// answer.
func gatewayTimeout(l *link) { gateway(l, "504 Gateway Timeout") }
func gatewayLoses(l *link)   { gateway(l, "502 Bad Gateway") }

func gateway(l *link, status string) {
	server := l.dial()
	if server == nil {
		return
	}
	go io.Copy(server, l.client)
	readHeader(server)
	io.WriteString(l.client, "HTTP/1.1 "+status+"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
	<-l.over
}

// faultsOfTLS are those of encrypted connections, which break once for each
// version of HTTP.
func faultsOfTLS() []fault {
	put := func(name string, m mishap, wants expectation, h holding) fault {
		return fault{name: name, method: http.MethodPut, size: small, mishap: m, wants: wants, holds: h, secure: true, met: 2, change: impatientOptions}
	}
	distrustful := put("the certificate is unknown", through(nil, nil), expectation{exit: 9, text: ".*certificate signed by unknown authority"}, nothing)
	distrustful.change = func(o *client.Options) { o.RootCAs = nil }
	mute := put("nobody speaks in the handshake", alone(func(conn net.Conn) { io.Copy(io.Discard, conn) }),
		said("the TLS handshake took too long"), nothing)
	swallowing := put("garbage in a record", through(nil, at(2500, swallows)), broken(client.ErrNoAnswer), either)
	mute.met, swallowing.met = 1, 1 // another version of HTTP would not make it speak
	held := mute
	held.name, held.mishap = "held in the handshake", through(nil, at(100, holds))
	return []fault{
		mute, held,
		put("closed in the handshake", through(nil, &toxics.LimitDataToxic{Bytes: 100}), broken(nil), nothing),
		put("reset in the handshake", reset(nil, &toxics.LimitDataToxic{Bytes: 100}), broken(nil), nothing),
		put("closed at the handshake's first byte", through(&toxics.LimitDataToxic{Bytes: 1}, nil), broken(nil), nothing),
		put("no TLS at all", alone(func(conn net.Conn) {
			io.WriteString(conn, "HTTP/1.0 400 Bad Request\r\n\r\nspeak plain")
			io.Copy(io.Discard, conn)
		}), expectation{exit: 9, text: ".*does not look like a TLS handshake"}, nothing),
		swallowing,
		put("an alert", alone(func(conn net.Conn) {
			io.ReadFull(conn, make([]byte, 5))
			conn.Write([]byte{21, 3, 3, 0, 2, 2, 80}) // fatal, internal error
			io.Copy(io.Discard, conn)
		}), said(".*ended the TLS handshake: internal error"), nothing),
		distrustful,
	}
}

// apiCall is one of the client's, which is given the artifact's content and
// reports a success that is none.
type apiCall struct {
	doing string
	make  func(t *testing.T, c *client.Client, content []byte) error
}

// calls are those of the table, by their method.
var calls = map[string]apiCall{
	http.MethodPut: {"uploading abc", func(t *testing.T, c *client.Client, content []byte) error {
		metadata := artifact.Metadata{CI: "X", Duration: new(time.Second)}
		_, err := c.Put(t.Context(), client.Upload{ID: "abc", Source: artifact.FromBytes(content), Metadata: metadata})
		return err
	}},
	http.MethodGet: {"downloading abc", func(t *testing.T, c *client.Client, content []byte) error {
		var got []byte
		err := c.Get(t.Context(), client.Download{ID: "abc", Receive: func(_ client.Found, body io.Reader) (err error) {
			got, err = io.ReadAll(body)
			return err
		}})
		if err == nil && !bytes.Equal(got, content) {
			t.Errorf("%d wrong bytes came", len(got))
		}
		return err
	}},
	http.MethodHead: {"looking up abc", func(t *testing.T, c *client.Client, content []byte) error {
		found, err := c.Stat(t.Context(), "abc")
		if err == nil && (found.ID != "abc" || found.Size != int64(len(content))) {
			t.Errorf("found %+v", found)
		}
		return err
	}},
	http.MethodPost: {"asking which artifacts are there", func(t *testing.T, c *client.Client, content []byte) error {
		answers, err := c.Query(t.Context(), []artifact.ID{"missing", "abc"})
		if err == nil && (len(answers) != 2 || answers[0].Presence != client.Missing ||
			answers[1].Presence != client.Present || answers[1].Found.Size != int64(len(content))) {
			t.Errorf("answers %+v", answers)
		}
		return err
	}},
}

// fill stores the artifact that is asked for.
func (c *cache) fill(t *testing.T, content []byte) {
	t.Helper()
	metadata := artifact.Metadata{CI: "X", Duration: new(time.Second)}
	must.Do(t, c.store.Put(t.Context(), store.Key{ID: "abc"}, int64(len(content)), metadata, bytes.NewReader(content)))
}
