package storetest

import (
	"strings"
	"testing"

	"dataprotection.example/internal/dotnettest"
	"dataprotection.example/keyring"
)

// What the documentation of redisrepo.List says of .NET and of us: the two read
// the same, and where they do not, it is .NET that refuses.
func TestReadsWhatDotNetReads(t *testing.T) {
	peer := dotnettest.StartWithStores(t)
	f := startRedis(t)
	client := redisClient(t, f)
	m, err := keyring.NewManager(f.node(t), keyring.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.CreateKey(t.Context(), keyring.NewKeyOptions{}); err != nil {
		t.Fatal(err)
	}
	key := client.LIndex(t.Context(), f.dotnet.Name, 0).Val()
	for _, tt := range []struct {
		what         string
		values       []string
		ours, dotnet bool // whether it can be read
	}{
		{"the key", []string{key}, true, true},
		{"a declaration", []string{`<?xml version="1.0" encoding="utf-8"?>` + key}, true, true},
		{"a declaration of UTF-16", []string{`<?xml version="1.0" encoding="utf-16"?>` + "\n" + key}, true, true},
		{"a declaration of Latin-1", []string{`<?xml version="1.0" encoding="iso-8859-1"?>` + key + "\r\n"}, true, true},
		{"white space", []string{" \r\n\t" + key + "\n"}, true, true},
		{"foreign elements", []string{key, "<html />", "<Key />"}, true, true},
		{"a byte order mark", []string{"\ufeff" + key}, true, false},
		{"the key twice", []string{key, key}, true, false},
		{"the key twice, and different", []string{key, strings.Replace(key, "</descriptor></key>", "</descriptor><!-- --></key>", 1)}, false, false},
		{"white space before a declaration", []string{" <?xml version=\"1.0\"?>" + key}, false, false},
		{"nothing", []string{key, ""}, false, false},
		{"half a key", []string{key, key[:len(key)/2]}, false, false},
	} {
		if err := client.Del(t.Context(), f.dotnet.Name).Err(); err != nil {
			t.Fatal(err)
		}
		for _, value := range tt.values {
			if err := client.RPush(t.Context(), f.dotnet.Name, value).Err(); err != nil {
				t.Fatal(err)
			}
		}
		theirs, theirErr := f.dotnetRing(peer).Keys()
		ours, ourErr := m.Keys(t.Context())
		if got := theirErr == nil && len(theirs) == 1; got != tt.dotnet {
			t.Errorf("%s: .NET finds %d keys, error %v", tt.what, len(theirs), theirErr)
		}
		if got := ourErr == nil && len(ours) == 1; got != tt.ours {
			t.Errorf("%s: Go finds %d keys, error %v", tt.what, len(ours), ourErr)
		}
	}
}
