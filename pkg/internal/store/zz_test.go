package store_test

import (
	"bufio"
	"fmt"
	"os"
	"testing"
)

func TestZZ(t *testing.T) {
	dir := os.Getenv("ZZDIR")
	ack := make([]int, killIDs)
	f, _ := os.Open(dir + ".out")
	sc := bufio.NewScanner(f)
	for sc.Scan() {
		var id, n int
		if _, err := fmt.Sscan(sc.Text(), &id, &n); err == nil {
			ack[id] = n
		}
	}
	checkAll(t, dir, ack)
}
