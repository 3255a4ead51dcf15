package main

import (
	"fmt"
	"strings"

	"dataprotection.example/protector/authticket"
)

// ticketView is a ticket as inspect prints it.
type ticketView struct {
	Scheme     string            `json:"scheme"`
	Identities []identityView    `json:"identities"`
	Properties map[string]string `json:"properties"`

	items authticket.Dictionary // the properties in order
}

// identityView is one identity of a ticket. The last two are rare.
type identityView struct {
	AuthenticationType string        `json:"authenticationType"`
	Claims             []claimView   `json:"claims"`
	Bootstrap          string        `json:"bootstrap,omitempty"`
	Actor              *identityView `json:"actor,omitempty"`
}

// claimView is one claim. The last two are there if they tell something.
type claimView struct {
	Type           string            `json:"type"`
	Value          string            `json:"value"`
	ValueType      string            `json:"valueType"`
	Issuer         string            `json:"issuer"`
	OriginalIssuer string            `json:"originalIssuer,omitempty"`
	Properties     map[string]string `json:"properties,omitempty"`
}

// withheld stands for a token.
const withheld = "[secret]"

// viewTicket shows a ticket: its tokens only if asked, because those may be good
// for more than the site that the cookie is for.
func viewTicket(t *authticket.Ticket, showTokens bool) *ticketView {
	v := &ticketView{Scheme: t.Scheme, Identities: []identityView{}, Properties: map[string]string{}}
	for _, id := range t.Identities {
		v.Identities = append(v.Identities, viewIdentity(id, showTokens))
	}
	for _, item := range t.Properties.Items {
		if strings.HasPrefix(item.Key, authticket.KeyTokenPrefix) && !showTokens {
			item.Value = withheld
		}
		v.items = append(v.items, item)
		v.Properties[item.Key] = item.Value
	}
	return v
}

func viewIdentity(id authticket.Identity, showTokens bool) identityView {
	v := identityView{AuthenticationType: id.AuthenticationType, Claims: []claimView{}, Bootstrap: id.Bootstrap}
	for _, c := range id.Claims {
		v.Claims = append(v.Claims, viewClaim(c))
	}
	if id.Bootstrap != "" && !showTokens {
		v.Bootstrap = withheld
	}
	if id.Actor != nil {
		v.Actor = new(viewIdentity(*id.Actor, showTokens))
	}
	return v
}

func viewClaim(c authticket.Claim) claimView {
	v := claimView{Type: c.Type, Value: c.Value, ValueType: c.ValueType, Issuer: c.Issuer}
	if c.OriginalIssuer != c.Issuer {
		v.OriginalIssuer = c.OriginalIssuer
	}
	for _, item := range c.Properties {
		if v.Properties == nil {
			v.Properties = map[string]string{}
		}
		v.Properties[item.Key] = item.Value
	}
	return v
}

// printTicket shows a ticket to a person, claim by claim. What every claim says
// by itself, that it is a string and the application's own, is left out.
func (p *program) printTicket(v *ticketView) error {
	rows := [][]cell{{{"scheme", faint}, {v.Scheme, bold}}}
	for i, id := range v.Identities {
		rows = append(rows, identityRows(fmt.Sprintf("identity %d", i+1), id)...)
	}
	for _, item := range v.items {
		rows = append(rows, []cell{{"property", faint}, {item.Key, noStyle}, {orQuotes(item.Value), noStyle}})
	}
	return p.printTable(p.stdout, rows)
}

func identityRows(title string, id identityView) [][]cell {
	proof := "not authenticated"
	if id.AuthenticationType != "" {
		proof = "authenticated by " + id.AuthenticationType
	}
	rows := [][]cell{{{title, faint}, {proof, bold}}}
	for _, c := range id.Claims {
		var notes []string
		if c.ValueType != authticket.ValueString {
			notes = append(notes, "type "+c.ValueType)
		}
		if c.Issuer != authticket.LocalIssuer {
			notes = append(notes, "issuer "+c.Issuer)
		}
		if c.OriginalIssuer != "" {
			notes = append(notes, "first "+c.OriginalIssuer)
		}
		if len(c.Properties) > 0 {
			notes = append(notes, "with properties")
		}
		rows = append(rows, []cell{{"claim", faint}, {c.Type, noStyle}, {orQuotes(c.Value), noStyle}, {strings.Join(notes, ", "), faint}})
	}
	if id.Bootstrap != "" {
		rows = append(rows, []cell{{"bootstrap", faint}, {id.Bootstrap, noStyle}})
	}
	if id.Actor != nil {
		rows = append(rows, identityRows("actor", *id.Actor)...)
	}
	return rows
}

// orQuotes keeps an empty value visible.
func orQuotes(text string) string {
	if text == "" {
		return `""`
	}
	return text
}
