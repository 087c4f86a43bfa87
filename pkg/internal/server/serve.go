package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/artifact-cli/artifact/pkg/internal/fault"
)

// maxHeaderBytes is room for the longest path, query and metadata, encoded.
const maxHeaderBytes = 16 << 10

// ErrCutOff is returned by [Server.Serve] if requests did not end in time when it
// stopped.
var ErrCutOff = errors.New("requests in flight were cut off")

// Serve answers requests on listener, which it closes, until ctx ends. Then it
// waits up to [Limits].Grace for requests in flight, cuts off the rest, and
// returns nil or an error that wraps [ErrCutOff]. Any other error is the
// listener's. Serve may be called only once.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	web := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: s.limits.Header,
		IdleTimeout:       s.limits.Idle,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          log.New(io.Discard, "", 0),
		// "OPTIONS *" is checked too.
		DisableGeneralOptionsHandler: true,
		BaseContext:                  func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
	}
	failed := make(chan error, 1)
	listener = &reporting{Listener: listener, warn: s.warn}
	if s.cert != nil {
		// Not HTTP/2: all limits are those of a connection with one request at a time.
		listener = tls.NewListener(listener, &tls.Config{
			MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"},
			GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return s.cert(), nil },
		})
	}
	go func() { failed <- fault.Catch(func() error { return web.Serve(listener) }) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serving: %w", errors.Join(err, web.Close()))
	case <-ctx.Done():
		err := s.stop(context.WithoutCancel(ctx), web)
		<-failed //nolint:errcheck // it is http.ErrServerClosed: the listener is closed, even if it was not yet served
		return err
	}
}

// reporting is a listener that reports errors, such as that too many files are
// open. net/http tries again, up to 200 times a second.
type reporting struct {
	net.Listener
	warn    func(error)
	failing bool // and it was reported
}

func (l *reporting) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	var retried interface{ Temporary() bool }
	if errors.As(err, &retried) && retried.Temporary() && !l.failing {
		l.warn(fmt.Errorf("waiting for connections: %w", err))
	}
	l.failing = err != nil
	return conn, err
}

// stop shuts web down, gracefully for up to [Limits].Grace.
func (s *Server) stop(ctx context.Context, web *http.Server) error {
	grace, cancel := context.WithTimeout(ctx, s.limits.Grace)
	defer cancel()
	if web.Shutdown(grace) == nil {
		return nil
	}
	// Handlers notice at the next read or write, and clean up. A disk may hang.
	err := errors.Join(ErrCutOff, web.Close())
	done := make(chan struct{})
	go func() {
		s.inFlight.Lock()
		defer s.inFlight.Unlock()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(s.limits.Grace):
	}
	return fmt.Errorf("stopping: %w", err)
}
