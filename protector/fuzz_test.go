package protector_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"dataprotection.example/internal/dotnet"
	"dataprotection.example/keyring"
	"dataprotection.example/protector"
	"dataprotection.example/testdata"
)

// fuzzRings are recorded rings, so that every process of a fuzz run has the same
// keys and the same few payloads that open.
var fuzzRings = []string{"vectors/alg-AES_256_CBC-HMACSHA256/ring", "vectors/alg-AES_128_GCM/ring", "vectors/go-managed-128-HMACSHA512/ring"}

// fuzzSeeds returns protectors over these rings, and the recorded payloads of each.
func fuzzSeeds(f *testing.F) (protectors []*protector.Protector, payloads []map[string][]byte) {
	all, err := testdata.Vectors()
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range fuzzRings {
		ring, known := openVector(f, path), make(map[string][]byte)
		var p *protector.Protector
		for _, v := range all {
			if v.Ring == path {
				p = protectorOf(v, ring) // the purposes are the same throughout
				known[string(v.PayloadBytes())] = v.Plaintext
				if v.DotnetReply != "" {
					reply, err := protector.DecodePayload(v.DotnetReply)
					if err != nil {
						f.Fatal(err)
					}
					known[string(reply)] = v.DotnetReplyPlaintext
				}
			}
		}
		protectors, payloads = append(protectors, p), append(payloads, known)
	}
	return protectors, payloads
}

// FuzzUnprotect: nothing opens but what was protected, byte for byte.
func FuzzUnprotect(f *testing.F) {
	protectors, payloads := fuzzSeeds(f)
	for _, known := range payloads {
		for payload := range known {
			f.Add([]byte(payload))
			f.Add([]byte(payload[:len(payload)-1]))
			f.Add([]byte(payload[:20]))
		}
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		before := bytes.Clone(payload)
		id, body, parseErr := protector.ParsePayload(payload)
		if parseErr == nil && len(body) != len(payload)-20 {
			t.Errorf("body of %d bytes", len(body))
		}
		for i, p := range protectors {
			u, err := p.DangerousUnprotect(t.Context(), payload)
			want, known := payloads[i][string(payload)]
			var typed *protector.Error
			switch {
			case known != (err == nil), known && !bytes.Equal(u.Plaintext, want):
				t.Errorf("opened %q, %v; want %q", u.Plaintext, err, want)
			case known:
			case parseErr != nil && err != protector.ErrInvalidPayload:
				t.Errorf("no payload: %v", err)
			case err == protector.ErrInvalidPayload:
			case !errors.As(err, &typed) || typed.KeyID != id || !errors.Is(err, keyring.ErrKeyNotFound):
				t.Errorf("refused: %v", err)
			}
		}
		if !bytes.Equal(payload, before) {
			t.Error("the payload was written to")
		}
	})
}

// FuzzUnprotectString: text is what it decodes to, and has two spellings.
func FuzzUnprotectString(f *testing.F) {
	protectors, payloads := fuzzSeeds(f)
	for _, known := range payloads {
		for payload := range known {
			f.Add(base64.RawURLEncoding.EncodeToString([]byte(payload)))
			f.Add(base64.URLEncoding.EncodeToString([]byte(payload)))
			f.Add(base64.StdEncoding.EncodeToString([]byte(payload)))
		}
	}
	f.Add("CfDJ8\n")
	f.Fuzz(func(t *testing.T, text string) {
		payload, err := protector.DecodePayload(text)
		if err == nil {
			bare := base64.RawURLEncoding.EncodeToString(payload)
			if text != bare && text != bare+strings.Repeat("=", (4-len(bare)%4)%4) {
				t.Errorf("%q decodes to %x", text, payload)
			}
		} else if err != protector.ErrInvalidPayload {
			t.Error(err)
		}
		for _, p := range protectors {
			got, gotErr := p.UnprotectString(t.Context(), text)
			if err != nil {
				if gotErr != err || got != "" {
					t.Errorf("opened %q, %v", got, gotErr)
				}
				continue
			}
			plaintext, err := p.Unprotect(t.Context(), payload)
			if want := err == nil && utf8.Valid(plaintext); want != (gotErr == nil) || want && got != string(plaintext) {
				t.Errorf("opened %q, %v; as bytes %q, %v", got, gotErr, plaintext, err)
			}
		}
	})
}

// FuzzTimeLimited: whatever stands behind a time-limited protector, it comes out
// until its time and not after.
func FuzzTimeLimited(f *testing.F) {
	limited, raw, clock := newLimited(f)
	for _, ticks := range []int64{0, 1, dotnet.Ticks(recorded) - 1, dotnet.Ticks(recorded), dotnet.Ticks(recorded) + 1, dotnet.MaxTicks, dotnet.MaxTicks + 1, -1} {
		f.Add(append(be64(ticks), "data"...), recorded.UnixNano())
	}
	f.Add([]byte("1234567"), int64(0))
	f.Add([]byte{}, int64(-1))
	f.Fuzz(func(t *testing.T, plaintext []byte, now int64) {
		clock.set(time.Unix(0, now))
		payload, err := raw.Protect(t.Context(), plaintext)
		if err != nil {
			t.Fatal(err)
		}
		got, expires, err := limited.Unprotect(t.Context(), payload)
		if len(plaintext) < 8 || binary.BigEndian.Uint64(plaintext) > uint64(dotnet.MaxTicks) {
			if err != protector.ErrInvalidPayload {
				t.Errorf("%q, %v", got, err)
			}
			return
		}
		ticks := int64(binary.BigEndian.Uint64(plaintext))
		if expired := dotnet.Ticks(clock.now()) > ticks; expired {
			if !errors.Is(err, protector.ErrExpired) || got != nil {
				t.Errorf("%q, %v", got, err)
			}
			return
		}
		if err != nil || !bytes.Equal(got, plaintext[8:]) {
			t.Fatalf("%q, %v", got, err)
		}
		again, err := limited.Protect(t.Context(), got, expires)
		if err != nil {
			t.Fatal(err)
		}
		wantOpens(t, raw, again, string(plaintext))
	})
}
