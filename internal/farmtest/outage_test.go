package farmtest

import (
	"math/rand/v2"
	"time"

	"dataprotection.example/keyring"
)

// again is how long after a server is back a node may go without what happened
// meanwhile: as long as at other times, and the poll of package sqlrepo, which is
// 5 s and bounds how long a node waits before it listens again; a loaded machine
// gets more. A node on Redis polls every 30 s, and must not need to.
const again = obeyed + 15*time.Second

// outage is the time in which a store was last of no use.
type outage struct {
	crash        bool      // of a server: connections are lost
	began, ended time.Time // not yet: zero
	before       map[string]keyring.Key
	doubts       map[string]time.Time // keys whose revocation is under way, and since when
}

func (o outage) lasts() bool { return !o.began.IsZero() && o.ended.IsZero() }

// felt reports whether nodes may be without a connection at that time.
func (o outage) felt(at time.Time) bool {
	return o.crash && at.After(o.began) && (o.ended.IsZero() || at.Sub(o.ended) < again)
}

// spans reports whether the outage has kept nodes from hearing what was
// acknowledged at that time: all of them have read the store when it begins.
func (o outage) spans(at time.Time) bool {
	return !o.began.IsZero() && at.After(o.began) && (o.ended.IsZero() || at.Before(o.ended))
}

// since returns from when on the nodes have to know what was acknowledged at that
// time, and how much time they have.
func (o outage) since(at time.Time) (from time.Time, limit time.Duration) {
	from, limit = at, obeyed
	if o.felt(at) {
		limit = again
	}
	if o.spans(at) {
		from = o.ended
		if o.lasts() {
			from = time.Now()
		}
	}
	return from, limit
}

// doubted reports whether a key may be revoked without anybody having said so.
func (o outage) doubted(id string) bool {
	return !o.doubtedFrom(id).IsZero()
}

// doubtedFrom returns from when on. What came too late to be read by the test is
// doubted with anything else.
func (o outage) doubtedFrom(id string) (from time.Time) {
	from, known := o.doubts[id]
	if known || !o.unread(id) {
		return from
	}
	for _, t := range o.doubts {
		if from.IsZero() || t.Before(from) {
			from = t
		}
	}
	return from
}

// doubt notes that somebody is asked to revoke a key.
func (o outage) doubt(id string) {
	if _, known := o.doubts[id]; !known {
		o.doubts[id] = time.Now()
	}
}

// unread reports whether a key came too late to be read by all before the outage.
func (o outage) unread(id string) bool {
	_, old := o.before[id]
	return !old
}

// write is a request whose answer is not read yet.
type write struct {
	*node
	request
	answer response
}

// write lets a node begin to write something. New keys are for later: one that
// protected at once would be known to some nodes only.
func (f *farm) write(n *node) write {
	w := write{node: n, request: request{Op: "create", Starts: 48 * time.Hour, Expires: 90 * 24 * time.Hour}}
	s, ok := f.victim()
	switch dice := rand.N(10); {
	case dice < 4 && ok:
		w.request = request{Op: "revoke", ID: s.key}
		f.outage.doubt(s.key)
		f.lost = time.Now()
	case dice < 5:
		w.request = request{Op: "revokeAll"}
		for id := range f.outage.before {
			f.outage.doubt(id)
		}
		f.lost = time.Now()
	}
	n.send(f.T, w.request)
	return w
}

// settle holds the store against what was there before the outage, and what was
// acknowledged since. What was answered with an error may be there or not.
func (f *farm) settle(writes []write) {
	failed := 0
	for _, w := range writes {
		switch {
		case w.answer.Error != "":
			f.did["(failed: "+w.Op+")"]++
			if w.Op == "create" {
				failed++
			}
		case w.Op == "create":
			f.created[w.answer.ID] = true
		case w.Op == "revoke":
			f.note(w.ID)
		default:
			f.note(w.answer.IDs...)
		}
	}
	found := f.keys()
	f.holds(found)
	for id := range f.outage.before {
		if _, ok := found[id]; !ok {
			f.Errorf("key %s was there before the outage and is lost", id)
		}
	}
	for id, k := range found {
		if k.Revoked {
			f.note(id)
			// Several records may revoke it, and the last one tells the date.
			if from := f.outage.doubtedFrom(id); !from.IsZero() && from.Before(k.RevocationDate) {
				k.RevocationDate = from
				f.seen[id] = k
			}
		}
		_, old := f.outage.before[id]
		if !old && !f.created[id] && failed > 0 && k.ActivationDate.After(time.Now().Add(47*time.Hour)) {
			failed--
			f.did["(stored: create)"]++
			f.created[id] = true // it is there now, and has to stay
		}
	}
	f.outage.doubts = nil
}
