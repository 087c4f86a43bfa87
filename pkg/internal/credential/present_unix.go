//go:build unix && !darwin

package credential

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// presence looks for the session's D-Bus, through which a keyring is reached
// here. The library would start a bus of its own where there is none, with no
// keyring on it, and leave it running.
func presence(getenv func(string) string) func() error {
	return func() error {
		if address := getenv("DBUS_SESSION_BUS_ADDRESS"); address != "" && address != "autolaunch:" {
			return nil
		}
		dir := filepath.Join("/run/user", strconv.Itoa(os.Getuid()))
		for _, name := range []string{"bus", "dbus-session"} {
			if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
				return nil
			}
		}
		return fmt.Errorf("%w: this session has no D-Bus", errNoKeyring)
	}
}
