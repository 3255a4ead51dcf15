package expvarmetrics_test

import (
	"encoding/json"
	"errors"
	"testing"

	"dataprotection.example/keyring"
	"dataprotection.example/keyring/metrics/expvarmetrics"
	"dataprotection.example/xmlrepo"
)

func TestVar(t *testing.T) {
	ring, err := keyring.Open(t.Context(), xmlrepo.NewMemory(), keyring.Options{GenerationDelay: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer ring.Close()
	v := expvarmetrics.Var(ring)
	ring.CountProtect(nil)
	ring.CountProtect(nil)
	ring.CountUnprotect(keyring.ErrKeyRevoked)
	ring.CountUnprotect(errors.New("anything"))
	var got struct {
		Protects           uint64
		Unprotects         map[string]uint64
		Keys               int
		DefaultExpiresDays float64
	}
	if err := json.Unmarshal([]byte(v.String()), &got); err != nil {
		t.Fatal(err)
	}
	if got.Protects != 2 || got.Unprotects["revoked"] != 1 || got.Unprotects["invalid"] != 1 || got.Keys != 1 {
		t.Errorf("%s", v)
	}
	if d := got.DefaultExpiresDays; d < 89.9 || d > 90 {
		t.Errorf("the default key expires in %v days", d)
	}
}
