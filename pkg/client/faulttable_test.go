package client_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/Shopify/toxiproxy/v2/toxics"

	"github.com/artifact-cli/artifact/pkg/client"
)

// The sizes of artifacts in the table: one that goes out unasked, and one that
// waits for the server's consent and fills every buffer on the way.
const (
	small = 3000
	large = 12 << 20
)

// faultsOf makes rows of one method, for an artifact of one size, after which the
// server holds the artifact or not.
func faultsOf(method string, size int, holds holding) func(name string, m mishap, wants expectation) fault {
	return func(name string, m mishap, wants expectation) fault {
		row := fault{name: name, method: method, size: size, mishap: m, wants: wants, holds: holds}
		if wants.isLate() { // others take their time on a busy machine
			row.change = impatientOptions
		}
		return row
	}
}

// isLate reports whether a limit of time is expected to pass.
func (e expectation) isLate() bool {
	return isLate(e.err) || strings.HasSuffix(e.text, tooLong)
}

// tooLong is the end of an error's text when a connection could not be made in time.
const tooLong = "took too long"

// isLate reports whether a limit of time has passed.
func isLate(err error) bool {
	return errors.Is(err, client.ErrNoAnswer) || errors.Is(err, client.ErrStalled) || err != nil && strings.HasSuffix(err.Error(), tooLong)
}

// slow is a row of a way that only takes its time, under the usual limits.
func slow(method, name string, size int, out, back toxics.Toxic) fault {
	return fault{name: name, method: method, size: size, mishap: through(out, back), wants: stored, holds: whole}
}

// instead is the answer of somebody on the way, with a body of two bytes.
func instead(status int, header string) mishap {
	return answers(0, fmt.Sprintf("HTTP/1.1 %d %s\r\nConnection: close\r\n%sContent-Length: 2\r\n\r\n{}", status, http.StatusText(status), header))
}

// faultsOfAll are those that each call can meet, on its way out and on the way back
// up to the headers of the answer.
func faultsOfAll(method string) []fault {
	lost, done := faultsOf(method, small, nothing), faultsOf(method, small, whole)
	return []fault{
		slow(method, "latency", small, &toxics.LatencyToxic{Latency: 30, Jitter: 20}, &toxics.LatencyToxic{Latency: 30}),
		slow(method, "slicer out", small, &toxics.SlicerToxic{AverageSize: 20, SizeVariation: 9, Delay: 10}, nil),
		slow(method, "slow_close back", small, nil, &toxics.SlowCloseToxic{Delay: 100}),
		lost("no server listens", nil, said("dial tcp .*: connect: connection refused")),
		lost("the connection is closed at once", alone(func(net.Conn) {}), broken(nil)),
		lost("the connection is reset at once", alone(func(conn net.Conn) { conn.(*net.TCPConn).SetLinger(0) }), broken(nil)),
		lost("limit_data in the request's headers", through(&toxics.LimitDataToxic{Bytes: 50}, nil), broken(nil)),
		lost("the request is swallowed", through(new(toxics.TimeoutToxic), nil), broken(client.ErrNoAnswer)),
		done("the answer is lost", through(nil, at(0, closes)), broken(nil)),
		done("the answer is lost in a reset", reset(nil, new(toxics.ResetToxic)), broken(nil)),
		done("the answer is swallowed", through(nil, at(0, swallows)), broken(client.ErrNoAnswer)),
		done("limit_data in the answer's headers", through(nil, &toxics.LimitDataToxic{Bytes: 40}), said("the server closed the connection in the middle of its answer")),
		done("held in the answer's headers", through(nil, at(40, holds)), broken(client.ErrNoAnswer)),
		done("another protocol's answer", through(nil, garbled("SSH-2.0-x")), said(`the answer is not valid HTTP: malformed HTTP .*`)),
		lost("408 from a proxy", instead(408, ""), failing(408)),
		lost("412 from a proxy", instead(412, ""), failing(412)),
		lost("425 from a proxy", instead(425, ""), failing(425)),
		lost("429 from a proxy", instead(429, "Retry-After: 1\r\n"), failing(429)),
		lost("429 for an hour", instead(429, "Retry-After: 3600\r\n"), refused(9, 429, client.ErrRetryAfter)),
		lost("500 from a proxy", instead(500, "Retry-After: soon\r\n"), failing(500)),
		lost("502 from a proxy", instead(502, ""), failing(502)),
		lost("503 from a proxy", instead(503, "Retry-After: Fri, 02 Jan 2015 03:04:05 GMT\r\n"), failing(503)),
		lost("503 for years", instead(503, "Retry-After: Fri, 31 Dec 9999 23:59:59 GMT\r\n"), refused(9, 503, client.ErrRetryAfter)),
		lost("504 from a proxy", instead(504, ""), failing(504)),
		lost("401 from a proxy", instead(401, ""), refused(3, 401, nil)),
		lost("407 from a proxy", instead(407, ""), refused(8, 407, nil)),
	}
}

// faultsOut are those of an upload on its way to the server.
func faultsOut() []fault {
	short, long := faultsOf(http.MethodPut, small, nothing), faultsOf(http.MethodPut, large, nothing)
	silent := func(l *link) { <-l.over }
	return []fault{
		long("reset_peer", reset(new(toxics.ResetToxic), nil), broken(nil)),
		long("reset_peer after 50 ms", reset(&toxics.ResetToxic{Timeout: 50}, nil), broken(nil)),
		short("the server does not read a small request", silent, broken(client.ErrNoAnswer)),
		long("the server does not read a large request", silent, broken(client.ErrStalled)),
		short("timeout", through(&toxics.TimeoutToxic{Timeout: 100}, nil), broken(nil)),
		long("timeout without end for a large body", through(new(toxics.TimeoutToxic), nil), broken(client.ErrNoAnswer)),
		short("limit_data to one byte", through(&toxics.LimitDataToxic{Bytes: 1}, nil), broken(nil)),
		long("limit_data in the body", through(&toxics.LimitDataToxic{Bytes: large / 2}, nil), broken(nil)),
		short("a reset in the headers", reset(&toxics.LimitDataToxic{Bytes: 50}, nil), broken(nil)),
		long("a reset in the body", reset(&toxics.LimitDataToxic{Bytes: large / 2}, nil), broken(nil)),
		short("closed after the headers", through(inBody(0, closes), nil), broken(nil)),
		short("closed before the last byte", through(inBody(small-1, closes), nil), broken(nil)),
		long("closed before the last byte of many", through(inBody(large-1, closes), nil), broken(nil)),
		long("reset before the last byte", reset(inBody(large-1, closes), nil), broken(nil)),
		short("held in the headers", through(at(50, holds), nil), broken(client.ErrNoAnswer)),
		long("held in the body", through(inBody(large/3, holds), nil), broken(client.ErrStalled)),
		long("swallowed from the middle of the body", through(inBody(large/2, swallows), nil), broken(client.ErrNoAnswer)),
		long("the last byte swallowed", through(inBody(large-1, swallows), nil), broken(client.ErrNoAnswer)),
		short("another protocol's request", through(garbled("\x16\x03\x01\x00"), nil), expectation{exit: 8, status: 400, text: ".*"}),
		short("another method", through(garbled("GUT"), nil), expectation{exit: 8, status: 405, text: ".*"}),
	}
}

// faultsInBetween are ways of an upload that are slow, and others that answer in the
// server's place.
func faultsInBetween() []fault {
	short, long := faultsOf(http.MethodPut, small, nothing), faultsOf(http.MethodPut, large, nothing)
	empty := func(status string) string {
		return "HTTP/1.1 " + status + "\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
	}
	// stops answers at once, reads nothing more and keeps the connection open.
	stops := func(text string) mishap {
		return func(l *link) {
			readHeader(l.client)
			io.WriteString(l.client, text)
			<-l.over
		}
	}
	const page = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 24\r\n\r\n<title>Sign in</title>  "
	early := func(status int) expectation { return refused(8, status, client.ErrAnsweredEarly) }
	return []fault{
		slow(http.MethodPut, "latency of a large body", 2<<20, &toxics.LatencyToxic{Latency: 20}, &toxics.LatencyToxic{Latency: 20}),
		slow(http.MethodPut, "little bandwidth out", 100_000, &toxics.BandwidthToxic{Rate: 500}, nil),
		slow(http.MethodPut, "little bandwidth back", small, nil, &toxics.BandwidthToxic{Rate: 1}),
		slow(http.MethodPut, "slicer back", small, nil, &toxics.SlicerToxic{AverageSize: 1, Delay: 10}),
		slow(http.MethodPut, "slow_close out", small, &toxics.SlowCloseToxic{Delay: 100}, nil),
		long("502 in the middle of the body", answers(0, consent+empty("502 Bad Gateway")), failing(502)),
		long("503 before the body", answers(0, empty("503 Service Unavailable")), failing(503)),
		long("413 before the body", answers(0, empty("413 Content Too Large")), refused(8, 413, nil)),
		long("413 in the middle of the body", answers(0, consent+empty("413 Content Too Large")), refused(8, 413, nil)),
		long("202 before the body", answers(0, empty("202 Accepted")), early(202)),
		long("202 before the body, of which nothing is read", stops(empty("202 Accepted")), early(202)),
		long("202 in the middle of the body", stops(consent+empty("202 Accepted")), early(202)),
		faultsOf(http.MethodPut, 3_000_000, nothing)("200 after none of 3 MB", stops(consent+empty("200 OK")), early(200)),
		short("a page to sign in at", answers(small, page),
			expectation{exit: 8, status: 200, err: client.ErrNotRemoteCache, text: "Sign in: the answer does not come from a Remote Cache"}),
		short("a redirect to such a page", answers(small, "HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n"),
			refused(8, 302, client.ErrRedirect)),
	}
}

// faultsBack are those of an upload on the way back: the server has stored the
// artifact.
func faultsBack() []fault {
	put := faultsOf(http.MethodPut, small, whole)
	answered := func(err error) expectation { return expectation{passes: true, status: http.StatusAccepted, err: err} }
	// gateway answers in the place of the server, which has stored the artifact.
	gateway := func(status string) mishap {
		return func(l *link) {
			if server := l.dial(); server != nil {
				go io.Copy(server, l.client)
				readHeader(server)
				io.WriteString(l.client, "HTTP/1.1 "+status+"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
				<-l.over
			}
		}
	}
	return []fault{
		put("timeout of the answer", through(nil, &toxics.TimeoutToxic{Timeout: 150}), broken(nil)),
		put("limit_data in the status line", through(nil, &toxics.LimitDataToxic{Bytes: 5}), said(".*malformed HTTP .*")),
		put("a reset in the answer's headers", reset(nil, &toxics.LimitDataToxic{Bytes: 40}), broken(nil)),
		put("closed before the answer's body", through(nil, inBody(0, closes)), answered(io.ErrUnexpectedEOF)),
		put("closed in the answer's body", through(nil, inBody(5, closes)), answered(io.ErrUnexpectedEOF)),
		put("held before the answer's body", through(nil, inBody(0, holds)), answered(client.ErrStalled)),
		put("held in the answer's body", through(nil, inBody(5, holds)), answered(client.ErrStalled)),
		put("a status that is no number", through(nil, garbled("HTTP/1.1 2x2")), said(`.*malformed HTTP status code .*`)),
		put("an answer of something like HTTP", through(nil, garbled("ICY /1.1")), said(`.*malformed HTTP .*`)),
		put("the gateway gives up too early", gateway("504 Gateway Timeout"), failing(504)),
		put("the gateway has lost the answer", gateway("502 Bad Gateway"), failing(502)),
	}
}

// faultsOfTLS are those of encrypted connections, which break once for each
// version of HTTP.
func faultsOfTLS() []fault {
	put := func(name string, m mishap, wants expectation) fault {
		row := faultsOf(http.MethodPut, small, nothing)(name, m, wants)
		row.secure, row.met = true, 2
		return row
	}
	distrustful := put("the certificate is unknown", through(nil, nil), expectation{exit: 9, text: ".*certificate signed by unknown authority"})
	distrustful.change = func(o *client.Options) { o.RootCAs = nil }
	mute := put("the server is silent in the handshake", alone(func(conn net.Conn) { io.Copy(io.Discard, conn) }),
		said("the TLS handshake took too long"))
	swallowing := put("garbage in a record", through(nil, at(2500, swallows)), broken(client.ErrNoAnswer))
	swallowing.holds = either
	mute.met, swallowing.met = 1, 1 // another version of HTTP would not make it speak
	held := mute
	held.name, held.mishap = "held in the handshake", through(nil, at(100, holds))
	return []fault{
		mute, held,
		put("closed in the handshake", through(nil, &toxics.LimitDataToxic{Bytes: 100}), broken(nil)),
		put("reset in the handshake", reset(nil, &toxics.LimitDataToxic{Bytes: 100}), broken(nil)),
		put("closed at the handshake's first byte", through(&toxics.LimitDataToxic{Bytes: 1}, nil), broken(nil)),
		put("no TLS at all", alone(func(conn net.Conn) {
			io.WriteString(conn, "HTTP/1.0 400 Bad Request\r\n\r\nspeak plain")
			io.Copy(io.Discard, conn)
		}), expectation{exit: 9, text: ".*does not look like a TLS handshake"}),
		swallowing,
		put("an alert", alone(func(conn net.Conn) {
			io.ReadFull(conn, make([]byte, 5))
			conn.Write([]byte{21, 3, 3, 0, 2, 2, 80}) // fatal, internal error
			io.Copy(io.Discard, conn)
		}), said(".*ended the TLS handshake: internal error")),
		distrustful,
	}
}

// faultsOfGet are those of a download, most of them in the middle of it.
func faultsOfGet() []fault {
	get, short := faultsOf(http.MethodGet, large, whole), faultsOf(http.MethodGet, small, whole)
	chunks := func(text string) mishap { // which break off
		return alone(func(conn net.Conn) {
			readHeader(conn)
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"+text)
		})
	}
	of := func(err error) expectation { return expectation{passes: true, status: http.StatusOK, err: err} }
	torn := expectation{passes: true, status: http.StatusOK, text: `reading the server's answer: .*connection reset by peer`}
	return append(faultsOfAll(http.MethodGet),
		get("limit_data in the middle", through(nil, &toxics.LimitDataToxic{Bytes: large / 2}), of(io.ErrUnexpectedEOF)),
		get("a reset in the middle", reset(nil, &toxics.LimitDataToxic{Bytes: large / 2}), torn),
		get("closed before the first byte", through(nil, inBody(0, closes)), of(io.ErrUnexpectedEOF)),
		get("closed before the last byte", through(nil, inBody(large-1, closes)), of(io.ErrUnexpectedEOF)),
		get("held before the first byte", through(nil, inBody(0, holds)), of(client.ErrStalled)),
		get("held in the middle", through(nil, inBody(large/2, holds)), of(client.ErrStalled)),
		get("the last byte swallowed", through(nil, inBody(large-1, swallows)), of(client.ErrStalled)),
		short("within a chunk", chunks("5\r\nbyt"), of(io.ErrUnexpectedEOF)),
		short("without a last chunk", chunks("5\r\nbytes\r\n"), of(io.ErrUnexpectedEOF)),
		short("a broken chunk", chunks("zz\r\nbytes\r\n"), expectation{passes: true, status: http.StatusOK, text: ".*invalid byte in chunk length"}),
		slow(http.MethodGet, "little bandwidth", 100_000, nil, &toxics.BandwidthToxic{Rate: 500}),
		slow(http.MethodGet, "slicer back", 2000, nil, &toxics.SlicerToxic{AverageSize: 20, Delay: 100}),
		get("a page to sign in at", instead(200, "Content-Type: text/html\r\n"), refused(8, 200, client.ErrNotRemoteCache)),
		get("a proxy compresses", instead(200, "Content-Encoding: gzip\r\n"), refused(8, 200, client.ErrEncoded)),
		get("a part", instead(206, ""), refused(8, 206, client.ErrNotRemoteCache)),
		get("404 from a proxy", instead(404, ""), refused(6, 404, nil)),
	)
}

// faultsOfQuestions are those of HEAD and of the batch query.
func faultsOfQuestions() []fault {
	head, query := faultsOf(http.MethodHead, small, whole), faultsOf(http.MethodPost, small, whole)
	of := func(err error) expectation { return expectation{passes: true, status: http.StatusOK, err: err} }
	return append(append(faultsOfAll(http.MethodHead), faultsOfAll(http.MethodPost)...),
		head("404 from a proxy", instead(404, ""), refused(6, 404, nil)),
		head("a page to sign in at", instead(200, "Content-Type: text/html\r\n"), refused(8, 200, client.ErrNotRemoteCache)),
		query("closed in the question", through(inBody(10, closes), nil), broken(nil)),
		query("held in the question", through(inBody(10, holds), nil), broken(client.ErrNoAnswer)),
		query("closed before the answer's body", through(nil, inBody(0, closes)), of(io.ErrUnexpectedEOF)),
		query("closed in the answer's body", through(nil, inBody(10, closes)), of(io.ErrUnexpectedEOF)),
		query("held in the answer's body", through(nil, inBody(10, holds)), of(client.ErrStalled)),
		query("403 from a proxy", instead(403, ""), refused(5, 403, nil)),
	)
}
