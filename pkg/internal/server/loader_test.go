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
	"slices"
	"time"
)

// loader is one of the clients of TestLoad, with ids of its own.
type loader struct {
	*load
	n      int
	random *rand.Rand
	slots  [6]int // how often an upload to each failed
	has    map[string]history
}

// version is what an upload stores.
type version struct {
	seed uint64
	size int64
}

// history is what may be stored under an id: the last acknowledged version, and one
// whose upload failed, which may have been stored or not.
type history struct {
	versions []version
	acked    bool // otherwise there may be nothing
}

// find returns the version with this revision.
func (h history) find(sha string) (version, bool) {
	i := slices.IndexFunc(h.versions, func(v version) bool { return fmt.Sprint(v.seed) == sha })
	if i < 0 {
		return version{}, false
	}
	return h.versions[i], true
}

func (c *loader) step() {
	slot := c.random.IntN(len(c.slots))
	// After a failure there is a new id: what seemed lost may still arrive.
	id := fmt.Sprintf("client-%d-%d-%d", c.n, slot, c.slots[slot])
	switch c.random.IntN(10) {
	case 0:
		c.breakOff(id)
		c.get(id) // as it was
	case 1, 2, 3:
		c.get(id)
	case 4:
		c.query()
	default:
		if !c.put(id) {
			c.slots[slot]++
		}
	}
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

// put reports whether it is certain what is stored now.
func (c *loader) put(id string) bool {
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
	failed := c.exchange(request, func(response *http.Response) error {
		switch {
		case response.StatusCode == http.StatusAccepted:
			c.has[id] = history{[]version{v}, true}
		case response.StatusCode != http.StatusInsufficientStorage || !c.bounded:
			return errors.New(response.Status)
		}
		_, err := io.Copy(io.Discard, response.Body)
		return err
	})
	if failed {
		h := c.has[id]
		c.has[id] = history{append(h.versions, v), h.acked}
	}
	return !failed
}

// exchange makes a request and reads the answer. It reports whether the storage
// failed, as it may.
func (c *loader) exchange(request *http.Request, read func(*http.Response) error) (failed bool) {
	began := time.Now()
	response, err := c.client.Do(request)
	switch {
	case err != nil:
	case c.distant && response.StatusCode == http.StatusServiceUnavailable:
		failed = true
		c.count(&c.unavailable)
		_, err = io.Copy(io.Discard, response.Body)
		err = errors.Join(err, response.Body.Close())
	default:
		err = errors.Join(read(response), response.Body.Close())
	}
	c.note(time.Since(began))
	if err != nil {
		c.Errorf("%s %s: %v", request.Method, request.URL.Path, err)
	}
	return failed
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
		if response.StatusCode != http.StatusInsufficientStorage && (!c.distant || response.StatusCode != http.StatusServiceUnavailable) {
			c.Errorf("half a PUT: %s", response.Status)
		}
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func (c *loader) get(id string) {
	h := c.has[id]
	c.exchange(c.request(http.MethodGet, "/v8/artifacts/"+id+"?slug=load", nil), func(response *http.Response) error {
		if response.StatusCode == http.StatusNotFound && (!h.acked || c.bounded) {
			_, err := io.Copy(io.Discard, response.Body)
			return err
		}
		body := &interruptible{Reader: response.Body}
		v, found := h.find(response.Header.Get("x-artifact-sha"))
		same, err := equal(body, noise(v.seed, v.size))
		switch {
		case c.distant && body.err != nil: // the storage failed
			c.count(&c.cutOff)
			return nil
		case err == nil && (!same || !found || response.StatusCode != http.StatusOK):
			return fmt.Errorf("%s, same: %t, want %+v", response.Status, same, h)
		}
		return err
	})
}

// interruptible is a body that notes an error before its end.
type interruptible struct {
	io.Reader
	err error
}

func (b *interruptible) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err != io.EOF { //nolint:errorlint // a Reader's end is io.EOF itself
		b.err = err
	}
	return n, err
}

func (c *loader) query() {
	request := c.request(http.MethodPost, "/v8/artifacts?slug=load", []byte(`{"hashes":["client-0-0-0","client-1-1-0","none"]}`))
	c.exchange(request, func(response *http.Response) error {
		text, err := io.ReadAll(response.Body)
		if err == nil && !bytes.HasSuffix(text, []byte(`,"none":null}`+"\n")) {
			err = fmt.Errorf("%s, %s", response.Status, text)
		}
		return err
	})
}
