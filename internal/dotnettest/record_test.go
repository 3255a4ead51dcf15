package dotnettest_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"dataprotection.example/internal/dotnettest"
)

// TestRecordings opens every recorded payload with a live .NET: those that the
// peer records now, and those that were committed.
func TestRecordings(t *testing.T) {
	peer := dotnettest.Start(t)

	t.Run("fresh", func(t *testing.T) {
		dir := t.TempDir()
		dotnettest.Run(t, "record", dir)
		openRecording(t, peer, dir)
	})
	t.Run("committed", func(t *testing.T) {
		dir, err := filepath.Abs("../../testdata/vectors")
		if err != nil {
			t.Fatal(err)
		}
		openRecording(t, peer, dir)
	})
}

func openRecording(t *testing.T, peer *dotnettest.Peer, dir string) {
	text, err := os.ReadFile(filepath.Join(dir, "recorded.json"))
	if err != nil {
		t.Fatal(err)
	}
	var recording struct {
		Vectors []struct {
			Name         string
			Ring         string
			Purposes     []string
			PlaintextHex string
			Payload      string
			Kind         string
			Revoked      bool
		}
	}
	if err := json.Unmarshal(text, &recording); err != nil {
		t.Fatal(err)
	}
	if len(recording.Vectors) < 100 {
		t.Errorf("only %d vectors", len(recording.Vectors))
	}
	rings := make(map[string]*dotnettest.Ring)
	for _, vector := range recording.Vectors {
		ring := rings[vector.Ring]
		if ring == nil {
			// .NET must not add a key to a committed ring when the recorded one has expired.
			ring = peer.Open(filepath.Join(dir, vector.Ring), dotnettest.RingOptions{App: vector.Purposes[0], DisableGeneration: true})
			rings[vector.Ring] = ring
		}
		payload, err := base64.RawURLEncoding.DecodeString(vector.Payload)
		if err != nil {
			t.Fatal(err)
		}
		opened, err := ring.Protector(vector.Purposes[1:]...).DangerousUnprotect(payload, true)
		if err != nil {
			t.Errorf("%s: %v", vector.Name, err)
			continue
		}
		if vector.Kind == "time-limited" {
			opened.Data = opened.Data[8:]
		}
		if hex.EncodeToString(opened.Data) != vector.PlaintextHex || opened.WasRevoked != vector.Revoked {
			t.Errorf("%s: got %x, revoked %v", vector.Name, opened.Data, opened.WasRevoked)
		}
	}
}
