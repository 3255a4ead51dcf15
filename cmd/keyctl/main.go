package main

import (
	"context"
	"os"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/term"
)

func main() { os.Exit(newProgram().run(context.Background(), os.Args[1:])) }

// newProgram returns the program in the world as it is.
func newProgram() *program {
	redis.SetLogger(silence{}) // what fails is told as an error, once
	return &program{
		stdin:      os.Stdin,
		stdout:     os.Stdout,
		stderr:     os.Stderr,
		getenv:     os.Getenv,
		now:        time.Now,
		isTerminal: isTerminal,
		fileSystem: fileSystem,
		ownLayer:   func(path string) string { return ownLayer("/", path, os.Getenv) },
	}
}

// silence is a log of the Redis client's kind.
type silence struct{}

// Printf does nothing.
func (silence) Printf(context.Context, string, ...any) {}

// isTerminal reports whether a person sits at the other end of a stream.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
