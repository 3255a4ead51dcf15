package keyring_test

import (
	"testing"

	"dataprotection.example/internal/dotnettest"
)

// TestLiveHostileDocuments holds the table of hostile documents against the
// real ASP.NET Core.
func TestLiveHostileDocuments(t *testing.T) {
	peer := dotnettest.Start(t)
	table := hostileDocuments()
	var rings [][][]byte
	for _, d := range table {
		rings = append(rings, [][]byte{[]byte(goodKeyXML), []byte(d.text(t))})
	}
	lists, err := peer.KeysOf(rings...)
	if err != nil {
		t.Fatal(err)
	}
	for i, d := range table {
		want := d.want
		if d.dotnet != "" {
			want = d.dotnet
		}
		if want == skipped {
			want = ignored // a list of keys does not tell the two apart
		}
		if got := dotnetOutcome(lists[i]); got != want {
			t.Errorf("%s: .NET: %s (%v), want %s", d.name, got, lists[i].Err, want)
		}
	}
}

// dotnetOutcome is outcome for a ring that .NET has read.
func dotnetOutcome(list dotnettest.Parsed[[]dotnettest.Key]) string {
	if list.Err != nil {
		return loadFails
	}
	result := ignored
	for _, k := range list.Value {
		switch {
		case k.ID == goodKeyID && k.Revoked:
			return revokes
		case k.ID == goodKeyID:
		case k.Usable:
			result = usable
		default:
			result = unusable
		}
	}
	return result
}
