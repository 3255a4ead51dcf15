// Package otelmetrics shows the metrics of a key ring through OpenTelemetry.
// It imports the API alone; the SDK, and where the numbers go, are the
// program's choice.
package otelmetrics

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"dataprotection.example/keyring"
)

// Register makes meter observe ring at each collection, under these names:
//
//	keyring.protects            counter; attribute outcome: protected, failed
//	keyring.unprotects          counter; attribute outcome: opened, invalid,
//	                            key_not_found, key_revoked, key_unreadable, interrupted
//	keyring.refreshes           counter; attribute outcome: succeeded, failed
//	keyring.unknown_keys        counter
//	keyring.keys                gauge
//	keyring.default_key.expires gauge, days; negative after the expiration
//	keyring.snapshot.age        gauge, seconds
//
// Unregister the result before the ring is closed for good.
func Register(meter metric.Meter, ring *keyring.Ring) (metric.Registration, error) {
	var b builder
	b.meter = meter
	protects := b.counter("keyring.protects", "Attempts to protect a payload.")
	unprotects := b.counter("keyring.unprotects", "Attempts to open a payload.")
	refreshes := b.counter("keyring.refreshes", "Loads of the store.")
	unknown := b.counter("keyring.unknown_keys", "Payloads under a key that the ring did not have when they came.")
	keys := b.gauge("keyring.keys", "{key}", "Keys of the ring, expired and revoked ones too.")
	expires := b.gauge("keyring.default_key.expires", "d", "Days until the default key expires.")
	age := b.gauge("keyring.snapshot.age", "s", "Time since the store was last read.")
	if b.err != nil {
		return nil, b.err
	}
	outcome := func(name string) metric.ObserveOption {
		return metric.WithAttributes(attribute.String("outcome", name))
	}
	return meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		m := ring.Metrics()
		count := func(c metric.Int64Observable, name string, n uint64) { o.ObserveInt64(c, int64(n), outcome(name)) }
		count(protects, "protected", m.Protects)
		count(protects, "failed", m.ProtectErrors)
		count(unprotects, "opened", m.Unprotects.Opened)
		count(unprotects, "invalid", m.Unprotects.Invalid)
		count(unprotects, "key_not_found", m.Unprotects.NotFound)
		count(unprotects, "key_revoked", m.Unprotects.Revoked)
		count(unprotects, "key_unreadable", m.Unprotects.Unreadable)
		count(unprotects, "interrupted", m.Unprotects.Interrupted)
		count(refreshes, "succeeded", m.Refreshes)
		count(refreshes, "failed", m.RefreshErrors)
		o.ObserveInt64(unknown, int64(m.UnknownKeys))
		o.ObserveFloat64(keys, float64(m.Keys))
		o.ObserveFloat64(expires, m.DefaultExpires.Hours()/24)
		o.ObserveFloat64(age, m.SnapshotAge.Seconds())
		return nil
	}, protects, unprotects, refreshes, unknown, keys, expires, age)
}

// builder makes instruments and keeps the first error.
type builder struct {
	meter metric.Meter
	err   error
}

func (b *builder) counter(name, what string) metric.Int64ObservableCounter {
	c, err := b.meter.Int64ObservableCounter(name, metric.WithDescription(what))
	if b.err == nil {
		b.err = err
	}
	return c
}

func (b *builder) gauge(name, unit, what string) metric.Float64ObservableGauge {
	g, err := b.meter.Float64ObservableGauge(name, metric.WithUnit(unit), metric.WithDescription(what))
	if b.err == nil {
		b.err = err
	}
	return g
}
