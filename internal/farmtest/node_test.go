package farmtest

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/google/uuid"

	"dataprotection.example/keyring"
	"dataprotection.example/protector"
)

// application and purpose are every node's, on both runtimes.
const (
	application = "farm"
	purpose     = "chaos"
)

// request is what the test asks of a node, one JSON object a line.
type request struct {
	Op      string        // protect, unprotect, create, revoke, revokeAll, deleteExpired, refresh, default, flood, calm
	Data    []byte        // the plaintext or the payload
	ID      string        // of the key to revoke
	Starts  time.Duration // of the key to create: activation from now
	Expires time.Duration // and expiration
}

// response answers it.
type response struct {
	Data  []byte
	ID    string   // of the key made, or of the default key
	IDs   []string // of every revoked key, after revokeAll, or of the keys deleted
	Flood flooded  // after calm
	Error string   // which of the errors below, or the text of another
	Text  string   // of the error
}

// The errors that the test tells apart.
const (
	notFound   = "not found"
	revoked    = "revoked"
	invalid    = "invalid"
	unreadable = "unreadable"
	noDefault  = "no default key"
)

func nameOf(err error) string {
	for name, target := range map[string]error{
		notFound: keyring.ErrKeyNotFound, revoked: keyring.ErrKeyRevoked,
		invalid: protector.ErrInvalidPayload, unreadable: keyring.ErrKeyUnreadable,
		noDefault: keyring.ErrNoDefaultKey,
	} {
		if errors.Is(err, target) {
			return name
		}
	}
	return err.Error()
}

// runNode is the life of one node process: it says "ready" and the ids of the
// keys it sees, then answers until its standard input ends.
func runNode(place string, existing bool) error {
	ctx := context.Background()
	log := slog.New(slog.NewTextHandler(os.Stderr, nil)).With("pid", os.Getpid())
	repo, shut, err := open(place, log)
	if err != nil {
		return err
	}
	defer shut()
	ring, err := keyring.Open(ctx, repo, keyring.Options{RequireExistingKeys: existing, Logger: log})
	if err != nil {
		return err
	}
	defer ring.Close()
	p := protector.New(ring, protector.Options{ApplicationName: application}).CreateProtector(purpose)
	var f flood
	out := json.NewEncoder(os.Stdout)
	if err := out.Encode(response{ID: "ready"}); err != nil {
		return err
	}
	in := bufio.NewReader(os.Stdin)
	for {
		line, err := in.ReadBytes('\n')
		if err == io.EOF {
			return nil
		}
		var req request
		if err == nil {
			err = json.Unmarshal(line, &req)
		}
		if err != nil {
			return err
		}
		var answer response
		switch req.Op {
		case "flood":
			f.begin(ring, p, req.Data)
		case "calm":
			answer.Flood, err = f.end()
		default:
			answer, err = serve(ctx, ring, p, req)
		}
		if err != nil {
			answer = response{Error: nameOf(err), Text: err.Error()}
		}
		if err := out.Encode(answer); err != nil {
			return err
		}
	}
}

func serve(ctx context.Context, ring *keyring.Ring, p *protector.Protector, req request) (r response, err error) {
	switch req.Op {
	case "protect":
		r.Data, err = p.Protect(ctx, req.Data)
	case "unprotect":
		r.Data, err = p.Unprotect(ctx, req.Data)
	case "create":
		now := time.Now()
		var k keyring.Key
		k, err = ring.Manager().CreateKey(ctx, keyring.NewKeyOptions{Activation: now.Add(req.Starts), Expiration: now.Add(req.Expires)})
		r.ID = k.ID.String()
	case "revoke":
		_, err = ring.Manager().RevokeKey(ctx, uuid.MustParse(req.ID), "chaos")
	case "revokeAll":
		if _, err = ring.Manager().RevokeAllKeys(ctx, time.Time{}, "chaos"); err == nil {
			for _, k := range ring.Snapshot().Keys() {
				if k.Revoked {
					r.IDs = append(r.IDs, k.ID.String())
				}
			}
		}
	case "deleteExpired":
		var d keyring.Deleted
		d, err = ring.Manager().DeleteKeys(ctx, func(k keyring.Key) bool {
			return k.ExpirationDate.Before(time.Now().Add(-time.Minute))
		}, keyring.DeleteOptions{})
		for _, k := range d.Keys {
			r.IDs = append(r.IDs, k.ID.String())
		}
	case "refresh":
		err = ring.Refresh(ctx)
	case "default":
		var k keyring.Key
		if k, err = ring.Snapshot().DefaultKey(); err == nil {
			r.ID = k.ID.String()
		}
	default:
		err = errors.New("unknown request " + req.Op)
	}
	return r, err
}
