package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

// The fields of every JSON object, in order. Fields may be added; a change here
// is a change of the contract.
const (
	keyFields = "id creationDate activationDate expirationDate revoked revocationDate revocationReason state default " +
		"encryption validation encryptedAtRest readable name error protection certificates keyVaultKey"
	showFields      = keyFields + " location"
	defaultFields   = "at default fallback generate reason"
	revokeFields    = "revoked already names"
	deleteFields    = "deleted names dryRun"
	protectFields   = "payload id"
	unprotectFields = "plaintext requiresMigration wasRevoked expires"
	ensureFields    = "acted created default next expires due"
	rewrapFields    = "to rewrapped skipped already names backup plainBackup plainBackups dryRun"
	newCertFields   = "file public subject thumbprint notBefore notAfter"
	findingFields   = "level code file message fix"
	inspectFields   = "id state found isDefault encryption validation bytes"
)

// fieldsOf returns the names of the first object in text.
func fieldsOf(t *testing.T, text string) string {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text[strings.Index(text, "{"):]))
	if _, err := d.Token(); err != nil {
		t.Fatal(err)
	}
	var names []string
	for d.More() {
		name, err := d.Token()
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, name.(string))
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			t.Fatal(err)
		}
	}
	return strings.Join(names, " ")
}

func TestJSONFields(t *testing.T) {
	c := newConsole(t, noon)
	check := func(fields string, status int, stdin string, args ...string) string {
		t.Helper()
		r := c.must(status, stdin, append(args, "-o", "json")...)
		if !json.Valid([]byte(r.stdout)) || !strings.HasSuffix(r.stdout, "\n") {
			t.Errorf("%v: not JSON on lines: %s", args, r.stdout)
		}
		if got := fieldsOf(t, r.stdout); got != fields {
			t.Errorf("%v: fields\n%s, want\n%s", args, got, fields)
		}
		return r.stdout
	}
	check(ensureFields, exitDone, "", "ensure")
	check(keyFields, exitDone, "", "create")
	check(defaultFields, exitDone, "", "default")
	check(findingFields, exitDone, "", "doctor")
	check(defaultFields, exitUnmet, "", "default", "--at", "-1d")

	text := check(protectFields, exitDone, "text", "protect", "--purpose", "p")
	var sealed protectedView
	if err := json.Unmarshal([]byte(text), &sealed); err != nil {
		t.Fatal(err)
	}
	check(unprotectFields, exitDone, sealed.Payload, "unprotect", "--purpose", "p")
	check(inspectFields, exitDone, sealed.Payload, "inspect")

	check(keyFields, exitDone, "", "list")
	check(showFields, exitDone, "", "show", sealed.ID)
	check(deleteFields, exitDone, "", "delete", sealed.ID, "--include-unexpired", "--dry-run")
	check(revokeFields, exitDone, "", "revoke", sealed.ID)
	check(unprotectFields, exitDone, sealed.Payload, "unprotect", "--purpose", "p", "--dangerous-allow-revoked")
	check(revokeFields, exitDone, "", "revoke", "--all", "--yes")
	check(deleteFields, exitDone, "", "delete", sealed.ID, "--include-unexpired", "--yes")
	check(inspectFields, exitUnmet, sealed.Payload, "inspect")

	pem := filepath.Join(t.TempDir(), "ring.pem")
	check(newCertFields, exitDone, "", "certificate", "new", pem)
	check(rewrapFields, exitDone, "", "rewrap", "--to", pem, "--dry-run")
	check(rewrapFields, exitDone, "", "rewrap", "--to", pem, "--yes")
	check(keyFields, exitDone, "", "create", "--certificate", pem)
}

// TestJSONKeepsArrays: what may be empty is [], never null.
func TestJSONKeepsArrays(t *testing.T) {
	c := newConsole(t, noon)
	c.must(exitDone, "", "create")
	c.must(exitDone, "", "revoke", "--all", "--yes")
	for _, args := range [][]string{
		{"delete", "--expired-before", "now", "--yes"},
		{"delete", "--expired-before", "now", "--dry-run"},
	} {
		if r := c.must(exitDone, "", append(args, "-o", "json")...); strings.Contains(r.stdout, "null") {
			t.Errorf("%v: %s", args, r.stdout)
		}
	}
	sealed := c.object(exitDone, "", "protect", "--purpose", "p")
	if opened := c.object(exitDone, sealed["payload"].(string), "unprotect", "--purpose", "p"); opened["plaintext"] != "" {
		t.Errorf("nothing, protected, opens as %v", opened["plaintext"])
	}
}
