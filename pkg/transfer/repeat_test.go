package transfer

import (
	"strconv"
	"testing"

	"github.com/artifact-cli/artifact/pkg/artifact"
)

// TestRepeatsForgetTheOldest keeps only the last 10,000 ids.
func TestRepeatsForgetTheOldest(t *testing.T) {
	t.Parallel()
	id := func(i int) artifact.ID { return artifact.ID(strconv.Itoa(i)) }
	var r repeats[artifact.ID, outcome]
	outcomes := make([]*outcome, 25_000)
	for i := range outcomes {
		outcomes[i] = new(outcome)
		if earlier := r.claim(id(i), outcomes[i]); earlier != nil {
			t.Fatalf("%d is known before it came", i)
		}
	}
	for i := len(outcomes) - 1; i >= len(outcomes)-remembered; i-- {
		if r.claim(id(i), new(outcome)) != outcomes[i] {
			t.Fatalf("the last but %d is not known", len(outcomes)-1-i)
		}
	}
	if r.claim(id(len(outcomes)-remembered-1), new(outcome)) != nil {
		t.Errorf("more than %d are known", remembered)
	}
	if len(r.known) != remembered || len(r.order) != remembered {
		t.Errorf("%d are kept, in an order of %d", len(r.known), len(r.order))
	}
}
