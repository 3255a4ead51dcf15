package cookies_test

import (
	"bytes"
	"net/http"
	"testing"

	"dataprotection.example/internal/dotnettest"
	"dataprotection.example/protector"
	"dataprotection.example/protector/authticket"
	"dataprotection.example/protector/cookies"
)

// The cookie that refers to a store is the same on both sides, byte for byte: a
// store that both reach would serve both.
func TestLiveReferencesToAStore(t *testing.T) {
	peer := dotnettest.Start(t)
	web := dotnettest.WebOptions{RingOptions: dotnettest.RingOptions{App: "app"}, Store: true}
	store := newMemoryStore()
	f := startFarm(t, peer, web, cookies.Options{Insecure: true, Store: store}) // and .NET has given key-1 away
	format := authticket.CookieFormat(protector.New(f.ring, protector.Options{ApplicationName: "app"}), cookies.SchemeCookies)
	held := func(h http.Header) []byte {
		t.Helper()
		value, err := (cookies.Chunks{}).Get(sent(setBy(h)...), f.auth.CookieName())
		if err != nil {
			t.Fatal(err)
		}
		ticket, err := format.Unprotect(t.Context(), value)
		if err != nil {
			t.Fatal(err)
		}
		data, err := ticket.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		return data
	}

	atDotnet, atGo := f.browser(), f.browser()
	theirs := atDotnet.signInAtDotnet(person("key-2 of .NET"))
	f.browser().atGo("/signin", bob()) // key-1
	_, ours := atGo.atGo("/signin", bob())
	if a, b := held(ours), held(theirs); !bytes.Equal(a, b) {
		t.Errorf("Go's cookie holds\n%x\n.NET's\n%x", a, b)
	}
	// The same key is another person's in the other store.
	if seen, _ := atGo.atDotnet(); seen == nil || seen.Identities[0].Claims[0].Value != "key-2 of .NET" {
		t.Errorf(".NET reads %v", seen)
	}
	if seen, _ := atDotnet.atGo("/", nil); seen == nil || seen.Ticket.Name() != "bob" {
		t.Errorf("Go reads %v, %v", seen, f.errors)
	}
}
