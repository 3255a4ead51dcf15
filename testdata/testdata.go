// Package testdata holds real key rings and real payloads, with an index that
// says what becomes of each. Most were written by ASP.NET Core and are what this
// module must read; the others were written by Go and read by ASP.NET Core. The
// README tells where each came from.
//
// The keys in here protect nothing: everybody has them.
package testdata

import (
	"embed"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path"
	"strings"

	"github.com/google/uuid"
)

// FS holds the folder vectors: the rings, the certificates, the indexes.
//
//go:embed vectors
var FS embed.FS

// What becomes of a vector when it is read. The outcome of a refused one is
// "refused: why".
const (
	Opens                      = "opens"
	OpensOnlyIfRevokedAccepted = "opens-only-if-revoked-accepted"
	NoPayload                  = "no-payload"

	refused = "refused: "
)

// Kinds of vectors that need more than a protector of their purposes.
const (
	KindTimeLimited = "time-limited" // of ITimeLimitedDataProtector; Plaintext is without the 8 bytes of the expiration
	KindGoWritten   = "go-written"   // a ring and a payload of Go, and DotnetReply
)

// Vector is one entry of the index: a payload and all it takes to open it. Paths
// are paths in FS. A field that does not apply is zero.
type Vector struct {
	Name     string // of this vector alone, for the name of a test
	Kind     string // what the payload is: "dotnet-protect", "time-limited", "session", …
	Producer string
	About    string

	Ring        string   // the key directory, for RingFS and CopyRing
	Certificate string   // which it takes to open the ring: a path to which .crt.pem, .key.pem or .pfx (empty password) is added
	Files       []string // where the vector is not a ring

	Purposes      []string // the whole chain, the application name first if there is one
	Payload       string   // base64url without padding
	Plaintext     []byte   // empty, not nil, if that is what was protected
	KeyID         uuid.UUID
	ContextHeader []byte // as .NET's encryptor object held it
	Outcome       string // Opens, OpensOnlyIfRevokedAccepted, NoPayload, or refused

	DotnetReply          string // .NET's payload over the same ring and purposes, base64url
	DotnetReplyPlaintext []byte

	Raw json.RawMessage // the whole entry: the web kinds have fields of their own
}

// Refused returns why the payload must not open, or false if it may.
func (v Vector) Refused() (why string, ok bool) { return strings.CutPrefix(v.Outcome, refused) }

// PayloadBytes returns the payload, decoded. It is nil for NoPayload and for
// rings that are refused as a whole.
func (v Vector) PayloadBytes() []byte {
	payload, err := base64.RawURLEncoding.DecodeString(v.Payload)
	if err != nil || len(payload) == 0 {
		return nil // Vectors has decoded it once
	}
	return payload
}

// indexes are the files that list vectors: the first is kept by hand, the second
// is written by the recorder.
var indexes = []string{"vectors/index.json", "vectors/recorded.json"}

// Vectors returns every vector, in the order of the indexes.
func Vectors() ([]Vector, error) {
	var all []Vector
	for _, name := range indexes {
		text, err := FS.ReadFile(name)
		if err != nil {
			return nil, err
		}
		var index struct {
			Runtime string
			Vectors []json.RawMessage
		}
		if err := json.Unmarshal(text, &index); err != nil {
			return nil, fmt.Errorf("testdata: %s: %w", name, err)
		}
		for i, raw := range index.Vectors {
			v, err := parseVector(raw, path.Dir(name))
			if err != nil {
				return nil, fmt.Errorf("testdata: %s: vector %d: %w", name, i, err)
			}
			if v.Producer == "" {
				v.Producer = index.Runtime
			}
			all = append(all, v)
		}
	}
	return all, nil
}

func parseVector(raw json.RawMessage, dir string) (Vector, error) {
	var entry struct {
		Name, Kind, Producer, About, Ring, Certificate, Payload, Outcome string

		Files, Purposes                []string
		PlaintextHex, ContextHeaderHex string
		KeyID                          uuid.UUID
		DotnetReply                    string
		DotnetReplyPlaintext           string
		Revoked                        bool // the recorder's way to say it
	}
	if err := json.Unmarshal(raw, &entry); err != nil {
		return Vector{}, err
	}
	v := Vector{
		Name: entry.Name, Kind: entry.Kind, Producer: entry.Producer, About: entry.About,
		Purposes: entry.Purposes, Payload: entry.Payload, KeyID: entry.KeyID, Outcome: entry.Outcome,
		DotnetReply: entry.DotnetReply, DotnetReplyPlaintext: []byte(entry.DotnetReplyPlaintext), Raw: raw,
	}
	if entry.Ring != "" {
		v.Ring = path.Join(dir, entry.Ring)
	}
	if entry.Certificate != "" {
		v.Certificate = path.Join(dir, entry.Certificate)
	}
	for _, file := range entry.Files {
		v.Files = append(v.Files, path.Join(dir, file))
	}
	switch {
	case v.Outcome != "":
	case entry.Revoked:
		v.Outcome = OpensOnlyIfRevokedAccepted
	default:
		v.Outcome = Opens
	}
	var err error
	if v.Plaintext, err = hex.DecodeString(entry.PlaintextHex); err != nil {
		return Vector{}, err
	}
	if v.ContextHeader, err = hex.DecodeString(entry.ContextHeaderHex); err != nil {
		return Vector{}, err
	}
	_, err = base64.RawURLEncoding.DecodeString(v.Payload)
	return v, err
}
