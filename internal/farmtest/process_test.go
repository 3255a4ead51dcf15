package farmtest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"
)

// nodeVariable makes the test program be a node of the farm over the store at the
// place that it names; existingVariable forbids it to begin a ring.
const (
	nodeVariable     = "FARMTEST_NODE"
	existingVariable = "FARMTEST_EXISTING"
)

func TestMain(m *testing.M) {
	if place := os.Getenv(nodeVariable); place != "" {
		if err := runNode(place, os.Getenv(existingVariable) != ""); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if path := os.Getenv(crashVariable); path != "" {
		fmt.Fprintln(os.Stderr, runUntilKilled(path))
		os.Exit(1)
	}
	redis.SetLogger(silent{})
	os.Exit(m.Run())
}

// silent is the log of this program's own client, which complains of every
// connection that it loses.
type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

// node is one process of the farm. One request at a time.
type node struct {
	busy    bool // its answer has not been read yet
	command *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	log     *syncBuffer
}

// startNode starts a node and returns when its ring is open.
func startNode(t *testing.T, place string, existing bool) *node {
	t.Helper()
	n, err := launch(place, existing)
	if err == nil {
		_, err = n.read()
	}
	if err != nil {
		t.Fatalf("a node does not start: %v", err)
	}
	return n
}

// launch starts a node without waiting for it.
func launch(place string, existing bool) (*node, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	n := &node{command: exec.Command(program), log: &syncBuffer{}}
	n.command.Env = append(os.Environ(), nodeVariable+"="+place)
	if existing {
		n.command.Env = append(n.command.Env, existingVariable+"=1")
	}
	n.command.Stderr = n.log
	if n.in, err = n.command.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := n.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	n.out = bufio.NewReader(out)
	return n, n.command.Start()
}

func (n *node) read() (r response, err error) {
	line, err := n.out.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &r)
	}
	if err != nil {
		err = fmt.Errorf("%w; the node said: %s", err, n.log)
	}
	return r, err
}

// ask sends one request and waits for the answer.
func (n *node) ask(t *testing.T, req request) response {
	t.Helper()
	n.send(t, req)
	return n.receive(t, req.Op)
}

// send sends one request.
func (n *node) send(t *testing.T, req request) {
	t.Helper()
	line, err := json.Marshal(req)
	if err == nil {
		_, err = n.in.Write(append(line, '\n'))
	}
	if err != nil {
		t.Fatalf("%s: %v", req.Op, err)
	}
	n.busy = true
}

// receive waits for the answer to it.
func (n *node) receive(t *testing.T, op string) response {
	t.Helper()
	r, err := n.read()
	if err != nil {
		t.Fatalf("%s: %v", op, err)
	}
	n.busy = false
	return r
}

// kill ends the node as a power cut would.
func (n *node) kill() {
	_ = n.command.Process.Kill()
	_ = n.command.Wait()
}

// stop lets the node close its ring.
func (n *node) stop(t *testing.T) {
	t.Helper()
	_ = n.in.Close()
	if err := n.command.Wait(); err != nil {
		t.Errorf("a node ended badly: %v: %s", err, n.log)
	}
}

// syncBuffer is the log of a node, read while it is written.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// tail returns what the log says about a key, and its last lines.
func (b *syncBuffer) tail(key string) string {
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	var kept []string
	for i, line := range lines {
		if i >= len(lines)-5 || strings.Contains(line, key) {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\n")
}
