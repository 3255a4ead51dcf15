package main

import (
	"encoding/json"
	"os"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"dataprotection.example/testdata"
)

// cmdVector writes the ring of a recorded cookie to DIR, its value to
// DIR.payload and the headers that set it to DIR.headers.
func cmdVector(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: vector NAME DIR")
	}
	all, err := testdata.Vectors()
	ts.Check(err)
	for _, v := range all {
		if v.Name != args[0] {
			continue
		}
		var recorded struct{ SetCookie []string }
		ts.Check(json.Unmarshal(v.Raw, &recorded))
		dir := ts.MkAbs(args[1])
		ts.Check(os.RemoveAll(dir))
		ts.Check(testdata.CopyRing(dir, v.Ring))
		ts.Check(os.WriteFile(dir+".payload", []byte(v.Payload+"\n"), 0o600))
		ts.Check(os.WriteFile(dir+".headers", []byte("Set-Cookie: "+strings.Join(recorded.SetCookie, "\nSet-Cookie: ")+"\n"), 0o600))
		return
	}
	ts.Fatalf("no vector is called %s", args[0])
}
