package main

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// TestClosedStreams checks that closed streams are errors, and that nothing is
// written to a file that got the number of a closed descriptor.
func TestClosedStreams(t *testing.T) {
	t.Parallel()
	const script = `for verb in "put -" "put" "put -q --files-from -" "put -q --manifest -" "verify -" "verify -c -" "stat -c -" "login --with-token --insecure-storage"; do
artifact $verb <&-; printf '%s: %d\n' "$verb" $?
done
for verb in "put file" "put -q --hash k file" "put --json file" "verify --hash k file" "stat k" "get k" "get -o got k" "get none" "status" "version" "serve" "serve -- true"; do
artifact $verb <&- >&- 2>&-; printf '%s: %d\n' "$verb" $?
done; cmp file got; artifact put -q -v file <&- 2>&-`
	s := shell(t, `exec artifact serve -- sh -c "$SCRIPT"`, []string{"SCRIPT=" + script})
	const read, list = "artifact: reading -: read /dev/stdin: file already closed\n", "artifact: reading standard input, line 1: file already closed\n"
	const failed = "artifact: 1 artifact failed\n"
	s.run(t).check(t, outcome{
		stdout: "put -: 2\nput: 2\nput -q --files-from -: 2\nput -q --manifest -: 2\nverify -: 2\nverify -c -: 2\nstat -c -: 2\nlogin --with-token --insecure-storage: 2\n" +
			"put file: 1\nput -q --hash k file: 1\nput --json file: 1\nverify --hash k file: 1\nstat k: 1\nget k: 1\nget -o got k: 0\n" +
			"get none: 6\nstatus: 1\nversion: 1\nserve: 1\nserve -- true: 0\n" + helloSHA256 + "\n",
		stderr: read + read + list + failed + list + failed + read + list + failed + list + failed +
			"artifact: reading the token from standard input: file already closed\n",
	})
}

// TestNullStreams accepts /dev/null if several streams are, however the caller
// opened them.
func TestNullStreams(t *testing.T) {
	t.Parallel()
	for name, flags := range map[string]int{"a shell's": os.O_WRONLY, "Python's": os.O_RDWR, "a daemon's": os.O_RDWR, "Node's": os.O_RDWR} {
		cmd := shell(t, `artifact put -q file && artifact put --hash empty - `, record(t, nil).env()).command(t)
		null := must(os.OpenFile(os.DevNull, flags, 0))(t)
		defer null.Close()
		cmd.Stdout, cmd.Stderr = null, null
		if name == "a daemon's" { // of which one file is behind all streams, opened without close-on-exec
			fd := must(unix.Open(os.DevNull, unix.O_RDWR, 0))(t)
			file := os.NewFile(uintptr(fd), os.DevNull)
			defer file.Close()
			cmd.Stdin, cmd.Stdout, cmd.Stderr = file, file, file
		}
		if name == "Node's" { // which opens each for itself
			other := must(os.OpenFile(os.DevNull, flags, 0))(t)
			defer other.Close()
			cmd.Stderr = other
		}
		if got := finish(t, cmd); got.code != 0 {
			t.Errorf("%s: exit %d", name, got.code)
		}
	}
}
