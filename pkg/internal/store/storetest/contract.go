package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/internal/store"
)

// promises are what [Run] and [RunWriteOnce] check.
var promises = contract{
	"round trip": func(t *testing.T, s store.Store) {
		interactive, none := true, time.Duration(0)
		for i, m := range []artifact.Metadata{
			{}, Full(), {Duration: &none}, {Interactive: &interactive}, {Tag: "dGFn"},
		} {
			for _, size := range []int{0, 1, 4095, 4096, 1<<17 - 1, 1<<20 + 3} {
				k := key(fmt.Sprintf("%d-%d", i, size))
				body := Bytes(byte(i), size)
				put(t, s, k, m, body)
				expect(t, s, k, m, body)
				k.ID += "-unknown"
				putUnknown(t, s, k, m, body)
				expect(t, s, k, m, body)
			}
		}
	},
	"keys are apart": func(t *testing.T, s store.Store) {
		metadata := func(i int) artifact.Metadata { return artifact.Metadata{SHA: fmt.Sprint("number ", i)} }
		for i, k := range keys() {
			put(t, s, k, metadata(i), Bytes(byte(i), 100+i))
		}
		for i, k := range keys() {
			expect(t, s, k, metadata(i), Bytes(byte(i), 100+i))
		}
	},
	"what was never put is not found": func(t *testing.T, s store.Store) {
		put(t, s, key("here"), artifact.Metadata{}, nil)
		for _, k := range []store.Key{
			key("not-here"), key("HERE"), {ID: "here"}, {Team: "LOCAL", ID: "here"}, {Team: "other", ID: "here"},
		} {
			expectNone(t, s, k)
		}
	},
	"a body of another length": func(t *testing.T, s store.Store) {
		k := key("one")
		for _, announced := range []int64{9, 11, 1 << 20} {
			putFails(t, s, k, announced, Full(), strings.NewReader("ten bytes."), store.ErrSize)
			expectNone(t, s, k)
		}
	},
	"a body that fails": func(t *testing.T, s store.Store) {
		k, broken := key("one"), errors.New("connection reset")
		for _, before := range []int{0, 1, 200_000} {
			for _, size := range []int64{int64(before), int64(before) + 1, store.UnknownSize} { // at its end, and within
				body := io.MultiReader(bytes.NewReader(Bytes(0, before)), iotest.ErrReader(broken))
				putFails(t, s, k, size, artifact.Metadata{}, body, broken)
				expectNone(t, s, k)
			}
		}
	},
	"a body that panics": func(t *testing.T, s store.Store) {
		k := key("one")
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic was lost")
				}
			}()
			_ = s.Put(t.Context(), k, 10, Full(), readerFunc(func([]byte) (int, error) { panic("in Read") }))
		}()
		expectNone(t, s, k)
		put(t, s, k, Full(), []byte("new"))
		expect(t, s, k, Full(), []byte("new"))
	},
	"an ended context": func(t *testing.T, s store.Store) {
		k := key("one")
		ctx, cancel := context.WithCancel(t.Context())
		cancelling := readerFunc(func(p []byte) (int, error) {
			cancel()
			return len(p), nil
		})
		if err := s.Put(ctx, k, 10<<20, Full(), cancelling); !errors.Is(err, context.Canceled) {
			t.Errorf("Put = %v, want context.Canceled", err)
		}
		expectNone(t, s, k)
		if err := s.Put(ctx, k, 1, Full(), strings.NewReader("x")); !errors.Is(err, context.Canceled) {
			t.Errorf("Put = %v, want context.Canceled", err)
		}
		expectNone(t, s, k)
		expectFails(ctx, t, s, k, context.Canceled)
	},
	"what cannot be stored": func(t *testing.T, s store.Store) {
		for _, k := range []store.Key{
			{}, key(""), key("."), key(".."), key("a/b"), key("../a"), key("a b"), key("a\x00"), key("\xff"), key("status"),
			key(strings.Repeat("x", artifact.MaxIDLength+1)),
			{Team: "\xff", ID: "a"}, {Team: "a\x00", ID: "a"}, {Team: "a\n", ID: "a"}, {Team: strings.Repeat("t", store.MaxTeamLength+1), ID: "a"},
		} {
			putFails(t, s, k, 1, artifact.Metadata{}, untouched(t), store.ErrInvalid)
			expectFails(t.Context(), t, s, k, store.ErrInvalid)
		}
		before := -time.Nanosecond
		for _, m := range []artifact.Metadata{
			{CI: "a\x00"}, {SHA: "a\r\nSet-Cookie: b"}, {DirtyHash: "ä"}, {Tag: "\xff"}, {Tag: "\x7f"}, {Duration: &before},
			{Tag: strings.Repeat("x", 1<<20)},
		} {
			putFails(t, s, key("a"), 1, m, untouched(t), store.ErrInvalid)
		}
		putFails(t, s, key("a"), -2, artifact.Metadata{}, untouched(t), store.ErrInvalid)
		expectNone(t, s, key("a"))
	},
}

// keys returns keys that a file system or a careless store may confuse.
func keys() []store.Key {
	long := strings.Repeat("x", artifact.MaxIDLength)
	ids := []string{
		"a", "A", "de0e2b9afd5fe834", "DE0E2B9AFD5FE834", "ä", "a\u0308", "Ä", "ß", "ss", "...", "a.", ".a", "-a", "_a", "a_",
		"..\\a", "c:\\a", "c:a", "a:stream", "con", "CON", "nul", "com1", "lpt9", "aux.txt", "a%2fb", "%2e%2e", "*", "?", "|", "~",
		"~1", "$HOME", "a;b", `a"b`, "<a>", "&", "_personal", "local", ".tmp", "CACHEDIR.TAG", "lost+found",
		long, strings.ToUpper(long), long[:254], long[:129], long[:128], strings.Repeat("\\", 255), strings.Repeat("\u4e16", 85), "\U0001f600",
	}
	var all []store.Key
	for _, id := range ids {
		all = append(all, store.Key{Team: "local", ID: artifact.ID(id)})
	}
	for _, team := range []string{
		"", "a", "A", "_personal", "personal", ".", "..", "../..", "/", "/etc", "a/b", "a\\b", "a b", ".tmp", "con", "team_abc", "TEAM_abc",
		"CACHEDIR.TAG", strings.Repeat("t", store.MaxTeamLength), strings.Repeat("\u2028", 85),
	} {
		all = append(all, store.Key{Team: team, ID: "a"})
	}
	return all
}
