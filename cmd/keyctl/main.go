package main

import (
	"context"
	"os"
	"time"

	"golang.org/x/term"
)

func main() {
	p := &program{
		stdin:      os.Stdin,
		stdout:     os.Stdout,
		stderr:     os.Stderr,
		getenv:     os.Getenv,
		now:        time.Now,
		isTerminal: isTerminal,
	}
	os.Exit(p.run(context.Background(), os.Args[1:]))
}

// isTerminal reports whether a person sits at the other end of a stream.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
