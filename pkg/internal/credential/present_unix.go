//go:build unix && !darwin

package credential

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// presence looks for the session's D-Bus. Without one, the library would start a
// bus without a keyring, and leave it running.
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
