package keyring

import (
	"fmt"
	"io"
)

// A manager and a ring lead to a store and an encryptor, and fmt would walk
// into whatever those hold. Both print as their names, under every verb.

// Format implements [fmt.Formatter].
func (Manager) Format(f fmt.State, _ rune) { io.WriteString(f, "keyring.Manager") }

// Format implements [fmt.Formatter].
func (*Ring) Format(f fmt.State, _ rune) { io.WriteString(f, "keyring.Ring") }
