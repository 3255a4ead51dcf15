package main

import (
	"errors"
	"strings"
)

// readOnlyVariable marks a node that is not to write to any ring: its mount, or
// its place in the farm, forbids it.
const readOnlyVariable = "DATAPROTECTION_READ_ONLY"

// readOnly reports whether the variable says so. What is not clearly a no is a
// yes: somebody meant something by it.
func (p *program) readOnly() bool {
	switch strings.ToLower(p.getenv(readOnlyVariable)) {
	case "", "0", "false", "no", "off":
		return false
	}
	return true
}

// mayWrite comes before anything that changes a ring.
func (p *program) mayWrite() error {
	if p.readOnly() {
		return failed(errors.New("$"+readOnlyVariable+" is set: nothing is written to a ring here"),
			"do this on a node that may write, or unset the variable")
	}
	return nil
}
