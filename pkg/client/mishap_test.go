package client_test

import (
	"bytes"
	"io"
	"math"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2/stream"
	"github.com/Shopify/toxiproxy/v2/toxics"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/internal/must"
)

// mishap handles one connection of a client, and can connect to the server.
type mishap func(l *link)

// link is a connection through a network that fails.
type link struct {
	client *net.TCPConn
	dial   func() *net.TCPConn // the server; nil when it is gone
	over   <-chan struct{}     // the test is
}

// network is a proxy in front of a server. The first connections have a mishap,
// the others do not.
type network struct {
	server string
	over   chan struct{}
	once   sync.Once
	links  sync.WaitGroup
	mu     sync.Mutex
	conns  []net.Conn
}

// startNetwork starts a network, and returns its address.
func startNetwork(t *testing.T, listen, server string, first mishap, count int64) (n *network, address string) {
	t.Helper()
	listener := must.Get(net.Listen("tcp", listen))(t)
	n = &network{server: server, over: make(chan struct{})}
	var met atomic.Int64
	n.links.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			meets := first
			if met.Add(1) > count {
				meets = through(nil, nil)
			}
			l := &link{client: n.keep(conn), dial: n.dial, over: n.over}
			n.links.Go(func() { defer l.client.Close(); meets(l) })
		}
	})
	t.Cleanup(func() { listener.Close(); n.stop() })
	return n, listener.Addr().String()
}

// stop ends all connections. It may be called more than once.
func (n *network) stop() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.once.Do(func() { close(n.over) })
	for _, conn := range n.conns {
		conn.Close()
	}
}

// maxBuffered is how much a connection's system keeps unread, in bytes. Otherwise it
// may be megabytes, and a large body fits into the buffers.
const maxBuffered = 256 << 10

func (n *network) keep(conn net.Conn) *net.TCPConn {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.conns = append(n.conns, conn)
	tcp := conn.(*net.TCPConn)
	_ = tcp.SetReadBuffer(maxBuffered)
	return tcp
}

func (n *network) dial() *net.TCPConn {
	conn, err := net.Dial("tcp", n.server)
	if err != nil {
		return nil
	}
	return n.keep(conn)
}

// through forwards a connection, with a toxic (toxiproxy's or ours) in each
// direction. A nil toxic changes nothing.
func through(out, back toxics.Toxic) mishap {
	return func(l *link) {
		server := l.dial()
		if server == nil {
			return
		}
		var flows sync.WaitGroup
		flows.Go(func() { l.flow(server, l.client, out) })
		flows.Go(func() { l.flow(l.client, server, back) })
		flows.Wait()
	}
}

// reset is like through, but resets both connections at the end.
func reset(out, back toxics.Toxic) mishap {
	return func(l *link) {
		dial := l.dial
		l.dial = func() *net.TCPConn {
			server := dial()
			for _, conn := range []*net.TCPConn{l.client, server} {
				if conn != nil {
					conn.SetLinger(0)
				}
			}
			return server
		}
		through(out, back)(l)
	}
}

// flow is one direction, built like toxiproxy's.
func (l *link) flow(to, from *net.TCPConn, toxic toxics.Toxic) {
	if toxic == nil {
		toxic = new(toxics.NoopToxic)
	}
	in, out := make(chan *stream.StreamChunk), make(chan *stream.StreamChunk)
	stub := toxics.NewToxicStub(in, out)
	if stateful, ok := toxic.(toxics.StatefulToxic); ok {
		stub.State = stateful.NewState()
	} else {
		stub.State = l.over
	}
	go func() {
		defer close(in)
		io.Copy(stream.NewChanWriter(in), from)
	}()
	go func() {
		toxic.Pipe(stub)
		stub.Close()
		for range in { // so that the reader above can end
		}
	}()
	io.Copy(to, stream.NewChanReader(out))
	to.Close()
	for range out {
	}
}

// breaking is a toxic that breaks after a number of bytes, counted from the
// beginning or from the end of the headers.
type breaking struct {
	afterHeaders bool
	bytes        int
	then         ending
	replace      string // takes the place of what comes first
}

// ending is how a connection breaks.
type ending int

const (
	closes   ending = iota // closes the connection
	holds                  // stops reading
	swallows               // reads and discards
)

func at(bytes int, then ending) *breaking {
	return &breaking{bytes: bytes, then: then}
}

func inBody(bytes int, then ending) *breaking {
	return &breaking{afterHeaders: true, bytes: bytes, then: then}
}

// garbled replaces the first bytes.
func garbled(text string) *breaking {
	return &breaking{bytes: math.MaxInt, replace: text}
}

// Pipe implements toxics.Toxic, for any number of connections.
func (b *breaking) Pipe(stub *toxics.ToxicStub) {
	var header []byte
	left := b.bytes
	counting, replaced := !b.afterHeaders, false
	for chunk := range stub.Input {
		data := slices.Clone(chunk.Data)
		if !replaced {
			replaced = true
			copy(data, b.replace)
		}
		before := 0 // bytes of headers, which pass
		if !counting {
			before = len(data)
			header = append(header, data...)
			if end := bytes.Index(header, []byte("\r\n\r\n")); end >= 0 {
				before -= len(header) - (end + 4)
				counting = true
			}
		}
		pass := len(data)
		if left < len(data)-before {
			pass = before + left
		}
		if pass > 0 {
			stub.Output <- &stream.StreamChunk{Data: data[:pass], Timestamp: chunk.Timestamp}
		}
		left -= pass - before
		if counting && left == 0 {
			switch b.then {
			case holds:
				<-stub.State.(<-chan struct{}) // the test is over
			case swallows:
				for range stub.Input {
				}
			}
			return
		}
	}
}

// alone replaces the server on a connection.
func alone(handle func(conn net.Conn)) mishap {
	return func(l *link) { handle(l.client) }
}

// answers reads a request's headers and some bytes of its body, and answers. It
// then reads on, so that its answer is not lost in a reset.
func answers(size int64, text string) mishap {
	return alone(func(conn net.Conn) {
		readHeader(conn)
		io.CopyN(io.Discard, conn, size)
		io.WriteString(conn, text)
		io.Copy(io.Discard, conn)
	})
}

// apiCall is a method of the client.
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
	http.MethodPost: {"asking which artifacts exist", func(t *testing.T, c *client.Client, content []byte) error {
		answers, err := c.Query(t.Context(), []artifact.ID{"missing", "abc"})
		if err == nil && (len(answers) != 2 || answers[0].Presence != client.Missing ||
			answers[1].Presence != client.Present || answers[1].Found.Size != int64(len(content))) {
			t.Errorf("answers %+v", answers)
		}
		return err
	}},
}
