package main

import (
	_ "embed"
	"html/template"
	"io"
	"slices"
	"time"

	"dataprotection.example/keyring"
)

//go:embed page.html
var pageText string

// page is what the template shows.
type page struct {
	answer          // of the node that answered
	Nodes    []seat // all of them
	Keys     []keyRow
	Events   []event
	ReadOnly bool
	Keyctl   string
	Dotnet   bool // there is such a node
	Stale    bool // it still takes a cookie that the others refuse, or the other way round
}

// seat is a node in the table.
type seat struct {
	seen
	Answered bool
	Said     *answer // nil: nothing
}

// keyRow is a key in the table.
type keyRow struct {
	ID                           string
	State                        string
	Protects                     bool // new payloads
	Yours                        bool // it sealed the visitor's cookie
	Created, Activation, Expires time.Time
	Revoked                      time.Time
	Reason                       string
}

type pageTemplate struct{ *template.Template }

func newPageTemplate() (*pageTemplate, error) {
	t, err := template.New("page").Funcs(template.FuncMap{
		"short": short,
		"hue":   hue,
		"day":   func(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04") },
		"clock": func(t time.Time) string { return t.Format("15:04:05") },
	}).Parse(pageText)
	return &pageTemplate{t}, err
}

func (t *pageTemplate) render(w io.Writer, p page) error { return t.Execute(w, p) }

// hue tells keys apart at a glance: one of the sheet's eight colours.
func hue(id string) int {
	n := 0
	for _, c := range id {
		n = n*31 + int(c)
	}
	return n & 7
}

// view puts together what the page shows: what one node said, what all said, and
// the ring.
func (f *farm) view(a answer, said map[string]answer) page {
	p := page{answer: a, Events: f.past(), ReadOnly: f.opts.ReadOnly, Keyctl: f.keyctl()}
	for _, m := range f.members {
		s := seat{seen: m.look(), Answered: m.name == a.Node}
		if it, ok := said[m.name]; ok {
			s.Said = &it
			p.Stale = p.Stale || m.readsOnceADay && it.User != a.User
		}
		p.Dotnet = p.Dotnet || m.readsOnceADay
		if m.readsOnceADay && s.Answered {
			p.Stale = p.Stale || slices.ContainsFunc(f.members, func(o *member) bool {
				it, ok := said[o.name]
				return ok && it.User != a.User
			})
		}
		p.Nodes = append(p.Nodes, s)
	}
	snapshot := f.ring.Snapshot()
	current, err := snapshot.DefaultKey()
	for _, k := range slices.Backward(snapshot.Keys()) {
		p.Keys = append(p.Keys, keyRow{
			ID: k.ID.String(), State: stateOf(k, time.Now()),
			Protects: err == nil && k.ID == current.ID, Yours: k.ID.String() == a.Key,
			Created: k.CreationDate, Activation: k.ActivationDate, Expires: k.ExpirationDate,
			Revoked: k.RevocationDate, Reason: k.RevocationReason,
		})
	}
	return p
}

// stateOf is a key's state in a word.
func stateOf(k keyring.Key, now time.Time) string {
	switch {
	case k.Revoked:
		return "revoked"
	case !now.Before(k.ExpirationDate):
		return "expired"
	case now.Before(k.ActivationDate):
		return "to come"
	}
	return "active"
}
