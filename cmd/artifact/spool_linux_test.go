package main

import (
	"os"
	"strings"
	"syscall"
	"testing"
)

// TestFullDisk keeps a stream on disks that take none of it: one that is full,
// one without an inode left, and one that is read-only. Each is mounted where
// only the test sees it.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ mount, why string }{
		"full":      {`mount -t tmpfs -o size=2m tmpfs tmp`, "no space left on device"},
		"no inode":  {`mount -t tmpfs -o size=64m,nr_inodes=3 tmpfs tmp && { touch tmp/1; touch tmp/2; touch tmp/3; true; }`, "no space left on device"},
		"read-only": {`mount -t tmpfs -o ro tmpfs tmp`, "read-only file system"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := record(t, nil)
			const refused = 77
			cmd := shell(t, `mkdir tmp; { `+test.mount+`; } 2>/dev/null || exit 77
head -c 8000000 /dev/zero | TMPDIR=$PWD/tmp artifact put -; code=$?; ls tmp | grep -v '^[0-9]$'; exit $code`, server.env()).command(t)
			cmd.SysProcAttr = &syscall.SysProcAttr{
				Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
				UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
				GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
			}
			if probe := mayUnshare(t, cmd.SysProcAttr); probe != nil {
				t.Skipf("this system gives no disk of one's own: %v", probe)
			}
			got := finish(t, cmd)
			if got.code == refused {
				t.Skip("this system mounts nothing")
			}
			got.checkNotKept(t, test.why)
			if requests := server.all(); len(requests) > 0 {
				t.Errorf("sent %v", requests)
			}
		})
	}
}

// mayUnshare tries whether a process may have namespaces of its own.
func mayUnshare(t *testing.T, attributes *syscall.SysProcAttr) error {
	t.Helper()
	cmd := shell(t, "true", nil).command(t)
	cmd.SysProcAttr = attributes
	return cmd.Run()
}

// TestDevices reads what is no file of bytes: it is uploaded as it reads, or
// refused, and an error while reading never makes an empty artifact of it.
func TestDevices(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]outcome{
		`artifact put --hash k /dev/null`:           {stdout: "k  /dev/null\n"},
		`artifact put --hash k /proc/self/environ`:  {stdout: "k  /proc/self/environ\n"},
		`artifact put --hash k /dev/fd/0 <file`:     {stdout: "k  /dev/fd/0\n"},
		`artifact put /proc/self/mem`:               {code: 2, stderr: "artifact: reading /proc/self/mem: input/output error\n"},
		`setsid -w artifact put /dev/tty`:           {code: 2, stderr: "artifact: reading /dev/tty: no such device or address\n"},
		`ulimit -f 3000; artifact put /dev/zero`:    {code: 2},
		`artifact put /proc/self/task 2>&1 | wc -l`: {stdout: "3\n"},
	} {
		t.Run(script, func(t *testing.T) {
			t.Parallel()
			server := record(t, nil)
			got := shell(t, script, server.env()).run(t)
			if strings.HasSuffix(script, "/dev/zero") && strings.HasPrefix(got.stderr, "artifact: reading /dev/zero: keeping the stream in ") {
				got.stderr = ""
			}
			got.stdout = strings.TrimLeft(got.stdout, " ") // wc on some systems
			got.check(t, want)
			if requests := server.all(); (len(requests) == 1) != strings.HasPrefix(want.stdout, "k") {
				t.Errorf("sent %v", requests)
			}
		})
	}
}
