package readmetest

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"dataprotection.example/internal/dotnettest"
	"dataprotection.example/protector"
	"dataprotection.example/protector/authticket"
	"dataprotection.example/protector/cookies"
)

// bob is the document's ticket.
func bob() *authticket.Ticket {
	t := &authticket.Ticket{Scheme: "Cookies", Identities: []authticket.Identity{{
		AuthenticationType: "Cookies",
		Claims: authticket.Claims{
			{Type: authticket.ClaimName, Value: "bob"},
			{Type: "sub", Value: "42", Issuer: "shop"},
		},
	}}}
	t.Properties.SetIssued(time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC))
	t.Properties.SetExpires(time.Date(2026, 2, 15, 0, 0, 0, 0, time.UTC))
	return t
}

// ticketBytes are those of the example.
func ticketBytes(t *testing.T) []byte {
	t.Helper()
	var all []byte
	for _, part := range []string{"head", "identity", "claim name", "claim sub", "tail", "properties"} {
		all = append(all, exampleWith(t, "claim sub").hex(t, part)...)
	}
	return all
}

func TestTicket(t *testing.T) {
	t.Parallel()
	told := ticketBytes(t)
	written, err := bob().MarshalBinary()
	if err != nil || !bytes.Equal(told, written) {
		t.Errorf("the ticket is\n%x, but works out as\n%x, %v", told, written, err)
	}
	for date, good := range map[string]bool{
		"Sun, 01 Feb 2026 00:00:00 GMT": true, "sUN, 01 fEB 2026 00:00:00 GMT": true, "Sun, 01 Feb 2026 00:00:00 gmt": false,
		"Sun, 1 Feb 2026 00:00:00 GMT": false, "Mon, 01 Feb 2026 00:00:00 GMT": false, "Sun, 01 Feb 2026 00:00:00.5 GMT": false,
	} {
		p := authticket.Properties{Items: authticket.Dictionary{{Key: ".expires", Value: date}}}
		if _, err := p.Expires(); (err == nil) != good {
			t.Errorf("%q: %v", date, err)
		}
	}
	grammar := only(t, blocks(t, format), "text", "le32(5)")
	for name, text := range map[string]string{
		"NAME": authticket.ClaimName, "ROLE": authticket.ClaimRole, "STRING": authticket.ValueString, "LOCAL": authticket.LocalIssuer,
	} {
		if !strings.Contains(grammar, fmt.Sprintf("%-12s%s\n", name, text)) {
			t.Errorf("%s is %s", name, text)
		}
	}
}

func TestCookie(t *testing.T) {
	t.Parallel()
	e, cookie := exampleWith(t, "nonce"), exampleWith(t, "cookie")["cookie"]
	aad := additionalData(e.hex(t, "aad")[4:20], append([]string{"shop"}, authticket.CookiePurposes("Cookies")...)...)
	modifier, nonce := e.hex(t, "key modifier"), e.hex(t, "nonce")
	sealed := sealGCM(derive(masterKey(t, keyGCM), aad, headerGCM(), modifier, 32), nonce, ticketBytes(t))
	if text := base64.RawURLEncoding.EncodeToString(slices.Concat(aad[:20], modifier, nonce, sealed)); text != cookie {
		t.Errorf("the cookie works out as %s", text)
	}

	provider := protector.New(ringOf(t, keyGCM), protector.Options{ApplicationName: "shop"})
	auth, err := cookies.NewAuth(provider, cookies.Options{Now: func() time.Time { return time.Date(2026, 2, 1, 0, 0, 1, 0, time.UTC) }})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.AddCookie(&http.Cookie{Name: ".AspNetCore.Cookies", Value: cookie})
	s, err := auth.Authenticate(r)
	if err != nil || s.Ticket.Name() != "bob" || s.Ticket.Value("sub") != "42" {
		t.Errorf("the cookie holds %v, %v", s, err)
	}
	document, err := os.ReadFile(filepath.Join(root, format))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range [][]string{authticket.CookiePurposes("scheme"), authticket.AccessTokenPurposes("scheme"), authticket.RefreshTokenPurposes("scheme")} {
		if line := fmt.Sprintf("| `%s`, %s, `%s` |", p[0], p[1], p[2]); !bytes.Contains(document, []byte(line)) {
			t.Errorf("no line has %s", line)
		}
	}
}

func TestChunks(t *testing.T) {
	t.Parallel()
	e := exampleWith(t, "3990 as")
	set := func(length int) []string {
		w := httptest.NewRecorder()
		err := cookies.Chunks{}.Set(w, &http.Cookie{Name: ".AspNetCore.Cookies", Value: strings.Repeat("x", length),
			Path: "/", Secure: true, SameSite: http.SameSiteLaxMode, HttpOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		return w.Header()["Set-Cookie"]
	}
	if header := set(0); len(header) != 1 || header[0] != e["header"] {
		t.Errorf("an empty cookie is %q", header)
	}
	whole, err := strconv.Atoi(e["whole up to"])
	if err != nil || len(set(whole)) != 1 || len(set(whole+1)) == 1 {
		t.Errorf("%d and one more: %d, %d headers, %v", whole, len(set(whole)), len(set(whole+1)), err)
	}
	for _, length := range []int{3990, 12000} {
		worked := ""
		for i, header := range set(length) {
			name, value, _ := strings.Cut(header, "=")
			value, _, _ = strings.Cut(value, ";")
			if i == 0 {
				worked = value
				continue
			}
			if name != fmt.Sprintf(".AspNetCore.CookiesC%d", i) {
				t.Errorf("piece %d is called %s", i, name)
			}
			worked += fmt.Sprintf(" %d", len(value))
		}
		if told := e[fmt.Sprintf("%d as", length)]; told != worked {
			t.Errorf("%d characters are %s, but work out as %s", length, told, worked)
		}
	}
}

// ASP.NET Core writes the document's ticket, and reads its cookie.
func TestDotnetReadsTheCookie(t *testing.T) {
	t.Parallel()
	peer := dotnettest.Start(t)
	read, err := peer.DeserializeTickets([][]byte{ticketBytes(t)})
	if err != nil || read[0].Err != nil {
		t.Fatal(read, err)
	}
	written, err := peer.SerializeTickets([]dotnettest.Ticket{*read[0].Value})
	if err != nil || written[0].Err != nil || !bytes.Equal(written[0].Value, ticketBytes(t)) {
		t.Errorf(".NET writes %+v, %v", written, err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, keyGCM+".xml"), []byte(elements(t)[keyGCM]), 0o600); err != nil {
		t.Fatal(err)
	}
	ring := peer.Open(dir, dotnettest.RingOptions{App: "shop"})
	opened, err := ring.TicketFormat(authticket.CookiePurposes("Cookies")...).Unprotect([]string{exampleWith(t, "cookie")["cookie"]})
	if err != nil || opened[0].Err != nil || opened[0].Value == nil || opened[0].Value.Identities[0].Claims[0].Value != "bob" {
		t.Errorf(".NET opens %+v, %v", opened, err)
	}
}
