package command

import "testing"

// TestKeyWithNUL has what no command line can pass, but a program that calls this
// package can.
func TestKeyWithNUL(t *testing.T) {
	t.Parallel()
	code, stdout, stderr := run(t, nil, "id", "--key", "a\x00b")
	want := `artifact: --key: "a\x00b" contains a NUL byte` + "\nartifact: hint: See artifact id --help.\n"
	if code != exitUsage || stdout != "" || stderr != want {
		t.Errorf("%d, %q, %q", code, stdout, stderr)
	}
}
