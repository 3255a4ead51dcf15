package dotnettest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// EnvFolder names the environment variable that holds a folder with two
// executables: dotnet, which runs an assembly, and csc, which compiles
// `-out:NAME.dll SOURCES…` against the whole ASP.NET Core framework and writes
// NAME.runtimeconfig.json. Unset, a dotnet SDK on the PATH does both.
const EnvFolder = "DATAPROTECTION_DOTNET"

// toolchain is a way to compile and run C#.
type toolchain struct {
	dotnet string // the executable that runs an assembly
	csc    string // the compiler; empty for an SDK
}

// compile builds the sources that lie in dir into dir/out/peer.dll.
func (tc toolchain) compile(dir string) error {
	out := filepath.Join(dir, "out")
	if err := os.Mkdir(out, 0o700); err != nil {
		return err
	}
	command, err := tc.compiler(dir, out)
	if err != nil {
		return err
	}
	command.Dir = dir
	command.Env = append(os.Environ(), "DOTNET_CLI_TELEMETRY_OPTOUT=1")
	if text, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("dotnettest: %s: %w\n%s", command.Path, err, text)
	}
	return nil
}

func (tc toolchain) compiler(dir, out string) (*exec.Cmd, error) {
	if tc.csc != "" {
		sources, err := filepath.Glob(filepath.Join(dir, "*.cs"))
		return exec.Command(tc.csc, append([]string{"-out:" + filepath.Join(out, assembly)}, sources...)...), err
	}
	// A runtime alone is called dotnet too, and cannot compile.
	sdks, err := exec.Command(tc.dotnet, "--list-sdks").Output()
	if err != nil || strings.TrimSpace(string(sdks)) == "" {
		return nil, errNoDotnet
	}
	return exec.Command(tc.dotnet, "build", "-c", "Release", "-o", out, "-p:UseAppHost=false", "--nologo", "peer.csproj"), nil
}

var errNoDotnet = errors.New("dotnettest: no .NET here: install the .NET 9 SDK, or set " + EnvFolder + " to a folder with dotnet and csc")

// find looks for .NET where EnvFolder and the PATH point.
func find() (toolchain, error) {
	if folder := os.Getenv(EnvFolder); folder != "" {
		tc := toolchain{dotnet: filepath.Join(folder, "dotnet"), csc: filepath.Join(folder, "csc")}
		for _, file := range []string{tc.dotnet, tc.csc} {
			if _, err := os.Stat(file); err != nil {
				return toolchain{}, fmt.Errorf("dotnettest: %s: %w", EnvFolder, err)
			}
		}
		return tc, nil
	}
	path, err := exec.LookPath("dotnet")
	if err != nil {
		return toolchain{}, errNoDotnet
	}
	return toolchain{dotnet: path}, nil
}

// locate is find and build for a test: it ends the test that cannot have them.
func locate(t testing.TB) (dotnet, peer string) {
	t.Helper()
	tc, err := find()
	if err == nil {
		peer, err = build(tc)
	}
	switch {
	case errors.Is(err, errNoDotnet) && os.Getenv("CI") != "true":
		t.Skip(err)
	case err != nil:
		t.Fatal(err)
	}
	return tc.dotnet, peer
}
