package dotnettest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
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

// build returns the path of the compiled peer, compiling it if this machine's
// cache has none from these sources and this compiler.
func build(tc toolchain) (string, error) {
	building.Lock()
	defer building.Unlock()

	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	cache = filepath.Join(cache, "dataprotection-dotnet-peer")
	name, err := fingerprint(tc)
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
	if err := tc.compile(work); err != nil {
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
func fingerprint(tc toolchain) (string, error) {
	h := sha256.New()
	fmt.Fprintf(h, "%q %q\n", tc.dotnet, tc.csc)
	err := fs.WalkDir(dotnet.Sources, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(dotnet.Sources, path)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(h, "%q %d\n%s", path, len(content), content)
		return err
	})
	return hex.EncodeToString(h.Sum(nil)[:16]), err
}
