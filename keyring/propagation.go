package keyring

import (
	"slices"
	"time"

	"dataprotection.example/internal/dotnet"
)

// dotnetRefresh is how long a .NET node goes on with what it has read, at most
// (KeyRingProvider's refresh period, of which up to a fifth is taken off at
// random). It cannot be set there.
const dotnetRefresh = 24 * time.Hour

// examinePropagation tells of a key that protects before every .NET node has read
// the ring since it was made. Such a node does not know the key, and looks again
// for an unknown one only in the first two minutes after its start.
//
// Nothing is said of the first key of a ring, before which there was nothing to
// read, nor of the successors that .NET and we make by ourselves, which have a
// day or more left.
func examinePropagation(now time.Time, l *Listing, policy Policy, add finder) {
	instants := []time.Time{now}
	for _, k := range l.Keys {
		if t := k.usedFrom(policy.ClockSkew); !k.Revoked && t.After(now) && t.Before(k.CreationDate.Add(dotnetRefresh+policy.ClockSkew)) {
			instants = append(instants, t)
		}
	}
	slices.SortFunc(instants, time.Time.Compare)
	told := make(map[*Key]bool)
	for _, t := range slices.CompactFunc(instants, time.Time.Equal) {
		k := policy.Resolve(t, l.Keys).Default
		if k == nil || told[k] || k.CreationDate.After(now.Add(policy.ClockSkew)) {
			continue
		}
		told[k] = true
		used, until := k.usedFrom(policy.ClockSkew), policy.readBy(k, l.Keys)
		if until.IsZero() || !until.After(t) || !until.After(used) {
			continue
		}
		protects := "protects from " + dotnet.FormatDate(used) + " on"
		if !used.After(now) {
			protects = "protects already"
		}
		add(CodeUnpropagatedKey, k.where(), "key %s was made on %s and %s: ASP.NET Core nodes that were running before it was made may not know it until %s, and what it protects does not open there",
			k.ID, dotnet.FormatDate(k.CreationDate), protects, dotnet.FormatDate(until))
	}
}

// usedFrom is when the first node may protect with k, if its dates choose it.
func (k Key) usedFrom(skew time.Duration) time.Time {
	if t := k.ActivationDate.Add(-skew); t.After(k.CreationDate) {
		return t
	}
	return k.CreationDate
}

// readBy is when the last .NET node has read the ring since k was made: a day
// later, or when the default key of that day expires, for then they read too. It
// is zero for the first key of a ring.
func (p Policy) readBy(k *Key, keys []Key) time.Time {
	var older []Key
	for _, o := range keys {
		if o.CreationDate.Before(k.CreationDate) {
			older = append(older, o)
		}
	}
	if len(older) == 0 {
		return time.Time{}
	}
	last := k.CreationDate.Add(dotnetRefresh)
	// Whoever read when another key was the default waits for the end of that.
	d := p.Resolve(k.CreationDate, older).Default
	if d != nil && !d.usedFrom(p.ClockSkew).After(k.CreationDate.Add(-dotnetRefresh)) && d.ExpirationDate.Before(last) {
		last = d.ExpirationDate
	}
	return last.Add(p.ClockSkew)
}
