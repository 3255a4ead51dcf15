package cookies

import (
	"strconv"
	"testing"

	"dataprotection.example/protector"
)

// Names may come from outside: a codec works for any number of them and remembers
// some.
func TestCodecsRememberFewNames(t *testing.T) {
	ephemeral, err := protector.NewEphemeral(t.Context(), protector.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer ephemeral.Close()
	c := NewCodec(ephemeral.Provider, CodecOptions{Serializer: JSON{}})
	for range 2 {
		for i := range 3 * maxRemembered {
			name := strconv.Itoa(i)
			text, err := c.Encode(name, i)
			if err != nil {
				t.Fatal(err)
			}
			got := -1
			if err := c.Decode(name, text, &got); err != nil || got != i {
				t.Errorf("%s: %d, %v", name, got, err)
			}
		}
	}
	if len(c.named) != maxRemembered {
		t.Errorf("it remembers %d", len(c.named))
	}
}
