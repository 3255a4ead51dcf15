package keyring

import (
	"context"
	"encoding/base64"
	"errors"
	"testing"

	"dataprotection.example/internal/xmldoc"
	"dataprotection.example/xmlrepo"
)

// counting is a decryptor that counts what it is asked, and may fail.
type counting struct {
	asked int
	err   error
}

func (*counting) DecryptorTypes() []string { return []string{"Example.Counting"} }

func (c *counting) DecryptXML(context.Context, []byte) ([]byte, error) {
	c.asked++
	return xmldoc.Compact(masterKeyElement(make([]byte, masterKeySize))), c.err
}

func (*counting) EncryptXML(context.Context, []byte) (EncryptedXML, error) {
	return EncryptedXML{DecryptorType: "Example.Counting", XML: []byte("<x />")}, nil
}

func readAll(t *testing.T, r *reader, store xmlrepo.Repository) *Listing {
	t.Helper()
	l, err := r.read(t.Context(), store)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestReaderRemembers(t *testing.T) {
	store := xmlrepo.NewMemory()
	decryptor := new(counting)
	m, err := NewManager(store, Options{Encryptor: decryptor})
	if err != nil {
		t.Fatal(err)
	}
	k, err := m.CreateKey(t.Context(), NewKeyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	r := &reader{decryptors: []XMLDecryptor{decryptor}, cache: map[string]cached{}}
	first := readAll(t, r, store)
	encryptor, err := first.Keys[0].Encryptor()
	if err != nil || decryptor.asked != 1 {
		t.Fatalf("asked %d times, %v", decryptor.asked, err)
	}

	if _, err := m.RevokeKey(t.Context(), k.ID, "lost"); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the revocation is parsed, then remembered
		l := readAll(t, r, store)
		if same, _ := l.Keys[0].Encryptor(); same != encryptor || decryptor.asked != 1 || !l.Keys[0].Revoked {
			t.Fatalf("got %+v, asked %d times", l.Keys[0], decryptor.asked)
		}
	}
	if first.Keys[0].Revoked {
		t.Error("the first listing was changed")
	}

	// What was revoked is not remembered as such.
	err = store.Remove(t.Context(), func(all []xmlrepo.Element) []xmlrepo.Element {
		return []xmlrepo.Element{{Name: "revocation-" + k.ID.String()}}
	})
	if err != nil {
		t.Fatal(err)
	}
	if l := readAll(t, r, store); l.Keys[0].Revoked || l.Keys[0].RevocationReason != "" || !l.Keys[0].RevocationDate.IsZero() {
		t.Errorf("got %+v", l.Keys[0])
	}

	// A reader without a cache starts anew each time.
	if l := readAll(t, m.reader(), store); l.Keys[0].material == first.Keys[0].material {
		t.Error("remembered without a cache")
	}
}

func TestReaderForgetsWhatHasChanged(t *testing.T) {
	r := &reader{decryptors: []XMLDecryptor{NullXMLDecryptor{}}, cache: map[string]cached{}}
	element := func(fill byte) xmlrepo.Element {
		raw := make([]byte, masterKeySize)
		raw[0] = fill
		el := keyElement(Key{}, newKeyDeserializer, newDescriptor(Algorithms{}.withDefaults(), masterKeyElement(raw)))
		return xmlrepo.Element{Name: "key", XML: xmldoc.Compact(el)}
	}
	var seen []*material
	for _, fill := range []byte{1, 2, 2} {
		l, err := r.understand(t.Context(), []xmlrepo.Element{element(fill)})
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, l.Keys[0].material)
	}
	if seen[0] == seen[1] || seen[1] != seen[2] {
		t.Errorf("got %p", seen)
	}
	if got := string(seen[1].text.Reveal()); got != base64.StdEncoding.EncodeToString(append([]byte{2}, make([]byte, masterKeySize-1)...)) {
		t.Error("another secret")
	}
}

func TestReaderAsksAFailedDecryptorAgain(t *testing.T) {
	store := xmlrepo.NewMemory()
	decryptor := &counting{err: errors.New("the vault is away")}
	m, err := NewManager(store, Options{Encryptor: decryptor})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.CreateKey(t.Context(), NewKeyOptions{}); err != nil {
		t.Fatal(err)
	}
	r := &reader{decryptors: []XMLDecryptor{decryptor}, cache: map[string]cached{}}
	if l := readAll(t, r, store); !l.unopened || l.Keys[0].usable() {
		t.Errorf("got %+v", l)
	}
	decryptor.err = nil
	if l := readAll(t, r, store); l.unopened || !l.Keys[0].usable() || decryptor.asked != 2 {
		t.Errorf("asked %d times, got %+v", decryptor.asked, l)
	}
	// Nobody who could be asked: the same answer tomorrow.
	r = &reader{decryptors: []XMLDecryptor{NullXMLDecryptor{}}, cache: map[string]cached{}}
	if l := readAll(t, r, store); l.unopened || !l.Keys[0].DecryptorMissing {
		t.Errorf("got %+v", l)
	}
}
