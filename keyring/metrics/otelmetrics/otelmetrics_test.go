package otelmetrics_test

import (
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"dataprotection.example/keyring"
	"dataprotection.example/keyring/metrics/otelmetrics"
	"dataprotection.example/xmlrepo"
)

// What a real SDK collects is what the ring counts.
func TestRegister(t *testing.T) {
	ring, err := keyring.Open(t.Context(), xmlrepo.NewMemory(), keyring.Options{GenerationDelay: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer ring.Close()
	reader := metric.NewManualReader()
	provider := metric.NewMeterProvider(metric.WithReader(reader))
	registration, err := otelmetrics.Register(provider.Meter("test"), ring)
	if err != nil {
		t.Fatal(err)
	}
	ring.CountProtect(nil)
	ring.CountUnprotect(keyring.ErrKeyNotFound)
	ring.CountUnprotect(keyring.ErrKeyNotFound)

	counters, gauges := collect(t, reader)
	for name, want := range map[string]int64{
		"keyring.protects protected":       1,
		"keyring.protects failed":          0,
		"keyring.unprotects key_not_found": 2,
		"keyring.unprotects opened":        0,
		"keyring.refreshes failed":         0,
		"keyring.unknown_keys ":            0,
	} {
		if got, ok := counters[name]; !ok || got != want {
			t.Errorf("%s: %d (there: %v), want %d", name, got, ok, want)
		}
	}
	if gauges["keyring.keys"] != 1 {
		t.Errorf("keyring.keys: %v", gauges["keyring.keys"])
	}
	if d := gauges["keyring.default_key.expires"]; d < 89.9 || d > 90 {
		t.Errorf("keyring.default_key.expires: %v", d)
	}
	if err := registration.Unregister(); err != nil {
		t.Error(err)
	}
}

func collect(t *testing.T, reader *metric.ManualReader) (counters map[string]int64, gauges map[string]float64) {
	t.Helper()
	var data metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &data); err != nil {
		t.Fatal(err)
	}
	counters, gauges = map[string]int64{}, map[string]float64{}
	for _, scope := range data.ScopeMetrics {
		for _, m := range scope.Metrics {
			switch d := m.Data.(type) {
			case metricdata.Sum[int64]:
				for _, p := range d.DataPoints {
					outcome, _ := p.Attributes.Value(attribute.Key("outcome"))
					counters[m.Name+" "+outcome.AsString()] = p.Value
				}
			case metricdata.Gauge[float64]:
				gauges[m.Name] = d.DataPoints[0].Value
			}
		}
	}
	return counters, gauges
}
