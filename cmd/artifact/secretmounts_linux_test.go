package main

import (
	"os"
	"strings"
	"syscall"
	"testing"
)

// TestSecretMounts takes a key that others can read where this user cannot change
// that: container runtimes mount secrets with such modes. Each script has a file
// system of its own at /media, which belongs to root.
func TestSecretMounts(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("takes root")
	}
	const (
		prepare = `set -e; mount -t tmpfs -o mode=755 none /media; cp "$(command -v artifact)" /media/artifact; cd /media
export HOME=/media
printf hello >file; mkdir secrets; printf '%s' 0123456789abcdef0123456789abcdef >secrets/key; chmod 444 secrets/key; set +e
fix() { mount --bind "$1" "$1" && mount -o remount,bind,ro "$1"; }
`
		put    = `./artifact put --dry-run --no-git -q --signature-key-file secrets/key file`
		nobody = `setpriv --reuid=65534 --regid=65534 --clear-groups ` + put
	)
	accepted := outcome{stdout: "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\n"}
	refused := outcome{code: 2, stderr: "artifact: --signature-key-file: reading secrets/key: others can read it: chmod 600\n"}
	for name, test := range map[string]struct {
		script string
		want   outcome
	}{
		"Docker":           {"fix secrets; " + put, accepted},
		"a mounted file":   {"fix secrets/key; " + put, accepted},
		"Kubernetes":       {"mkdir secrets/..1; mv secrets/key secrets/..1; ln -s ..1 secrets/..data; ln -s ..data/key secrets/key; fix secrets; " + nobody, accepted},
		"Podman":           {nobody, accepted},
		"root may chmod":   {put, refused},
		"the owner may":    {"chown 65534 secrets/key; " + nobody, refused},
		"the group may":    {"chown 65534 secrets; " + nobody, refused},
		"others may write": {"chmod 1777 /media; " + nobody, refused},
		"no mount":         {strings.ReplaceAll(nobody, "secrets/key", "/etc/passwd"), outcome{code: 2, stderr: strings.ReplaceAll(refused.stderr, "secrets/key", "/etc/passwd")}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := shell(t, prepare+test.script, nil).command(t)
			cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
			got := finish(t, cmd)
			if strings.Contains(got.stderr, "mount:") {
				t.Skip("no mounts here:", got.stderr)
			}
			got.check(t, test.want)
		})
	}
}
