package main

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

//go:embed aspnet
var dotnetSources embed.FS

// dotnetTools run and compile C#.
type dotnetTools struct {
	dotnet string // runs an assembly
	csc    string // compiles; empty: dotnet is a whole SDK
}

// findDotnet looks where the tests do too: a folder with dotnet and csc that
// DATAPROTECTION_DOTNET names, else an SDK on the PATH.
func findDotnet() (dotnetTools, error) {
	if folder := os.Getenv("DATAPROTECTION_DOTNET"); folder != "" {
		return dotnetTools{filepath.Join(folder, "dotnet"), filepath.Join(folder, "csc")}, nil
	}
	path, err := exec.LookPath("dotnet")
	if err != nil {
		return dotnetTools{}, errors.New("there is no dotnet here (the .NET 9 SDK has it)")
	}
	// A runtime alone is called dotnet too, and cannot compile.
	if sdks, err := exec.Command(path, "--list-sdks").Output(); err != nil || strings.TrimSpace(string(sdks)) == "" {
		return dotnetTools{}, errors.New("there is a .NET runtime here, but no SDK")
	}
	return dotnetTools{dotnet: path}, nil
}

// build compiles the node in C#, once a machine, and returns its assembly.
func (d dotnetTools) build(ctx context.Context) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	source, err := fs.ReadFile(dotnetSources, "aspnet/Node.cs")
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %s", d, source))
	cache = filepath.Join(cache, "dataprotection-webfarm")
	final := filepath.Join(cache, hex.EncodeToString(sum[:12]))
	if _, err := os.Stat(filepath.Join(final, "node.dll")); err == nil {
		return filepath.Join(final, "node.dll"), nil
	}
	if err := os.MkdirAll(cache, 0o700); err != nil {
		return "", err
	}
	work, err := os.MkdirTemp(cache, "build-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	if err := os.CopyFS(work, dotnetSources); err != nil {
		return "", err
	}
	out := filepath.Join(work, "out")
	if err := os.Mkdir(out, 0o700); err != nil {
		return "", err
	}
	c := exec.CommandContext(ctx, d.dotnet, "build", "-c", "Release", "-o", out, "--nologo", "node.csproj")
	if d.csc != "" {
		c = exec.CommandContext(ctx, d.csc, "-out:"+filepath.Join(out, "node.dll"), "Node.cs")
	}
	c.Dir = filepath.Join(work, "aspnet")
	c.WaitDelay = time.Second // a compiler may have children, which end by themselves
	if text, err := c.CombinedOutput(); err != nil {
		return "", fmt.Errorf("compiling aspnet/Node.cs: %w\n%s", err, text)
	}
	if err := os.Rename(out, final); err != nil {
		if _, missing := os.Stat(filepath.Join(final, "node.dll")); missing != nil {
			return "", err
		}
	}
	return filepath.Join(final, "node.dll"), nil
}
