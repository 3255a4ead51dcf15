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
	Stale    bool // ASP.NET Core does not know yet what the others do

	hues map[string]int
}

// tag is a key's id and its colour.
type tag struct {
	ID  string
	Hue int
}

// Tag returns how the page shows a key: the sheet has eight colours, and keys that
// follow one another differ.
func (p page) Tag(id string) tag { return tag{id, p.hues[id] % 8} }

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
		"short":  short,
		"day":    func(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04") },
		"date":   func(t time.Time) string { return t.UTC().Format("2 Jan 2006") },
		"minute": func(t time.Time) string { return t.UTC().Format("15:04") },
		"clock":  func(t time.Time) string { return t.Format("15:04:05") },
	}).Parse(pageText)
	return &pageTemplate{t}, err
}

func (t *pageTemplate) render(w io.Writer, p page) error { return t.Execute(w, p) }

// view puts together what the page shows: what one node said, what all said, and
// the ring.
func (f *farm) view(a answer, said map[string]answer) page {
	p := page{answer: a, Events: f.past(), ReadOnly: f.opts.ReadOnly, Keyctl: f.keyctl(), hues: map[string]int{}}
	agree, dotnet := true, false
	for _, m := range f.members {
		s := seat{seen: m.look(), Answered: m.name == a.Node}
		if it, ok := said[m.name]; ok {
			s.Said = &it
			agree = agree && it.User == a.User
		}
		dotnet = dotnet || m.readsOnceADay
		p.Nodes = append(p.Nodes, s)
	}
	p.Stale = dotnet && !agree
	snapshot := f.ring.Snapshot()
	current, err := snapshot.DefaultKey()
	keys := snapshot.Keys()
	for i, k := range slices.Backward(keys) {
		p.hues[k.ID.String()] = i
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
