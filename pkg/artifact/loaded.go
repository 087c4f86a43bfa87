package artifact

import (
	"io"
	"math/bits"
	"os"
	"sync"
)

// loaded is the content of a small file. Its memory serves the next one once it
// is released: a reading that comes later fails, and sees no other file's bytes.
type loaded struct {
	mu      sync.RWMutex
	content []byte // nil once it is released
	buffer  *[]byte
}

// loadedMemory has buffers of 4 KiB, 8 KiB and so on up to 64 KiB. In a long list
// they would be most of the garbage.
var loadedMemory [5]sync.Pool

const smallestLoaded = 4 << 10

// loadedClass is which buffers a content of so many bytes fits into. Beyond the
// last ones there is none.
func loadedClass(size int64) int { return bits.Len64(uint64(max(size-1, 0) / smallestLoaded)) }

// load reads so many bytes.
func load(r io.ReaderAt, size int64) (*loaded, error) {
	buffer := loadedBuffer(size)
	l := &loaded{content: (*buffer)[:size], buffer: buffer}
	if _, err := r.ReadAt(l.content, 0); err != nil && err != io.EOF {
		return nil, err
	}
	return l, nil
}

func loadedBuffer(size int64) *[]byte {
	class := loadedClass(size)
	if class < len(loadedMemory) {
		if buffer, ok := loadedMemory[class].Get().(*[]byte); ok {
			return buffer
		}
		size = smallestLoaded << class
	}
	buffer := make([]byte, size)
	return &buffer
}

// ReadAt reads as [io.ReaderAt] says.
func (l *loaded) ReadAt(p []byte, off int64) (n int, err error) {
	err = l.use(func(content []byte) {
		n = copy(p, content[min(off, int64(len(content))):])
	})
	if err == nil && n < len(p) {
		err = io.EOF
	}
	return n, err
}

// use gives out the content for the time of the call.
func (l *loaded) use(look func([]byte)) error {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.content == nil {
		return os.ErrClosed
	}
	look(l.content)
	return nil
}

func (l *loaded) release() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.content == nil {
		return nil
	}
	l.content = nil
	if class := loadedClass(int64(len(*l.buffer))); class < len(loadedMemory) {
		loadedMemory[class].Put(l.buffer)
	}
	return nil
}
