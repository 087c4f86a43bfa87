package client_test

import (
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"runtime"
	"testing"
)

// TestMain lets more tests run beside each other than there are processors,
// unless somebody said how many: they wait far more than they work.
func TestMain(m *testing.M) {
	flag.Parse()
	log.SetOutput(io.Discard) // net/http repeats there what hostile servers say
	chosen := false
	flag.Visit(func(f *flag.Flag) { chosen = chosen || f.Name == "test.parallel" })
	if !chosen {
		if err := flag.Set("test.parallel", fmt.Sprint(4*runtime.GOMAXPROCS(0))); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}
