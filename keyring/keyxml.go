package keyring

import (
	"errors"
	"fmt"
	"time"

	"github.com/beevik/etree"
	"github.com/google/uuid"

	"dataprotection.example/internal/dotnet"
	"dataprotection.example/internal/xmldoc"
)

// newElement returns an element in no namespace.
func newElement(tag string) *etree.Element { return etree.NewElement(tag) }

// isElement reports whether el is called name in no namespace, as all of the
// ring's own elements are.
func isElement(el *etree.Element, name string) bool {
	return el.Tag == name && el.NamespaceURI() == ""
}

// firstChild returns the first child called name in no namespace, or nil.
func firstChild(el *etree.Element, name string) *etree.Element {
	for c := range el.ChildElementsSeq() {
		if isElement(c, name) {
			return c
		}
	}
	return nil
}

// onlyChild returns the single child element of el.
func onlyChild(el *etree.Element) (*etree.Element, error) {
	children := el.ChildElements()
	if len(children) != 1 {
		return nil, fmt.Errorf("<%s> has %d child elements instead of one", el.Tag, len(children))
	}
	return children[0], nil
}

// attribute returns an attribute in no namespace.
func attribute(el *etree.Element, name string) (string, bool) {
	for i := range el.Attr {
		if el.Attr[i].Space == "" && el.Attr[i].Key == name {
			return el.Attr[i].Value, true
		}
	}
	return "", false
}

func idAttribute(el *etree.Element) (uuid.UUID, error) {
	text, ok := attribute(el, "id")
	if !ok {
		return uuid.UUID{}, fmt.Errorf("<%s> has no id", el.Tag)
	}
	return dotnet.ParseGUID(text)
}

func dateChild(el *etree.Element, name string) (time.Time, error) {
	child := firstChild(el, name)
	if child == nil {
		return time.Time{}, fmt.Errorf("<%s> is missing", name)
	}
	t, err := dotnet.ParseDate(xmldoc.Text(child))
	if err != nil {
		return time.Time{}, fmt.Errorf("<%s>: %w", name, err)
	}
	return t, nil
}

// keyHeader is what a key must tell of itself to be in the ring at all. An
// error leaves the id in place if that could be read.
func keyHeader(el *etree.Element) (k Key, err error) {
	if k.ID, err = idAttribute(el); err != nil {
		return k, err
	}
	for _, d := range []struct {
		name string
		date *time.Time
	}{
		{"creationDate", &k.CreationDate},
		{"activationDate", &k.ActivationDate},
		{"expirationDate", &k.ExpirationDate},
	} {
		if *d.date, err = dateChild(el, d.name); err != nil {
			return k, err
		}
	}
	return k, nil
}

// keyElement builds <key> around an inner descriptor.
func keyElement(k Key, deserializerType string, descriptor *etree.Element) *etree.Element {
	el := newElement("key")
	el.CreateAttr("id", k.ID.String())
	el.CreateAttr("version", "1")
	el.CreateElement("creationDate").SetText(dotnet.FormatDate(k.CreationDate))
	el.CreateElement("activationDate").SetText(dotnet.FormatDate(k.ActivationDate))
	el.CreateElement("expirationDate").SetText(dotnet.FormatDate(k.ExpirationDate))
	outer := el.CreateElement("descriptor")
	outer.CreateAttr("deserializerType", deserializerType)
	outer.AddChild(descriptor)
	return el
}

// revocation is one <revocation> record.
type revocation struct {
	id     uuid.UUID // the key, unless all
	all    bool      // every key created before date
	date   time.Time // zero where a single-key record has none or an unreadable one
	reason string
	source ElementError // Name and Location of the record
}

// covers reports whether a mass revocation revokes k: created strictly before it.
func (r revocation) covers(k Key) bool { return k.CreationDate.Before(r.date) }

// parseRevocation reads <revocation>. Nothing about it may be guessed: any
// error must fail the load.
func parseRevocation(el *etree.Element) (revocation, error) {
	key := firstChild(el, "key")
	if key == nil {
		return revocation{}, errors.New("the revocation names no key")
	}
	id, ok := attribute(key, "id")
	if !ok {
		return revocation{}, errors.New("the revocation's <key> has no id")
	}
	var r revocation
	if reason := firstChild(el, "reason"); reason != nil {
		r.reason = xmldoc.Text(reason)
	}
	date, err := dateChild(el, "revocationDate")
	if id == "*" {
		r.all, r.date = true, date
		if err != nil {
			return revocation{}, fmt.Errorf("the revocation of all keys: %w", err)
		}
		return r, nil
	}
	if err == nil {
		r.date = date
	}
	if r.id, err = dotnet.ParseGUID(id); err != nil {
		return revocation{}, fmt.Errorf("the revocation's key: %w", err)
	}
	return r, nil
}

// element builds <revocation> as .NET writes it.
func (r revocation) element() *etree.Element {
	el := newElement("revocation")
	el.CreateAttr("version", "1")
	el.CreateElement("revocationDate").SetText(dotnet.FormatDate(r.date))
	id := r.id.String()
	if r.all {
		el.CreateComment(" All keys created before the revocation date are revoked. ")
		id = "*"
	}
	el.CreateElement("key").CreateAttr("id", id)
	reason := el.CreateElement("reason")
	if r.reason != "" {
		reason.SetText(r.reason)
	}
	return el
}

// name returns the name under which .NET stores the record.
func (r revocation) name() string {
	if r.all {
		return "revocation-" + dotnet.DateStamp(r.date)
	}
	return "revocation-" + r.id.String()
}
