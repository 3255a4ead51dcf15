package authticket_test

import (
	"slices"
	"testing"

	"dataprotection.example/protector/authticket"
)

// people is a ticket of two identities with types of their own.
func people() authticket.Ticket {
	return authticket.Ticket{Identities: []authticket.Identity{
		{
			AuthenticationType: "Cookies",
			Claims: authticket.Claims{
				{Type: authticket.ClaimName, Value: "bob"},
				{Type: authticket.ClaimRole, Value: "reader"},
				{Type: authticket.ClaimRole, Value: "writer"},
				{Type: authticket.ClaimNameIdentifier, Value: "42"},
				{Type: "role", Value: "only in the other identity a role"},
			},
			Actor: &authticket.Identity{Claims: authticket.Claims{{Type: authticket.ClaimRole, Value: "of the actor"}}},
		},
		{
			NameClaimType: "name", RoleClaimType: "role",
			Claims: authticket.Claims{
				{Type: "name", Value: "Bob B."},
				{Type: "ROLE", Value: "admin"},
				{Type: "sub", Value: "sub-42"},
				{Type: authticket.ClaimRole, Value: "not a role here"},
			},
		},
	}}
}

func TestNamesAndRoles(t *testing.T) {
	ticket := people()
	if got := ticket.Name(); got != "bob" {
		t.Errorf("name %q", got)
	}
	if got := ticket.Identities[1].Name(); got != "Bob B." {
		t.Errorf("second name %q", got)
	}
	if got := ticket.Roles(); !slices.Equal(got, []string{"reader", "writer", "admin"}) {
		t.Errorf("roles %q", got)
	}
	for role, want := range map[string]bool{
		"reader": true, "writer": true, "admin": true, "Admin": false, "": false,
		"of the actor": false, "not a role here": false, "only in the other identity a role": false,
	} {
		if got := ticket.HasRole(role); got != want {
			t.Errorf("HasRole(%q) = %v", role, got)
		}
	}
	if !ticket.Authenticated() || !ticket.Identities[0].Authenticated() || ticket.Identities[1].Authenticated() {
		t.Error("wrong about who is authenticated")
	}
	if nobody := (authticket.Ticket{}); nobody.Name() != "" || nobody.Authenticated() || nobody.HasRole("") || nobody.Roles() != nil {
		t.Error("nobody is somebody")
	}
}

func TestFindingClaims(t *testing.T) {
	ticket := people()
	for _, test := range []struct {
		types  []string
		value  string
		values []string
	}{
		{[]string{authticket.ClaimNameIdentifier, authticket.JWTSub}, "42", []string{"42", "sub-42"}},
		{[]string{authticket.JWTSub, authticket.ClaimNameIdentifier}, "sub-42", []string{"42", "sub-42"}}, // the order is a preference
		{[]string{authticket.JWTSub}, "sub-42", []string{"sub-42"}},
		{[]string{authticket.JWTEmail, authticket.ClaimEmail}, "", nil},
		{[]string{"Role"}, "only in the other identity a role", []string{"only in the other identity a role", "admin"}},
		{nil, "", nil},
	} {
		if got := ticket.Value(test.types...); got != test.value {
			t.Errorf("Value(%q) = %q", test.types, got)
		}
		if got := ticket.Values(test.types...); !slices.Equal(got, test.values) {
			t.Errorf("Values(%q) = %q", test.types, got)
		}
		if _, ok := ticket.Find(test.types...); ok != (test.value != "") {
			t.Errorf("Find(%q) says %v", test.types, ok)
		}
	}
	if got := ticket.Identities[1].Claims.Value("sub", "name"); got != "sub-42" {
		t.Errorf("in the second identity: %q", got)
	}
	if first := ticket.Identities[0].Claims; first.Has("SUB", "42") || !first.Has(authticket.ClaimNameIdentifier, "42") {
		t.Error("wrong about a claim of a value")
	}

	var all []string
	for c := range ticket.Claims() {
		if all = append(all, c.Value); len(all) == 6 {
			break
		}
	}
	if len(all) != 6 || all[5] != "Bob B." {
		t.Errorf("claims %q", all)
	}
	if n := len(slices.Collect(ticket.Claims())); n != 9 {
		t.Errorf("%d claims", n)
	}
}
