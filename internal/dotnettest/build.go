package dotnettest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"dataprotection.example/testdata/dotnet"
)

const assembly = "peer.dll"

// building keeps the parallel tests of one process from compiling side by side.
// Processes may: the first to rename wins, and the others take its result.
var building sync.Mutex

// build returns the path of the compiled peer, with or without the clients of
// stores, compiling it if this machine's cache has none from these sources and
// this compiler.
func build(tc toolchain, stores bool) (string, error) {
	building.Lock()
	defer building.Unlock()

	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	cache = filepath.Join(cache, "dataprotection-dotnet-peer")
	name, err := fingerprint(tc, stores)
	if err != nil {
		return "", err
	}
	final := filepath.Join(cache, name)
	peer := filepath.Join(final, assembly)
	if _, err := os.Stat(peer); err == nil {
		return peer, nil
	}

	if err := os.MkdirAll(cache, 0o700); err != nil {
		return "", err
	}
	work, err := os.MkdirTemp(cache, "build-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	if err := os.CopyFS(work, dotnet.Sources); err != nil {
		return "", err
	}
	if stores {
		if err := os.CopyFS(work, dotnet.StoreSources); err != nil {
			return "", err
		}
	}
	if err := tc.compile(work, stores); err != nil {
		return "", err
	}
	if err := os.Rename(filepath.Join(work, "out"), final); err != nil {
		if _, lost := os.Stat(peer); lost != nil {
			return "", err
		}
	}
	return peer, nil
}

// fingerprint names a build: the sources, and which toolchain compiled them.
func fingerprint(tc toolchain, stores bool) (string, error) {
	h := sha256.New()
	fmt.Fprintf(h, "%q %q\n", tc.dotnet, tc.csc)
	err := hashSources(h, dotnet.Sources)
	if err == nil && stores {
		err = hashSources(h, dotnet.StoreSources)
	}
	return hex.EncodeToString(h.Sum(nil)[:16]), err
}

func hashSources(h hash.Hash, sources fs.FS) error {
	return fs.WalkDir(sources, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(sources, path)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(h, "%q %d\n%s", path, len(content), content)
		return err
	})
}
