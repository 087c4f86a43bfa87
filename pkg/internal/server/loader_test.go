package server_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"math/rand/v2"
	"net/http"
	"time"
)

// loader is one of the clients of TestLoad, with ids of its own.
type loader struct {
	*load
	n, ids int
	random *rand.Rand
	has    map[string]version
}

// version is an uploaded artifact.
type version struct {
	seed  uint64
	size  int64
	acked bool // otherwise it may be missing, since its upload was not answered with success
}

func (c *loader) step() {
	switch c.random.IntN(10) {
	case 0:
		id := c.target()
		c.breakOff(id)
		c.get(id) // as it was
	case 1, 2, 3:
		c.get(fmt.Sprintf("client-%d-%d", c.n, c.random.IntN(6)))
	case 4:
		c.query()
	default:
		c.put(c.target())
	}
}

// target returns the id of an upload, which replaces another one. While the storage
// fails it is new: what had seemed lost may still arrive.
func (c *loader) target() string {
	n := c.random.IntN(6)
	if c.faulty {
		n = c.ids
		c.ids++
	}
	return fmt.Sprintf("client-%d-%d", c.n, n)
}

// size has as many small ones as large ones, empty ones and the largest.
func (c *loader) size() int64 {
	if c.random.IntN(200) == 0 {
		return c.largest
	}
	return c.random.Int64N(int64(1) << c.random.IntN(bits.Len64(uint64(c.largest))))
}

// request returns a request to any of the servers.
func (c *loader) request(method, path string, body []byte, headers ...string) *http.Request {
	return c.servers[c.random.IntN(len(c.servers))].request(method, path, body, headers...)
}

func (c *loader) put(id string) {
	v := version{seed: c.random.Uint64(), size: c.size()}
	request := c.request(http.MethodPut, "/v8/artifacts/"+id+"?slug=load", nil, fmt.Sprintf("x-artifact-sha: %d", v.seed))
	request.Body, request.ContentLength = io.NopCloser(noise(v.seed, v.size)), v.size
	switch {
	case v.size == 0:
		request.Body = http.NoBody
	case c.random.IntN(4) == 0:
		request.ContentLength = -1
		c.unsized <- struct{}{}
		defer func() { <-c.unsized }()
	}
	if c.faulty {
		c.has[id] = v
	}
	c.exchange(request, func(response *http.Response) error {
		switch {
		case response.StatusCode == http.StatusAccepted:
			v.acked = true
			c.has[id] = v
		case response.StatusCode != http.StatusInsufficientStorage || !c.bounded:
			return errors.New(response.Status)
		}
		_, err := io.Copy(io.Discard, response.Body)
		return err
	})
}

// exchange makes a request and reads the answer.
func (c *loader) exchange(request *http.Request, read func(*http.Response) error) {
	began := time.Now()
	response, err := c.client.Do(request)
	switch {
	case err != nil:
	case c.faulty && response.StatusCode == http.StatusServiceUnavailable:
		_, err = io.Copy(io.Discard, response.Body)
		err = errors.Join(err, response.Body.Close())
		c.count(&c.unavailable)
	default:
		err = errors.Join(read(response), response.Body.Close())
	}
	c.note(time.Since(began))
	if err != nil {
		c.Errorf("%s %s: %v", request.Method, request.URL.Path, err)
	}
}

// breakOff ends an upload in its middle.
func (c *loader) breakOff(id string) {
	ctx, cancel := context.WithCancel(c.Context())
	defer cancel()
	size := c.size() + 1
	request := c.request(http.MethodPut, "/v8/artifacts/"+id+"?slug=load", nil).WithContext(ctx)
	half := io.MultiReader(noise(0, size/2), readerFunc(func([]byte) (int, error) {
		cancel()
		return 0, context.Canceled
	}))
	request.Body, request.ContentLength = io.NopCloser(half), size
	if c.random.IntN(4) == 0 {
		request.ContentLength = -1
	}
	c.count(&c.brokenOff)
	if response, err := c.breaker.Do(request); err == nil {
		_ = response.Body.Close()
		if response.StatusCode != http.StatusInsufficientStorage && !(c.faulty && response.StatusCode == http.StatusServiceUnavailable) {
			c.Errorf("half a PUT: %s", response.Status)
		}
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func (c *loader) get(id string) {
	v, stored := c.has[id]
	c.exchange(c.request(http.MethodGet, "/v8/artifacts/"+id+"?slug=load", nil), func(response *http.Response) error {
		if response.StatusCode == http.StatusNotFound && (!v.acked || c.bounded) {
			_, err := io.Copy(io.Discard, response.Body)
			return err
		}
		body := c.whole(response.Body)
		if body == nil {
			return nil
		}
		same, err := equal(body, noise(v.seed, v.size))
		if err == nil && (!same || !stored || response.StatusCode != http.StatusOK || response.Header.Get("x-artifact-sha") != fmt.Sprint(v.seed)) {
			err = fmt.Errorf("%s, same: %t, want %v (stored: %t)", response.Status, same, v, stored)
		}
		return err
	})
}

// whole returns a body, or nil if it is cut off because the storage failed.
func (c *loader) whole(body io.Reader) io.Reader {
	if !c.faulty {
		return body
	}
	text, err := io.ReadAll(body)
	if err != nil {
		c.count(&c.cutOff)
		return nil
	}
	return bytes.NewReader(text)
}

func (c *loader) query() {
	request := c.request(http.MethodPost, "/v8/artifacts?slug=load", []byte(`{"hashes":["client-0-0","client-1-1","none"]}`))
	c.exchange(request, func(response *http.Response) error {
		text, err := io.ReadAll(response.Body)
		if err == nil && !bytes.HasSuffix(text, []byte(`,"none":null}`+"\n")) {
			err = fmt.Errorf("%s, %s", response.Status, text)
		}
		return err
	})
}
