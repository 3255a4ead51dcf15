package farmtest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"time"

	"dataprotection.example/protector"
)

// sealed is a payload that must open, or must not.
type sealed struct {
	payload, plaintext []byte
	key                string
	outage             bool // sealed when no new key could be made
}

// traffic lets nodes exchange payloads, new and old.
func (f *farm) traffic() {
	for range 3 {
		f.exchange(f.any(), f.any())
	}
	f.withDotnet()
	for range min(5, len(f.payloads)) {
		f.check(f.any(), f.payloads[rand.N(len(f.payloads))])
	}
}

func (f *farm) exchange(writer, reader *node) {
	plaintext := fmt.Appendf(nil, "payload %d", len(f.payloads))
	r := writer.ask(f.T, request{Op: "protect", Data: plaintext})
	if r.Error != "" {
		if !f.bridging(r) {
			f.Errorf("protect: %s", r.Text)
		}
		return
	}
	f.check(reader, f.keep(r.Data, plaintext))
}

func (f *farm) keep(payload, plaintext []byte) sealed {
	id, _, err := protector.ParsePayload(payload)
	if err != nil {
		f.Fatal(err)
	}
	s := sealed{payload, plaintext, id.String(), f.outage.felt(time.Now())}
	f.payloads = append(f.payloads, s)
	return s
}

// check opens a payload on a node, judges the answer, and tells whether it opens.
func (f *farm) check(n *node, s sealed) (opens bool) {
	at, isRevoked := f.revoked[s.key]
	since, limit := f.outage.since(at)
	asked := time.Now()
	r := n.ask(f.T, request{Op: "unprotect", Data: s.payload})
	switch {
	case r.Error == "" && !bytes.Equal(r.Data, s.plaintext):
		f.Errorf("a payload opened as %q, want %q", r.Data, s.plaintext)
	case r.Error == "" && !isRevoked:
		f.opened++
	case r.Error == "" && f.outage.lasts() && f.outage.spans(at):
		f.did["(revocation not heard before the outage)"]++
	case r.Error == "":
		late := asked.Sub(since)
		if limit == again {
			f.missed = max(f.missed, late)
		} else {
			f.late = max(f.late, late)
		}
		if late > limit {
			f.Errorf("a payload under the revoked key %s opens %v after the revocation, or the end of the outage that followed\n%s", s.key, late, n.log.tail(s.key))
		}
	case r.Error == revoked && (isRevoked || f.outage.doubted(s.key)):
	case r.Error == notFound && f.outage.lasts() && f.outage.unread(s.key):
		f.did["(key not read before the outage)"]++
	case r.Error == notFound && s.outage && f.deleted[s.key]:
		// The default key was revoked, the store was lost, and all that was
		// left to protect with had expired. Then it was deleted.
		f.did["(deleted with its expired key)"]++
	default:
		f.Errorf("a payload under key %s (revoked: %v) does not open: %s\n%s", s.key, isRevoked, r.Text, n.log.tail(s.key))
	}
	return r.Error == ""
}

// heeded waits until no node opens a payload any more. How long that may take,
// check knows.
func (f *farm) heeded(s sealed) {
	for _, n := range f.nodes {
		for !n.busy && f.check(n, s) && !f.Failed() {
			time.Sleep(5 * time.Millisecond)
		}
	}
}

// bridging reports whether an answer is that of a farm which has just lost its
// default key, and whose nodes wait for each other to make the next.
func (f *farm) bridging(r response) bool {
	from, limit := f.outage.since(f.lost)
	if r.Error != noDefault || time.Since(from) > limit {
		return false
	}
	f.did["(no default key yet)"]++
	return true
}
