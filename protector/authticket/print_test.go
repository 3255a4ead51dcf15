package authticket_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"dataprotection.example/protector/authticket"
)

// private is a ticket in which whatever is private contains "private".
func private() authticket.Ticket {
	t := authticket.Ticket{
		Scheme: "Cookies",
		Identities: []authticket.Identity{{
			AuthenticationType: "Cookies",
			Claims:             authticket.Claims{{Type: authticket.ClaimName, Value: "private name"}},
			Bootstrap:          "private bootstrap",
			Actor: &authticket.Identity{
				AuthenticationType: "acting",
				Claims:             authticket.Claims{{Type: "actor's", Value: "private actor"}},
				Bootstrap:          "private bootstrap of the actor",
			},
		}},
	}
	t.Properties.SetExpires(time.Date(2026, 12, 5, 0, 0, 0, 0, time.UTC))
	t.Properties.SetRedirectURI("/private")
	t.Properties.Items.Set("custom", "private item")
	if err := t.Properties.SetTokens(authticket.Token{Name: "access_token", Value: "private token"}); err != nil {
		panic(err)
	}
	return t
}

func TestPrivateThingsDoNotPrint(t *testing.T) {
	ticket := private()
	values := []any{
		ticket, &ticket, ticket.Identities, ticket.Identities[0], ticket.Identities[0].Actor, ticket.Properties, &ticket.Properties,
		ticket.Properties.Tokens(), ticket.Properties.Tokens()[0],
		ticket.Properties.Items[len(ticket.Properties.Items)-2:], // the tokens
		authticket.Unprotected{Ticket: &ticket}, &authticket.Unprotected{Ticket: &ticket},
		map[string]any{"nested": []any{ticket, &ticket}},
		struct{ Exported authticket.Ticket }{ticket},
		&authticket.Format{},
	}
	var printed bytes.Buffer
	for _, v := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%X", "%q", "%d"} {
			fmt.Fprintf(&printed, verb+"\n", v)
		}
		for _, handler := range []slog.Handler{slog.NewTextHandler(&printed, nil), slog.NewJSONHandler(&printed, nil)} {
			slog.New(handler).Info("message", "value", v)
		}
		out, err := json.Marshal(v)
		if err != nil {
			t.Errorf("%T: %v", v, err)
		}
		fmt.Fprintln(&printed, string(out))
	}
	// fmt asks no method of what is in an unexported field. Of a pointer there
	// it prints the address, as long as the verb is one for pointers.
	fmt.Fprintf(&printed, "%v %+v %#v", struct{ t *authticket.Ticket }{&ticket}, struct{ t *authticket.Ticket }{&ticket}, struct{ t *authticket.Ticket }{&ticket})
	text := printed.String()
	for _, secret := range []string{"private", "70726976617465", "7072697661746520", "cHJpdmF0"} {
		if i := strings.Index(strings.ToLower(text), strings.ToLower(secret)); i >= 0 {
			t.Errorf("%s is printed: …%s", secret, text[max(0, i-200):min(len(text), i+50)])
		}
	}
	if !strings.Contains(text, authticket.ClaimName) || !strings.Contains(text, "Sat, 05 Dec 2026 00:00:00 GMT") {
		t.Error("what is not private is not printed either")
	}
}

func TestWhatIsPrinted(t *testing.T) {
	got := fmt.Sprint(private())
	want := `Ticket{scheme "Cookies", Identity{"Cookies", claims ["http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name"], ` +
		`bootstrap [secret], actor Identity{"acting", claims ["actor's"], bootstrap [secret]}}, ` +
		`Properties{".expires": "Sat, 05 Dec 2026 00:00:00 GMT", ".redirect", "custom", ".Token.access_token", ".TokenNames"}}`
	if got != want {
		t.Errorf("printed\n%s\nwant\n%s", got, want)
	}
	if got := fmt.Sprint(authticket.Ticket{}); got != `Ticket{scheme "", Properties{}}` {
		t.Errorf("printed %s", got)
	}
	// A line of a log stays a line.
	if got := fmt.Sprint(withClaim(authticket.Claim{Type: "a\nb"})); strings.Contains(got, "\n") {
		t.Errorf("printed %s", got)
	}
	// A claim by itself, and a property that is no token, are whole.
	if got := fmt.Sprint(authticket.Claim{Type: "type", Value: "value"}, authticket.Item{Key: "key", Value: "text"}); !strings.Contains(got, "value") || !strings.Contains(got, `"key": "text"`) {
		t.Errorf("printed %s", got)
	}
	// Neither a circle nor a missing ticket is a panic.
	circle := authticket.Identity{}
	circle.Actor = &circle
	if got := fmt.Sprint(circle, (*authticket.Ticket)(nil)); !strings.Contains(got, "…") || !strings.Contains(got, "<nil>") {
		t.Errorf("printed %s", got)
	}
}

func TestJSONOfATicketIsForLogs(t *testing.T) {
	ticket := private()
	text, err := json.Marshal(ticket)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, new(authticket.Ticket)); err == nil {
		t.Errorf("read %s back", text)
	}
}
