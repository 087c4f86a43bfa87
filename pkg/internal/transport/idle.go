package transport

import (
	"sync"
	"time"
)

// maxIdle is how long a connection is kept without a request. It is shorter
// than servers keep theirs, so that a request hardly meets one that is closed.
const maxIdle = time.Second

// idleConns are connections that wait for their next request.
type idleConns struct {
	most int // for each address

	mu    sync.Mutex
	conns map[string][]idleConn // by address, the longest idle ones first
	sweep *time.Timer           // nil while there are none
}

type idleConn struct {
	*smallConn
	since time.Time
}

// take gives the connection that was used last of those that nothing has come
// on since, or nil.
func (i *idleConns) take(address string) *smallConn {
	for {
		conn := i.last(address)
		if conn == nil || conn.isQuiet() {
			return conn
		}
		go func() { _ = conn.Close() }() // as in closeOld
	}
}

func (i *idleConns) last(address string) *smallConn {
	i.mu.Lock()
	defer i.mu.Unlock()
	conns := i.conns[address]
	if len(conns) == 0 {
		return nil
	}
	last := conns[len(conns)-1]
	if time.Since(last.since) > maxIdle {
		return nil // the sweep is about to come
	}
	conns[len(conns)-1] = idleConn{}
	i.conns[address] = conns[:len(conns)-1]
	return last.smallConn
}

// keep makes a connection wait for the next request.
func (i *idleConns) keep(conn *smallConn) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.conns[conn.address]) >= i.most {
		_ = conn.Close()
		return
	}
	if i.conns == nil {
		i.conns = map[string][]idleConn{}
	}
	i.conns[conn.address] = append(i.conns[conn.address], idleConn{conn, time.Now()})
	if i.sweep == nil {
		i.sweep = time.AfterFunc(maxIdle, i.closeOld)
	}
}

// closeOld closes what was idle for too long.
func (i *idleConns) closeOld() {
	for _, conn := range i.takeOld() {
		_ = conn.Close() // which may wait for the network, and holds up nobody
	}
}

func (i *idleConns) takeOld() (old []idleConn) {
	i.mu.Lock()
	defer i.mu.Unlock()
	left := 0
	for address, conns := range i.conns {
		for len(conns) > 0 && time.Since(conns[0].since) >= maxIdle {
			old = append(old, conns[0])
			conns[0] = idleConn{}
			conns = conns[1:]
		}
		i.conns[address] = conns
		left += len(conns)
	}
	i.sweep = nil
	if left > 0 {
		i.sweep = time.AfterFunc(maxIdle, i.closeOld)
	}
	return old
}
