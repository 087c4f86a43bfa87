package transfer_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/transfer"
)

// TestVerify compares each artifact with a file, with and without a key, from
// servers with and without a Content-Length.
func TestVerify(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
	const differs = "verifying NAME: the cache holds different bytes: "
	for _, test := range []struct {
		id         string
		file, key  bool
		verdict    transfer.Verdict
		signature  transfer.Signature
		err        string // of a server with a Content-Length
		errChunked string // if different
	}{
		{id: "plain", file: true, verdict: "ok"},
		{id: "", file: true, verdict: "ok"},
		{id: "v2", file: true, verdict: "ok"},
		{id: "v2", file: true, key: true, verdict: "ok", signature: "v2"},
		{id: "v1", file: true, key: true, verdict: "ok", signature: "v1"},
		{id: "v2", key: true, verdict: "ok", signature: "v2"},
		{id: "v1", key: true, verdict: "ok", signature: "v1"},
		{id: "empty", key: true, verdict: "ok", signature: "v2"},
		{id: "plain", file: true, key: true, verdict: "bad-signature", signature: "none", err: "verifying NAME: it is not signed"},
		{id: "plain", key: true, verdict: "bad-signature", signature: "none", err: "verifying NAME: it is not signed"},
		{id: "forged", file: true, key: true, verdict: "bad-signature", err: "verifying NAME: its signature is for another key, team, id or content"},
		{id: "forged", key: true, verdict: "bad-signature", err: "verifying NAME: its signature is for another key, team, id or content"},
		{id: "no base64", file: true, key: true, verdict: "bad-signature", err: "verifying NAME: its signature is for another key, team, id or content"},
		{id: "hollow", file: true, key: true, verdict: "bad-signature", err: "verifying NAME: its signature covers the length but not the bytes, as turbo 2.10.13 to 2.11.4 made it for artifacts over 8 MiB"},
		{id: "hollow", key: true, verdict: "bad-signature", err: "verifying NAME: its signature covers the length but not the bytes, as turbo 2.10.13 to 2.11.4 made it for artifacts over 8 MiB"},
		{id: "short", file: true, key: true, verdict: "differs", err: differs + "the cache has 1048575 bytes, the input has 1048576", errChunked: differs + "byte 1 differs"},
		{id: "long", file: true, verdict: "differs", err: differs + "the cache has 1048577 bytes, the input has 1048576", errChunked: differs + "the cache has more than the 1048576 bytes of the input"},
		{id: "flipped", file: true, verdict: "differs", err: differs + "byte 700001 differs"},
		{id: "empty", file: true, verdict: "differs", err: differs + "the cache has 0 bytes, the input has 1048576"},
		{id: "plain", verdict: "unverifiable", err: "verifying NAME: there is nothing to check it against: no file, no signature key, and the id is not a digest"},
		{id: sum(body), verdict: "ok"},
		{id: strings.ToUpper(sum(body)), verdict: "ok"},
		{id: sum("other"), verdict: "differs", err: differs + "their digest differs: sha256 is " + sum(body)},
		{id: sum(body), key: true, verdict: "bad-signature", signature: "none", err: "verifying NAME: it is not signed"},
		{id: "missing", verdict: "missing", err: "downloading missing: the server answered 404 Not Found"},
	} {
		for _, chunked := range []bool{false, true} {
			verifier := transfer.Verifier{Client: filed(chunked).client(t), Jobs: 1}
			if test.key {
				verifier.Signer = signer
			}
			id := artifact.ID(test.id)
			input := transfer.Input{ID: id, Remote: true, Digests: transfer.AlgorithmsOf(id)}
			want := transfer.Verification{ID: id, Signature: test.signature, Verdict: test.verdict}
			name := test.id
			if test.file {
				input, name = transfer.Input{Path: file, ID: id, Algorithm: transfer.SHA256}, file
				want.Path = file
			}
			if test.id == "" {
				want.ID = artifact.ID(sum(body))
			}
			got := verifier.Verify(t.Context(), input)
			text := ""
			if got.Err != nil {
				text = got.Err.Error()
			}
			got.Err, got.Size = nil, 0
			wantText := test.err
			if chunked && test.errChunked != "" {
				wantText = test.errChunked
			}
			if wantText = strings.Replace(wantText, "NAME", name, 1); got != want || text != wantText {
				t.Errorf("%q, chunked %v: %+v, %s\nwant %+v, %s", test.id, chunked, got, text, want, wantText)
			}
		}
	}
}

// A stream has been read when the download begins, so only its digest is
// compared.
func TestVerifyStream(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		id, content string
		algorithm   transfer.Algorithm
		verdict     transfer.Verdict
	}{
		{"plain", body, "", "ok"},
		{"plain", body, transfer.BLAKE3, "ok"},
		{"", body, transfer.SHA256, "ok"},
		{"", body, transfer.SHA512, "missing"},
		{"flipped", body, transfer.SHA256, "differs"},
		{"short", body, transfer.SHA256, "differs"},
		{"empty", "", transfer.SHA256, "ok"},
	} {
		for _, chunked := range []bool{false, true} {
			verifier := transfer.Verifier{Client: filed(chunked).client(t), Jobs: 1}
			got := verifier.Verify(t.Context(), transfer.Input{
				Path: "-", Stream: strings.NewReader(test.content), ID: artifact.ID(test.id), Algorithm: test.algorithm,
			})
			if got.Verdict != test.verdict {
				t.Errorf("%q: %+v, want %s", test.id, got, test.verdict)
			}
		}
	}
	verifier := transfer.Verifier{Client: filed(false).client(t), Jobs: 1}
	broken := io.MultiReader(strings.NewReader("x"), &failing{})
	got := verifier.Verify(t.Context(), transfer.Input{Path: "-", Stream: broken})
	if input := (*transfer.InputError)(nil); !errors.As(got.Err, &input) || got.Verdict != transfer.Undecided {
		t.Errorf("a stream that breaks: %+v", got)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("broken") }

// v2 signs the length first. Without a Content-Length, the bytes are downloaded
// twice, and must be the same.
func TestVerifyReadsTheSameTwice(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(n int32, body string) string
		want   error
		gets   int32
	}{
		"steady":  {func(_ int32, body string) string { return body }, nil, 2},
		"other":   {func(n int32, body string) string { return fmt.Sprint(n, body[1:]) }, transfer.ErrUnsteady, 2},
		"longer":  {func(n int32, body string) string { return body + strings.Repeat("x", int(n-1)<<20) }, transfer.ErrUnsteady, 2},
		"shorter": {func(n int32, body string) string { return body[:len(body)-int(n)] }, transfer.ErrUnsteady, 2},
	} {
		s := filed(true)
		s.change = test.change
		verifier := transfer.Verifier{Client: s.client(t), Signer: signer, Jobs: 1}
		got := verifier.Verify(t.Context(), transfer.Input{ID: "v2", Remote: true})
		if !errors.Is(got.Err, test.want) || s.gets.Load() != test.gets {
			t.Errorf("%s: %+v after %d downloads", name, got, s.gets.Load())
		}
	}
}

// An endless body is abandoned once it is too long.
func TestVerifyLeavesAnEndlessBody(t *testing.T) {
	t.Parallel()
	var sent atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for piece := make([]byte, 64<<10); r.Context().Err() == nil; {
			n, err := w.Write(piece)
			if sent.Add(int64(n)); err != nil {
				return
			}
		}
	}))
	defer server.Close()
	c, err := client.New(client.Options{API: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "zeros")
	if err := os.WriteFile(file, make([]byte, 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	verifier := transfer.Verifier{Client: c, Jobs: 1}
	for name, input := range map[string]transfer.Input{
		"file":   {Path: file, ID: "a"},
		"stream": {Path: "-", Stream: bytes.NewReader(make([]byte, 1000)), ID: "a"},
	} {
		if got := verifier.Verify(t.Context(), input); got.Verdict != transfer.Different {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// A file that changes during the comparison proves nothing.
func TestVerifyNoticesAChange(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
	s := filed(false)
	s.change = func(_ int32, body string) string {
		if err := os.WriteFile(file, []byte(body), 0o600); err != nil {
			t.Error(err)
		}
		return body
	}
	verifier := transfer.Verifier{Client: s.client(t), Jobs: 1}
	got := verifier.Verify(t.Context(), transfer.Input{Path: file, ID: "plain"})
	if !errors.Is(got.Err, artifact.ErrChanged) || got.Verdict != transfer.Undecided {
		t.Errorf("%+v", got)
	}
}

func TestVerifyAllInOrder(t *testing.T) {
	t.Parallel()
	const sums = "plain  FILE\nnonsense\nflipped *FILE\nSHA256 (FILE) = v2\nmissing  FILE\nplain  no such file\n" +
		"\\plain  back\\\\slash\n" + "SUM  -\n"
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer("FILE", file, "SUM", sum(body)).Replace(strings.Repeat(sums, 20))
	want := slices.Repeat([]transfer.Verdict{"ok", "failed", "differs", "ok", "missing", "failed", "failed", "ok"}, 20)
	quick := slices.Clone(want)
	for i := range quick {
		if quick[i] == "differs" {
			quick[i] = "ok" // its size is right
		}
	}
	verifier := transfer.Verifier{Client: filed(false).client(t), Jobs: 4}
	list := func() transfer.Inputs { return transfer.List{Name: "sums", Reader: strings.NewReader(text)}.Sums() }
	var all, asked []transfer.Verdict
	for result := range verifier.All(t.Context(), list()) {
		all = append(all, result.Verdict)
	}
	for result := range verifier.Quick(t.Context(), list()) {
		asked = append(asked, result.Verdict)
	}
	if !slices.Equal(all, want) || !slices.Equal(asked, quick) {
		t.Errorf("all: %v\nquick: %v", all, asked)
	}
}

// Quick compares sizes if the server reports them.
func TestQuick(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
	ids := []artifact.ID{"plain", "short", "missing", "flipped"}
	for chunked, want := range map[bool]string{false: "ok differs missing ok", true: "ok ok missing ok"} {
		s := filed(chunked)
		verifier := transfer.Verifier{Client: s.client(t), Signer: signer, Jobs: 2}
		var got []string
		for result := range verifier.Quick(t.Context(), func(yield func(transfer.Input, error) bool) {
			for _, id := range ids {
				if !yield(transfer.Input{Path: file, ID: id}, nil) {
					return
				}
			}
		}) {
			got = append(got, string(result.Verdict))
		}
		if strings.Join(got, " ") != want || s.gets.Load() != 0 {
			t.Errorf("chunked %v: %v after %d downloads, want %s", chunked, got, s.gets.Load(), want)
		}
	}
}
