package authenc

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// secretsOf returns what must never be seen of a box, in every spelling that fmt
// and the encoders have for bytes: the master key, and the states it leads to.
func secretsOf(box *Box, masterKey []byte) []string {
	var spellings []string
	for _, b := range [][]byte{masterKey, box.key.kdf.inner.Reveal(), box.key.kdf.outer.Reveal(), box.prefixes[0].Reveal()} {
		b = b[8:24] // past the constant beginning of a state
		decimal := strings.Trim(fmt.Sprint(b), "[]")
		spellings = append(spellings, string(b), fmt.Sprintf("%x", b), fmt.Sprintf("%X", b), decimal,
			strings.ReplaceAll(decimal, " ", ","), strings.ReplaceAll(decimal, " ", ", "),
			strings.Trim(fmt.Sprintf("%#v", b), "[]byte{}"), strings.Trim(fmt.Sprintf("%q", b), `"`), hex.Dump(b)[10:58])
	}
	return spellings
}

func TestKeysAndBoxesDoNotPrint(t *testing.T) {
	for _, s := range []Suite{{KeySize: 32, Hash: SHA512}, {KeySize: 32, GCM: true}} {
		masterKey := []byte("a master key that somebody might read")
		box := newBox(t, s, masterKey, []byte("data"))
		if _, err := box.Seal(nil, []byte("x")); err != nil { // fills the pool
			t.Fatal(err)
		}
		nested := map[string]any{"k": []any{box.key, &box, struct{ b Box }{*box}}}
		var printed bytes.Buffer
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%X", "%q", "%d"} {
			for _, v := range []any{box.key, box, *box, box.prefixes, box.key.kdf, nested} {
				fmt.Fprintf(&printed, verb+"\n", v)
			}
		}
		for _, handler := range []slog.Handler{slog.NewTextHandler(&printed, nil), slog.NewJSONHandler(&printed, nil)} {
			slog.New(handler).Info("m", "key", box.key, "box", box, "copy", *box, "nested", nested)
		}
		for _, v := range []any{box.key, box} {
			out, err := json.Marshal(v)
			fmt.Fprintln(&printed, string(out), err)
		}
		for _, spelling := range secretsOf(box, masterKey) {
			if strings.Contains(printed.String(), spelling) {
				t.Errorf("%s: %q is printed", suiteName(s), spelling)
			}
		}
	}
}
