// Package must ends a test if its setup fails. Start at [Get] and [Do].
package must

import "testing"

// Get returns a function that returns value, or ends the test if err is not nil:
// file := must.Get(os.Open(path))(t).
func Get[T any](value T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		Do(t, err)
		return value
	}
}

// Do ends the test if err is not nil.
func Do(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
