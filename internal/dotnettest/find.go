package dotnettest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"dataprotection.example/testdata/dotnet"
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
func (tc toolchain) compile(dir string, stores bool) error {
	out := filepath.Join(dir, "out")
	if err := os.Mkdir(out, 0o700); err != nil {
		return err
	}
	command, err := tc.compiler(dir, out, stores)
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

func (tc toolchain) compiler(dir, out string, stores bool) (*exec.Cmd, error) {
	if tc.csc != "" {
		args := []string{"-out:" + filepath.Join(out, assembly)}
		if stores {
			for _, name := range dotnet.StoreAssemblies() {
				file := filepath.Join(filepath.Dir(tc.csc), "extra", name)
				if err := copyFile(filepath.Join(out, name), file); errors.Is(err, fs.ErrNotExist) {
					return nil, fmt.Errorf("%w: %s is missing", errNoClients, file)
				} else if err != nil {
					return nil, err
				}
				args = append(args, "-r:"+file)
			}
		}
		for _, pattern := range []string{"*.cs", "stores/*.cs"} {
			sources, err := filepath.Glob(filepath.Join(dir, pattern))
			if err != nil {
				return nil, err
			}
			args = append(args, sources...)
		}
		return exec.Command(tc.csc, args...), nil
	}
	// A runtime alone is called dotnet too, and cannot compile.
	sdks, err := exec.Command(tc.dotnet, "--list-sdks").Output()
	if err != nil || strings.TrimSpace(string(sdks)) == "" {
		return nil, errNoDotnet
	}
	return exec.Command(tc.dotnet, "build", "-c", "Release", "-o", out, "-p:UseAppHost=false",
		fmt.Sprintf("-p:Stores=%t", stores), "--nologo", "peer.csproj"), nil
}

func copyFile(to, from string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o600)
}

var errNoDotnet = errors.New("dotnettest: no .NET here: install the .NET 9 SDK, or set " + EnvFolder + " to a folder with dotnet and csc")

// errNoClients is the lack of the assemblies for stores. An SDK fetches them.
var errNoClients = errors.New("dotnettest: .NET is here, but not the clients of Redis and SQL databases")

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
func locate(t testing.TB, stores bool) (runtime, peer string) {
	t.Helper()
	tc, err := find()
	if err == nil {
		peer, err = build(tc, stores)
	}
	switch {
	case (errors.Is(err, errNoDotnet) || errors.Is(err, errNoClients)) && os.Getenv("CI") != "true":
		t.Skip(err)
	case err != nil:
		t.Fatal(err)
	}
	return tc.dotnet, peer
}
