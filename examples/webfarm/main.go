// Command webfarm is a web farm on one machine: three nodes in Go and, where
// .NET is installed, one in ASP.NET Core, each a process of its own, behind one
// reverse proxy and over one key directory. Whoever signs in on one node is
// signed in on all of them.
//
//	go run ./examples/webfarm
//
// It prints an address for the browser, and what to try there and in a terminal.
// Its ring is the folder examples/webfarm/ring, which git ignores and the next
// run goes on with. With DATAPROTECTION_READ_ONLY set, nothing is written to it.
//
// The front (farm.go, proxy.go, console.go) starts the nodes, shares requests out
// among them and draws the page; node.go is a node, and aspnet/Node.cs the same
// in C#. A node tells in JSON who is signed in, and sets the cookie.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// folder is where the example is at home, from the root of the repository.
const folder = "examples/webfarm"

func main() {
	if config := os.Getenv(nodeVariable); config != "" {
		exit(serveNode(config, os.Stdin, os.Stdout))
	}
	listen := flag.String("listen", "127.0.0.1:8320", "loopback `address` to listen on")
	ring := flag.String("ring", "", "key `directory` (default "+folder+"/ring)")
	without := flag.Bool("no-aspnet", false, "leave ASP.NET Core out, even if it is installed")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	exit(run(ctx, *listen, *ring, *without))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "webfarm:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// run is the farm, until ctx ends.
func run(ctx context.Context, address, ring string, withoutDotnet bool) error {
	if ring == "" {
		root, err := findRoot()
		if err != nil {
			return err
		}
		ring = filepath.Join(root, filepath.FromSlash(folder), "ring")
	}
	listener, err := listenLoopback(address)
	if err != nil {
		return err
	}
	defer listener.Close()

	f, err := openFarm(ctx, farmOptions{Ring: ring, ReadOnly: readOnly(), WithoutDotnet: withoutDotnet})
	if err != nil {
		return err
	}
	defer f.Close()
	fmt.Printf(whatToTry, "http://"+listener.Addr().String(), ring, f.keyctl())

	server := &http.Server{Handler: f.Handler(), ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	fmt.Println("\nStopping the nodes. The ring stays: whoever is signed in still is at the next start.")
	patience, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	server.Shutdown(patience)
	return nil
}

const whatToTry = `
  The farm is at   %s
  Its ring is in   %s

Try
  · sign in, and watch which node answers: you are the same person on all of them
  · kill a node, by its button or with kill -9: you stay signed in
  · rotate the keys: the cookie moves to the new key by itself
  · revoke the key of your cookie in another terminal; the page signs you out at once:
      %s list
      %[3]s revoke ID
Ctrl-C ends it.
`

// listenLoopback listens where nobody but this machine gets at: the page has
// buttons for things that no visitor ought to do.
func listenLoopback(address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("-listen %s: the farm listens on a loopback address only, such as 127.0.0.1:8320", address)
	}
	listener, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%w: is another farm running? -listen 127.0.0.1:0 takes a free port", err)
	}
	return listener, err
}

// readOnly reports whether this machine must not write to any ring.
func readOnly() bool {
	switch strings.ToLower(os.Getenv("DATAPROTECTION_READ_ONLY")) {
	case "", "0", "false", "no", "off":
		return false
	}
	return true
}

// findRoot returns the folder at or above this one that has the example in it.
func findRoot() (string, error) {
	from, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for dir := from; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(folder), "main.go")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("%s is not in a clone of the repository: cd into one, or name a directory with -ring", from)
		}
	}
}
