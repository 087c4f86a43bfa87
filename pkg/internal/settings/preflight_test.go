package settings

import (
	"errors"
	"testing"
)

// TestPreflightVariable refuses what turbo refuses, and lets a flag win.
func TestPreflightVariable(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"TRUE", "t", "on", "2", " 1"} {
		s := newSandbox(t, nil, map[string]string{EnvTurboPreflight: value})
		_, err := s.resolver("project", Flags{}).Resolve()
		var wrong *Error
		if !errors.As(err, &wrong) || *wrong != (Error{Origin: EnvTurboPreflight, Err: errNoBool}) {
			t.Errorf("%q: %v", value, err)
		}
	}
	s := newSandbox(t, nil, map[string]string{EnvTurboPreflight: "on"})
	found, err := s.resolver("project", Flags{Preflight: new(false)}).Resolve()
	if err != nil || found.Preflight || found.PreflightOrigin != "--preflight" {
		t.Errorf("%+v, %v", found, err)
	}
}
