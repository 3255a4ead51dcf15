package storetest

import (
	"strings"
	"testing"

	"dataprotection.example/keyring"
)

// What is no element is found and named wherever it lies, and that there is no
// server is another thing.
func TestFindings(t *testing.T) {
	spoil := map[string]func(t *testing.T, f farm) (place string){
		"Redis": func(t *testing.T, f farm) string {
			if err := redisClient(t, f).RPush(t.Context(), "DataProtection-Keys", "<key").Err(); err != nil {
				t.Fatal(err)
			}
			return "redis list DataProtection-Keys[1]"
		},
		"PostgreSQL": func(t *testing.T, f farm) string {
			db := open(t, "pgx", f.server.PostgresURL())
			if _, err := db.ExecContext(t.Context(), `INSERT INTO "DataProtectionKeys" ("Xml") VALUES ('<key')`); err != nil {
				t.Fatal(err)
			}
			return "sql table DataProtectionKeys, Id 2"
		},
		"MariaDB": func(t *testing.T, f farm) string {
			db := open(t, "mysql", f.server.MySQLDSN())
			if _, err := db.ExecContext(t.Context(), "INSERT INTO DataProtectionKeys (Xml) VALUES ('<key')"); err != nil {
				t.Fatal(err)
			}
			return "sql table DataProtectionKeys, Id 2"
		},
	}
	farms(t, func(t *testing.T, f farm) {
		m, err := keyring.NewManager(f.node(t), keyring.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.CreateKey(t.Context(), keyring.NewKeyOptions{}); err != nil {
			t.Fatal(err)
		}
		place := spoil[f.name](t, f)
		got := m.Examine(t.Context())
		if len(got) != 1 || got[0].Code != keyring.CodeMalformedElement || got[0].File != place {
			t.Errorf("a spoiled store gives %+v, want %s in %s", got, keyring.CodeMalformedElement, place)
		}
		f.server.Kill()
		got = m.Examine(t.Context())
		if len(got) != 1 || got[0].Code != keyring.CodeUnreadableStore || strings.Contains(got[0].Message, "password") {
			t.Errorf("a store that is down gives %+v, want %s", got, keyring.CodeUnreadableStore)
		}
	})
}
