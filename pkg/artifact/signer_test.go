package artifact_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/artifact-cli/artifact/pkg/artifact"
)

// vector is a tag from turbo, or computed by its rules.
type vector struct {
	Note, Key, Hash, TeamID, BodyFile, Tag string
	BodyBase64                             *string
}

func (v vector) body(t *testing.T) []byte {
	t.Helper()
	if v.BodyBase64 != nil {
		body, err := base64.StdEncoding.DecodeString(*v.BodyBase64)
		if err != nil {
			t.Fatal(err)
		}
		return body
	}
	body, err := os.ReadFile(filepath.Join("testdata", "signature", v.BodyFile))
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func tagOf(t *testing.T, signer *artifact.Signer, scheme artifact.Scheme, id artifact.ID, body []byte) string {
	t.Helper()
	source := artifact.FromBytes(body)
	mac, err := source.Hash(t.Context(), func() hash.Hash { return signer.New(scheme, id, source.Size()) }, nil)
	if err != nil {
		t.Fatal(err)
	}
	return artifact.Tag(mac)
}

func TestSignatureVectors(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/signature/signature-v2.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []vector
	if err := json.Unmarshal(text, &vectors); err != nil {
		t.Fatal(err)
	}
	if len(vectors) < 6 {
		t.Fatalf("%d vectors, want 6 or more", len(vectors))
	}
	for _, v := range vectors {
		signer := artifact.NewSigner([]byte(v.Key), v.TeamID)
		if got := tagOf(t, signer, artifact.SchemeV2, artifact.ID(v.Hash), v.body(t)); got != v.Tag {
			t.Errorf("%s: %s, want %s", v.Note, got, v.Tag)
		}
	}
}

// The older scheme is the plain HMAC of its parts one after the other, as
// openssl computes it:
//
//	printf idteamBODY | openssl dgst -sha256 -hmac 0123456789abcdef0123456789abcdef -binary | base64
func TestSignatureV1(t *testing.T) {
	t.Parallel()
	signer := artifact.NewSigner([]byte("0123456789abcdef0123456789abcdef"), "team")
	const want = "eROJg+s+W3Gd6sp5Ux92o4p/wAGLw1fPvJ+Q1r2LGNE="
	if got := tagOf(t, signer, artifact.SchemeV1, "id", []byte("BODY")); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if !artifact.SameTag(want, want) || artifact.SameTag(want, want[1:]) || artifact.SameTag("", want) {
		t.Error("tags compare wrongly")
	}
}

func TestSignerHidesItsKey(t *testing.T) {
	t.Parallel()
	const key = "key-canary"
	signer := artifact.NewSigner([]byte(key), "team")
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		if text := fmt.Sprintf(format, signer); strings.Contains(text, key) || !strings.Contains(text, "***") {
			t.Errorf("%s prints %s", format, text)
		}
	}
	if !signer.ShortKey() || artifact.NewSigner(make([]byte, 31), "").ShortKey() != true ||
		artifact.NewSigner(make([]byte, 32), "").ShortKey() {
		t.Error("a short key has fewer than 32 bytes")
	}
}

func TestParseScheme(t *testing.T) {
	t.Parallel()
	for name, valid := range map[string]bool{"v1": true, "v2": true, "": false, "V2": false, "v3": false} {
		scheme, err := artifact.ParseScheme(name)
		if valid != (err == nil) || valid && string(scheme) != name || !valid && !errors.Is(err, artifact.ErrInvalidScheme) {
			t.Errorf("%q: %q, %v", name, scheme, err)
		}
	}
}
