//go:build unix

package main

import "testing"

// TestLoginAtTurborepoRemoteCache checks tokens where the status of the cache is
// "enabled" to anybody.
func TestLoginAtTurborepoRemoteCache(t *testing.T) {
	t.Parallel()
	api, me := turborepoRemoteCache(t).api, newPerson(t)
	args := []string{"login", "--with-token", "--insecure-storage", "--team", "acme", "--api", api}
	me.call(args, "wrong-token-1").run(t).check(t, outcome{code: 3,
		stderr: "artifact: the token is refused: the server answered 401 Unauthorized: Invalid authorization token\nartifact: hint: Nothing was stored.\n"})
	me.call(args, token).run(t).check(t, outcome{stderr: "Logged in to " + api + "\nTeam: acme\nRemote Caching is enabled there.\n"})
	me.call([]string{"put", "-q", "--no-git", "-"}, hello).run(t).check(t, outcome{stdout: helloSHA256 + "\n"})
	me.call([]string{"status", "-q"}, "", "ARTIFACT_TOKEN=wrong-token-1").run(t).check(t, outcome{code: 3,
		stderr: "artifact: the token is refused: the server answered 401 Unauthorized: Invalid authorization token\n" +
			"artifact: hint: It comes from ARTIFACT_TOKEN. artifact login stores another one.\n"})
}
