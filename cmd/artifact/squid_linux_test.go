package main

import (
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/artifact-cli/artifact/internal/freeport"
)

// password is for the proxy only.
const password = "canary2b8d4f6071"

// squid is a proxy that runs during a test. It resolves proxied with a list of
// its own.
type squid struct {
	program, name, dir, address string
	cmd                         *exec.Cmd
}

// startSquid starts squid with an access rule.
func startSquid(t *testing.T, access string) *squid {
	t.Helper()
	program := installed(t, "squid")
	dir := must(os.MkdirTemp("", "squid"))(t) // not t.TempDir, which only root can reach here
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	p := &squid{program: program, name: rand.Text(), dir: dir, address: fmt.Sprint("127.0.0.1:", freeport.Find(t))}
	const helper = `while read -r line; do case $line in "user %s") echo OK;; *) echo ERR;; esac; done` + "\n"
	writeFile(t, dir+"/helper", fmt.Sprintf(helper, password))
	writeFile(t, dir+"/hosts", "127.0.0.1 "+proxied+"\n")
	writeFile(t, dir+"/conf", fmt.Sprintf(`http_port %[2]s
hosts_file %[1]s/hosts
pid_filename none
access_log stdio:%[1]s/log
cache_log %[1]s/fault
coredump_dir %[1]s
netdb_filename none
cache deny all
pinger_enable off
shutdown_lifetime 0 seconds
auth_param basic program /bin/sh %[1]s/helper
auth_param basic children 1 startup=1 idle=1
acl known proxy_auth REQUIRED
http_access %[3]s
http_access deny all
`, dir, p.address, access))
	p.start(t)
	t.Cleanup(p.kill)
	return p
}

// start starts squid, and again if it ends before it listens, as sometimes
// happens right after a kill.
func (p *squid) start(t *testing.T) {
	t.Helper()
	for range 3 {
		p.launch(t)
		if listens(p.address, patience/4) {
			return
		}
		p.kill()
	}
	t.Errorf("squid does not listen: %s", readFile(t, p.dir+"/fault"))
}

func (p *squid) launch(t *testing.T) {
	t.Helper()
	arguments := []string{p.program, "-N", "-n", p.name, "-f", p.dir + "/conf"}
	if os.Getuid() == 0 { // as which it does not run
		mustDo(t, exec.Command("chown", "-R", "65534:65534", p.dir).Run())
		arguments = append([]string{"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"}, arguments...)
	}
	p.cmd = exec.Command(arguments[0], arguments[1:]...)
	mustDo(t, p.cmd.Start())
}

// kill kills squid, and removes its files.
func (p *squid) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
	segments, _ := filepath.Glob("/dev/shm/" + p.name + "-*")
	for _, segment := range segments {
		_ = os.Remove(segment)
	}
}

func (p *squid) log() string {
	text, _ := os.ReadFile(p.dir + "/log")
	return string(text)
}

// needHost skips the test unless proxied is a name of this machine. .ci/run adds
// it to /etc/hosts.
func needHost(t *testing.T) {
	t.Helper()
	hosts, err := os.ReadFile("/etc/hosts")
	if err != nil || !slices.Contains(strings.Fields(string(hosts)), proxied) {
		t.Skip(proxied + " is not in /etc/hosts")
	}
}

// proxiedServer is a server in plain HTTP and in TLS, under the name that is
// sent through a proxy.
type proxiedServer struct {
	*recorder
	http, https string   // base URLs
	env         []string // to speak to it
}

func newProxiedServer(t *testing.T, server *recorder) *proxiedServer {
	t.Helper()
	secure, trusted := serveTLS(t, &x509.Certificate{DNSNames: []string{proxied}}, server.Config.Handler.ServeHTTP)
	base := func(scheme string, l net.Listener) string {
		return fmt.Sprintf("%s://%s:%d", scheme, proxied, l.Addr().(*net.TCPAddr).Port)
	}
	return &proxiedServer{server, base("http", server.Listener), base("https", secure.Listener), []string{
		"ARTIFACT_TOKEN=" + token, "ARTIFACT_ALLOW_HTTP=true", "ARTIFACT_RETRIES=1",
		"ARTIFACT_CA_CERT=" + trusted,
	}}
}

// through is the environment for one of its URLs by way of a proxy.
func (s *proxiedServer) through(url, proxy string, more ...string) []string {
	return slices.Concat(s.env, []string{"ARTIFACT_API=" + url, "HTTPS_PROXY=" + proxy, "HTTP_PROXY=" + proxy}, more)
}
