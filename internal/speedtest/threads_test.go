package speedtest

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"dataprotection.example/internal/dotnettest"
	"dataprotection.example/keyring"
	"dataprotection.example/protector"
	"dataprotection.example/xmlrepo"
)

// TestCompareThreads prints how much more two goroutines do than one, at the same
// time and over the same protector, and what the machine has to give: two that hash
// on their own and share nothing.
func TestCompareThreads(t *testing.T) {
	if !*compare {
		t.Skip("a measurement: run it with -compare")
	}
	ring, err := keyring.Open(t.Context(), xmlrepo.NewMemory(), keyring.Options{GenerationDelay: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer ring.Close()
	p := protector.New(ring, protector.Options{ApplicationName: application}).CreateProtector(purposes[0], purposes[1:]...)
	fmt.Printf("\n| two goroutines, × one | %s |\n|---%s|\n", strings.Join(names[:4], " | "), strings.Repeat("|---", 4))
	for _, op := range []dotnettest.Operation{dotnettest.Protect, dotnettest.Unprotect} {
		var cells []string
		for _, size := range sizes[:4] {
			run := operation(t, op, p, size)
			var all []float64
			for range *rounds {
				all = append(all, together(2, run)/together(1, run))
			}
			cells = append(cells, fmt.Sprintf("%.2f", median(all)))
		}
		fmt.Printf("| %s | %s |\n", op, strings.Join(cells, " | "))
	}
	var cells []string
	for _, size := range sizes[:4] {
		data := make([]byte, size)
		hash := func() { sha256.Sum256(data) }
		var all []float64
		for range *rounds {
			all = append(all, together(2, hash)/together(1, hash))
		}
		cells = append(cells, fmt.Sprintf("%.2f", median(all)))
	}
	fmt.Printf("| SHA-256 alone | %s |\n", strings.Join(cells, " | "))
}

// together returns the calls per nanosecond of so many goroutines.
func together(goroutines int, run func()) float64 {
	counts := make([]int, goroutines)
	var wg sync.WaitGroup
	start := time.Now()
	for i := range goroutines {
		wg.Go(func() {
			n := 0
			for time.Since(start) < *cell {
				for range 64 {
					run()
				}
				n += 64
			}
			counts[i] = n
		})
	}
	wg.Wait()
	total := 0
	for _, n := range counts {
		total += n
	}
	return float64(total) / float64(time.Since(start).Nanoseconds())
}
