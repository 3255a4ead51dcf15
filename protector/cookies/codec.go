package cookies

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"dataprotection.example/protector"
)

// What a Codec assumes when its options are zero: securecookie's defaults.
const (
	DefaultMaxAge    = 30 * 24 * time.Hour
	DefaultMaxLength = 4096
)

// maxRemembered is how many names a codec keeps protectors for.
const maxRemembered = 64

// Decoder decodes values that somebody else has encoded: *securecookie.SecureCookie
// is one.
type Decoder interface {
	Decode(name, value string, dst any) error
}

// Serializer makes bytes of values and values of bytes. securecookie's
// GobEncoder, JSONEncoder and NopEncoder are some, and so are [Gob] and [JSON].
type Serializer interface {
	Serialize(src any) ([]byte, error)
	Deserialize(src []byte, dst any) error
}

// CodecOptions configures a Codec. The zero value is what securecookie.New gives.
type CodecOptions struct {
	// MaxAge is how long a value is good after it was encoded; 0 means
	// DefaultMaxAge, less than 0 for ever. gorilla/sessions' MaxAge methods
	// change the codecs of securecookie only: say it here.
	MaxAge time.Duration

	// MaxLength is the length in characters of the longest encoded value; 0
	// means DefaultMaxLength, less than 0 no bound.
	MaxLength int

	// Serializer is nil for Gob, which gorilla/sessions needs.
	Serializer Serializer

	// Old, unless nil, decodes what was encoded before the switch. Once its
	// values have expired, leave it out.
	Old Decoder

	// Now is the clock; nil means time.Now. When a value expires is judged by
	// the provider's.
	Now func() time.Time
}

// Codec encodes values for cookies. It has the methods of securecookie.Codec, so
// that gorilla/sessions and what else takes one takes it, and its values are
// payloads of a key ring: keys roll over by themselves and can be revoked.
//
// A value decodes only under the name that it was encoded under: its purposes are
// "cookies.Codec", "v1" and the name, time-limited. It is safe for concurrent use.
// An error is a [*CodecError].
type Codec struct {
	opts      CodecOptions
	protector *protector.Protector

	mu    sync.RWMutex
	named map[string]*protector.TimeLimited
}

// NewCodec returns a codec over a provider.
func NewCodec(p *protector.Provider, opts CodecOptions) *Codec {
	defaults(&opts.MaxAge, DefaultMaxAge)
	defaults(&opts.MaxLength, DefaultMaxLength)
	if opts.Serializer == nil {
		opts.Serializer = Gob{}
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &Codec{opts: opts, protector: p.CreateProtector("cookies.Codec", "v1"), named: map[string]*protector.TimeLimited{}}
}

// Encode returns value as text for the cookie of this name: base64url without
// padding.
func (c *Codec) Encode(name string, value any) (string, error) {
	plaintext, err := c.opts.Serializer.Serialize(value)
	if err != nil {
		return "", &CodecError{kind: usage, err: err}
	}
	var expires time.Time
	if c.opts.MaxAge > 0 {
		expires = c.opts.Now().Add(c.opts.MaxAge)
	}
	payload, err := c.protectorOf(name).Protect(context.Background(), plaintext, expires)
	if err != nil {
		return "", &CodecError{kind: internal, err: err}
	}
	text := base64.RawURLEncoding.EncodeToString(payload)
	if c.opts.MaxLength > 0 && len(text) > c.opts.MaxLength {
		return "", &CodecError{kind: usage, err: fmt.Errorf("%w: it has %d characters, at most %d are allowed", ErrTooLarge, len(text), c.opts.MaxLength)}
	}
	return text, nil
}

// Decode reads into dst, a pointer, the value in a text that Encode returned for
// this name, or that Options.Old decodes. Unless value is genuine and has not
// expired, dst stays as it is.
func (c *Codec) Decode(name, value string, dst any) error {
	if c.opts.MaxLength > 0 && len(value) > c.opts.MaxLength {
		return &CodecError{kind: decode, err: fmt.Errorf("%w: %d characters came", ErrTooLarge, len(value))}
	}
	payload, err := protector.DecodePayload(value)
	if err == nil {
		var plaintext []byte
		if plaintext, _, err = c.protectorOf(name).Unprotect(context.Background(), payload); err == nil {
			if err = c.opts.Serializer.Deserialize(plaintext, dst); err != nil {
				return &CodecError{kind: decode, err: err}
			}
			return nil
		}
	}
	// What is ours and expired, or under a revoked key, is not for the old one.
	if c.opts.Old != nil && errors.Is(err, protector.ErrInvalidPayload) {
		old := c.opts.Old.Decode(name, value, dst)
		if old == nil {
			return nil
		}
		err = errors.Join(err, old)
	}
	return &CodecError{kind: decode, err: err}
}

// protectorOf returns the protector for a name, and remembers some: what a
// protector derives from a key costs more than the rest.
func (c *Codec) protectorOf(name string) *protector.TimeLimited {
	c.mu.RLock()
	p := c.named[name]
	c.mu.RUnlock()
	if p != nil {
		return p
	}
	p = c.protector.CreateProtector(name).TimeLimited()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.named) < maxRemembered {
		c.named[name] = p
	}
	return p
}

// Gob serializes with encoding/gob. Types inside of interfaces must be
// registered (gob.Register).
type Gob struct{}

// Serialize implements Serializer.
func (Gob) Serialize(src any) ([]byte, error) {
	var b bytes.Buffer
	err := gob.NewEncoder(&b).Encode(src)
	return b.Bytes(), err
}

// Deserialize implements Serializer.
func (Gob) Deserialize(src []byte, dst any) error {
	return gob.NewDecoder(bytes.NewReader(src)).Decode(dst)
}

// JSON serializes with encoding/json.
type JSON struct{}

// Serialize implements Serializer.
func (JSON) Serialize(src any) ([]byte, error) { return json.Marshal(src) }

// Deserialize implements Serializer.
func (JSON) Deserialize(src []byte, dst any) error { return json.Unmarshal(src, dst) }
