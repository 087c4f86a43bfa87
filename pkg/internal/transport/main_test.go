package transport

import (
	"io"
	"log"
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	log.SetOutput(io.Discard) // net/http repeats there what hostile servers say
	os.Exit(m.Run())
}
