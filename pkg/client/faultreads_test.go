package client_test

import (
	"fmt"
	"io"
	"net"
	"net/http"

	"github.com/Shopify/toxiproxy/v2/toxics"

	"github.com/artifact-cli/artifact/pkg/client"
)

// instead is the answer of somebody on the way, with a body of two bytes.
func instead(status int, header string) mishap {
	return answers(fmt.Sprintf("HTTP/1.1 %d %s\r\nConnection: close\r\n%sContent-Length: 2\r\n\r\n{}", status, http.StatusText(status), header))
}

// faultsOfReading are those that each question can meet, on its way out and on
// the way back up to the headers of the answer.
func faultsOfReading(method string, size int) []fault {
	ask := func(name string, m mishap, wants expectation) fault {
		return fault{name: name, method: method, size: size, mishap: m, wants: wants, change: impatientOptions}
	}
	slow := func(name string, out, back toxics.Toxic) fault {
		return fault{name: name, method: method, size: size, mishap: through(out, back), wants: stored}
	}
	return []fault{
		slow("latency", &toxics.LatencyToxic{Latency: 30, Jitter: 20}, &toxics.LatencyToxic{Latency: 30}),
		slow("slicer out", &toxics.SlicerToxic{AverageSize: 20, Delay: 10}, nil),
		slow("slow_close back", nil, &toxics.SlowCloseToxic{Delay: 100}),
		ask("the connection is closed at once", alone(func(net.Conn) {}), broken(nil)),
		ask("the connection is reset at once", alone(func(conn net.Conn) { conn.(*net.TCPConn).SetLinger(0) }), broken(nil)),
		ask("limit_data in the request's headers", through(&toxics.LimitDataToxic{Bytes: 50}, nil), broken(nil)),
		ask("the request is swallowed", through(new(toxics.TimeoutToxic), nil), broken(client.ErrNoAnswer)),
		ask("the answer is lost", through(nil, at(0, closes)), broken(nil)),
		ask("the answer is lost in a reset", reset(nil, new(toxics.ResetToxic)), broken(nil)),
		ask("the answer is swallowed", through(nil, at(0, swallows)), broken(client.ErrNoAnswer)),
		ask("limit_data in the answer's headers", through(nil, &toxics.LimitDataToxic{Bytes: 40}), said(".*(EOF|malformed MIME header.*)")),
		ask("held in the answer's headers", through(nil, at(40, holds)), broken(client.ErrNoAnswer)),
		ask("another protocol's answer", through(nil, garbled("SSH-2.0-x")), said(`.*malformed HTTP .*`)),
		ask("408 from a proxy", instead(408, ""), failing(408)),
		ask("412 from a proxy", instead(412, ""), failing(412)),
		ask("425 from a proxy", instead(425, ""), failing(425)),
		ask("429 from a proxy", instead(429, "Retry-After: 1\r\n"), failing(429)),
		ask("429 for an hour", instead(429, "Retry-After: 3600\r\n"), refused(9, 429, client.ErrRetryAfter)),
		ask("500 from a proxy", instead(500, "Retry-After: soon\r\n"), failing(500)),
		ask("502 from a proxy", instead(502, ""), failing(502)),
		ask("503 from a proxy", instead(503, "Retry-After: Fri, 02 Jan 2015 03:04:05 GMT\r\n"), failing(503)),
		ask("503 for years", instead(503, "Retry-After: Fri, 31 Dec 9999 23:59:59 GMT\r\n"), refused(9, 503, client.ErrRetryAfter)),
		ask("504 from a proxy", instead(504, ""), failing(504)),
		ask("401 from a proxy", instead(401, ""), refused(3, 401, nil)),
		ask("407 from a proxy", instead(407, ""), refused(8, 407, nil)),
	}
}

// faultsOfGet are those of a download, most of them in the middle of it.
func faultsOfGet() []fault {
	get := func(name string, m mishap, wants expectation) fault {
		return fault{name: name, method: http.MethodGet, size: large, mishap: m, wants: wants, change: impatientOptions}
	}
	of := func(err error) expectation { return expectation{passes: true, status: http.StatusOK, err: err} }
	torn := expectation{passes: true, status: http.StatusOK, text: `reading the server's answer: .*connection reset by peer`}
	return append(faultsOfReading(http.MethodGet, small),
		get("limit_data in the middle", through(nil, &toxics.LimitDataToxic{Bytes: large / 2}), of(io.ErrUnexpectedEOF)),
		get("a reset in the middle", reset(nil, &toxics.LimitDataToxic{Bytes: large / 2}), torn),
		get("closed before the first byte", through(nil, inBody(0, closes)), of(io.ErrUnexpectedEOF)),
		get("closed before the last byte", through(nil, inBody(large-1, closes)), of(io.ErrUnexpectedEOF)),
		get("held before the first byte", through(nil, inBody(0, holds)), of(client.ErrStalled)),
		get("held in the middle", through(nil, inBody(large/2, holds)), of(client.ErrStalled)),
		get("the last byte swallowed", through(nil, inBody(large-1, swallows)), of(client.ErrStalled)),
		fault{name: "little bandwidth", method: http.MethodGet, size: 100_000, mishap: through(nil, &toxics.BandwidthToxic{Rate: 500}), wants: stored},
		fault{name: "slicer back", method: http.MethodGet, size: 2000, mishap: through(nil, &toxics.SlicerToxic{AverageSize: 20, Delay: 100}), wants: stored},
		get("a page to sign in at", instead(200, "Content-Type: text/html\r\n"), refused(8, 200, client.ErrNotRemoteCache)),
		get("a proxy compresses", instead(200, "Content-Encoding: gzip\r\n"), refused(8, 200, client.ErrEncoded)),
		get("a part", instead(206, ""), refused(8, 206, client.ErrNotRemoteCache)),
		get("404 from a proxy", instead(404, ""), refused(6, 404, nil)),
	)
}

// faultsOfQuestions are those of HEAD and of the batch query.
func faultsOfQuestions() []fault {
	head := func(name string, m mishap, wants expectation) fault {
		return fault{name: name, method: http.MethodHead, size: small, mishap: m, wants: wants, change: impatientOptions}
	}
	query := func(name string, m mishap, wants expectation) fault {
		return fault{name: name, method: http.MethodPost, size: small, mishap: m, wants: wants, change: impatientOptions}
	}
	of := func(err error) expectation { return expectation{passes: true, status: http.StatusOK, err: err} }
	return append(append(faultsOfReading(http.MethodHead, small), faultsOfReading(http.MethodPost, small)...),
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
