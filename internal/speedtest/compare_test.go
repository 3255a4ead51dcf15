// Package speedtest compares our speed with that of a real ASP.NET Core, side by
// side in one run:
//
//	go test ./internal/speedtest -compare -timeout 30m -v
//
// Machines drift, ratios do not: each round asks both runtimes for the same cell
// one right after the other, and what is printed is the median over the rounds
// of the ratio within a round. It is a measurement and no test, so that without
// -compare it does nothing. Give it a quiet machine.
package speedtest

import (
	"context"
	"flag"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/securecookie"

	"dataprotection.example/internal/dotnettest"
	"dataprotection.example/keyring"
	"dataprotection.example/protector"
	"dataprotection.example/xmlrepo"
)

var (
	compare = flag.Bool("compare", false, "compare with .NET")
	rounds  = flag.Int("rounds", 15, "rounds of the comparison")
	cell    = flag.Duration("cell", 100*time.Millisecond, "time for one cell of one runtime in one round")
)

const application = "app"

var (
	purposes = []string{"Microsoft.AspNetCore.Authentication.Cookies.CookieAuthenticationMiddleware", "Cookies", "v2"}
	sizes    = []int{32, 256, 1 << 10, 4 << 10, 64 << 10, 1 << 20}
	names    = []string{"32 B", "256 B", "1 KiB", "4 KiB", "64 KiB", "1 MiB"}
)

// TestCompare prints the tables.
func TestCompare(t *testing.T) {
	if !*compare {
		t.Skip("a measurement: run it with -compare")
	}
	peer := dotnettest.Start(t)
	path := filepath.Join(t.TempDir(), "ring")
	dir, err := xmlrepo.NewDir(path, xmlrepo.DirOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ring, err := keyring.Open(t.Context(), dir, keyring.Options{GenerationDelay: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer ring.Close()
	ours := protector.New(ring, protector.Options{ApplicationName: application}).CreateProtector(purposes[0], purposes[1:]...)
	theirs := peer.Open(path, dotnettest.RingOptions{App: application}).Protector(purposes...)
	fmt.Printf("%s, %d rounds, AES_256_CBC with HMACSHA256, %s/%s\n\n", time.Now().UTC().Format(time.DateOnly), *rounds, runtime.GOOS, runtime.GOARCH)
	fmt.Printf("| | %s |\n|---%s|\n", strings.Join(names, " | "), strings.Repeat("|---", len(names)))
	for _, op := range []dotnettest.Operation{dotnettest.Protect, dotnettest.Unprotect} {
		dotnet, times := row(t, op, ours, theirs)
		fmt.Printf("| ASP.NET Core %s, µs | %s |\n", op, strings.Join(dotnet, " | "))
		fmt.Printf("| Go, × ASP.NET Core | %s |\n", strings.Join(times, " | "))
	}
	cookies(t, ours)
}

// row measures one operation at all sizes.
func row(t *testing.T, op dotnettest.Operation, ours *protector.Protector, theirs *dotnettest.Protector) (dotnet, times []string) {
	t.Helper()
	for _, size := range sizes {
		var micros, ratios []float64
		run := operation(t, op, ours, size)
		for round := range *rounds {
			warmup := *cell / 10
			if round == 0 {
				warmup = time.Second // until .NET has compiled it for the last time
			}
			speed, err := theirs.Bench(op, size, warmup, *cell)
			if err != nil {
				t.Fatal(err)
			}
			micros = append(micros, speed.PerOp/1e3)
			ratios = append(ratios, speed.PerOp/perOp(run))
		}
		dotnet = append(dotnet, fmt.Sprintf("%.3g", median(micros)))
		times = append(times, fmt.Sprintf("%.1f", median(ratios)))
	}
	return dotnet, times
}

// operation returns one call with a fresh result, as .NET has it.
func operation(t *testing.T, op dotnettest.Operation, p *protector.Protector, size int) func() {
	ctx := context.Background()
	plaintext := make([]byte, size)
	payload, err := p.Protect(ctx, plaintext)
	if err != nil {
		t.Fatal(err)
	}
	if op == dotnettest.Protect {
		return func() { _, _ = p.Protect(ctx, plaintext) }
	}
	return func() { _, _ = p.Unprotect(ctx, payload) }
}

// cookies compares the string API with securecookie, which most Go programs use.
func cookies(t *testing.T, p *protector.Protector) {
	ctx := context.Background()
	other := securecookie.New(securecookie.GenerateRandomKey(64), securecookie.GenerateRandomKey(32)).MaxLength(0)
	other.SetSerializer(securecookie.NopEncoder{})
	fmt.Printf("\n| string API, × securecookie | %s |\n|---%s|\n", strings.Join(names[:4], " | "), strings.Repeat("|---", 4))
	var protect, unprotect []string
	for _, size := range sizes[:4] {
		text := strings.Repeat("x", size)
		ours, err := p.ProtectString(ctx, text)
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := other.Encode("c", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		protect = append(protect, ratio(
			func() { _, _ = other.Encode("c", []byte(text)) },
			func() { _, _ = p.ProtectString(ctx, text) }))
		unprotect = append(unprotect, ratio(
			func() { var out []byte; _ = other.Decode("c", theirs, &out) },
			func() { _, _ = p.UnprotectString(ctx, ours) }))
	}
	fmt.Printf("| protect | %s |\n| unprotect | %s |\n", strings.Join(protect, " | "), strings.Join(unprotect, " | "))
}

// ratio returns the median of how many times faster b is than a.
func ratio(a, b func()) string {
	var all []float64
	for range *rounds {
		all = append(all, perOp(a)/perOp(b))
	}
	return fmt.Sprintf("%.1f", median(all))
}

// perOp returns the nanoseconds of one call.
func perOp(run func()) float64 {
	for end := time.Now().Add(*cell / 10); time.Now().Before(end); {
		run()
	}
	n, start := 0, time.Now()
	for batch := 1; ; batch *= 2 {
		for range batch {
			run()
		}
		n += batch
		if took := time.Since(start); took > *cell {
			return float64(took.Nanoseconds()) / float64(n)
		}
	}
}

func median(all []float64) float64 {
	slices.Sort(all)
	return all[len(all)/2]
}
