package main

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"dataprotection.example/internal/browsertest"
)

var screenshots = flag.String("screenshots", "", "a folder for pictures of the page")

// TestInABrowser is what the example tells people to try.
func TestInABrowser(t *testing.T) {
	browser := browsertest.Start(t)
	_, err := findDotnet()
	if err != nil && os.Getenv("CI") == "true" {
		t.Error(err)
	}
	withDotnet := err == nil
	s := newSite(t, farmOptions{})
	v := browser.Visitor(t)
	v.Go(s.url)
	if withDotnet {
		v.Await(`document.querySelector("#node-aspnet[data-state=up]")`)
	}
	everybody := func(user string) string {
		return `[...document.querySelectorAll("[id^=node-][data-state=up]")].every(n => n.dataset.user === "` + user + `")`
	}
	shoot(t, v, "signed-out")

	v.Fill("input[name=name]", "Anna")
	v.Press("#signin")
	v.Await(everybody("Anna"))
	if v.Text("#user") != "Anna" || v.Text("#pieces") != "1 cookie" {
		t.Errorf("signed in as %q in %q", v.Text("#user"), v.Text("#pieces"))
	}
	old := v.Attribute("#sealed", "data-key")
	shoot(t, v, "signed-in")

	v.Press("#rotate")
	v.Await(`document.querySelector("#sealed") && document.querySelector("#sealed").dataset.key !== "` + old + `"`)
	if withDotnet {
		v.Await(`document.querySelector("#node-aspnet[data-state=up]")`) // it has read the new key
	}
	v.Await(everybody("Anna"))

	v.Press("#node-go-1 .kill")
	v.Await(`document.querySelector("#node-go-1[data-state=down]")`)
	v.Await(everybody("Anna"))
	shoot(t, v, "a-node-down")
	v.Press(`#node-go-1 button`)
	v.Await(`document.querySelector("#node-go-1[data-state=up]")`)

	v.Press("#signout")
	v.Await(everybody(""))
	if cookies := v.Cookies(s.url); len(cookies) != 0 {
		t.Errorf("the browser keeps %v", cookies)
	}
	v.Fill("input[name=name]", "Zoë")
	v.Eval(`String(document.querySelector("input[name=large]").checked = true)`)
	v.Press("#signin")
	v.Await(everybody("Zoë"))
	if n := len(v.Cookies(s.url)); n < 4 {
		t.Errorf("10 kB are in %d cookies", n)
	}

	v.Press(`tr[data-key="` + v.Attribute("#sealed", "data-key") + `"] .revoke`)
	v.Await(`document.querySelectorAll("[id^=node-go][data-user='']").length === 3`)
	v.Await(`document.querySelector("#refused")`) // by itself, once a node in Go answers
	shoot(t, v, "revoked")
	if withDotnet {
		// It does not know of the revocation, and the page says so.
		v.Await(`document.querySelector("#node-aspnet[data-user='Zoë']") && document.querySelector(".note")`)
		v.Press(`#node-aspnet form[action="/start"] button`)
		v.Await(`document.querySelector("#node-aspnet[data-state=up]")`)
		v.Await(everybody(""))
	}
}

// shoot takes pictures if somebody has asked for them.
func shoot(t *testing.T, v *browsertest.Visitor, name string) {
	t.Helper()
	if *screenshots == "" {
		return
	}
	for _, size := range []struct {
		name          string
		width, height int64
		dark          bool
	}{{"wide", 1200, 900, false}, {"narrow", 390, 844, false}, {"dark", 1200, 900, true}} {
		file := filepath.Join(*screenshots, name+"-"+size.name+".png")
		if err := os.WriteFile(file, v.Screenshot(size.width, size.height, size.dark), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
