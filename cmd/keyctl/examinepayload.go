package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"dataprotection.example/keyring"
	"dataprotection.example/protector"
)

// examinePayload returns why a payload does not open with this ring, and says so
// when it does. l is the ring.
func (p *program) examinePayload(ctx context.Context, s *store, o doctorOptions, text string) ([]keyring.Finding, error) {
	one := func(code keyring.Code, file, format string, args ...any) ([]keyring.Finding, error) {
		return []keyring.Finding{keyring.NewFinding(code, file, fmt.Sprintf(format, args...))}, nil
	}
	text, err := o.payloadText(text)
	if missing := (*missingPieces)(nil); errors.As(err, &missing) {
		return one(keyring.CodeNotAPayload, "", "this is no payload: %v", missing)
	} else if err != nil {
		return nil, err
	}
	payload, err := protector.DecodePayload(text)
	if err != nil || len(payload) == 0 {
		return one(keyring.CodeNotAPayload, "", "this is no payload: %s", noPayload(text))
	}
	id, _, err := protector.ParsePayload(payload)
	if err != nil {
		return one(keyring.CodeNotAPayload, "", "this is no payload: its %s do not begin as one does", count(len(payload), "byte"))
	}
	ring, err := p.openRing(ctx, s, false)
	if err != nil {
		return nil, unreadable(err)
	}
	defer ring.Close()
	now := ring.Snapshot()
	k, found := now.Key(id)
	if !found {
		for _, b := range now.Broken() {
			if b.ID == id {
				return one(keyring.CodePayloadKeyUnreadable, viewBroken(b).at, "the payload needs key %s, whose file is at fault", id)
			}
		}
		return one(keyring.CodePayloadKeyAbsent, "", "the payload needs key %s, which is not among the %s of this ring", id, count(len(now.Keys()), "key"))
	}
	if k.Revoked {
		return one(keyring.CodePayloadKeyRevoked, k.Location, "the payload needs key %s, which is revoked%s", id, since(k))
	}
	if _, err := k.Encryptor(); err != nil {
		return one(keyring.CodePayloadKeyUnreadable, k.Location, "the payload needs key %s, which cannot be used here: %s", id, plain(err))
	}
	if len(o.purposes) == 0 && o.scheme == "" {
		p.note("the payload needs key %s, which is well; whether it opens depends on --purpose (of an authentication cookie, on --scheme) and --app", id)
		return nil, nil
	}
	return p.tryPayload(ctx, o, ring, payload)
}

// payloadText returns the payload in what was pasted: all of it, or the value of a
// cookie, which may be in pieces.
func (o doctorOptions) payloadText(text string) (string, error) {
	if _, err := protector.DecodePayload(text); err == nil || !strings.Contains(text, payloadBegin) && !strings.Contains(text, "chunks-") {
		return text, nil
	}
	where := "on standard input"
	if o.payload != "-" {
		where = "in " + o.payload
	}
	return o.value(text, where)
}

// noPayload says what a text is that is no base64url.
func noPayload(text string) string {
	switch at := strings.Index(text, payloadBegin); {
	case len(text) == 0:
		return "it is empty"
	case at > 0:
		return fmt.Sprintf("one seems to begin after %s", count(at, "other character"))
	case at == 0:
		for i, r := range text {
			if !strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=", r) {
				return fmt.Sprintf("it begins like one, but character %d is %q", utf8.RuneCountInString(text[:i])+1, r)
			}
		}
		return "it begins like one, but is cut short or too long"
	}
	return "it does not begin with " + payloadBegin
}
