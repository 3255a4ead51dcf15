package dotnettest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"
)

// Timeout bounds every question of the typed methods. [Peer.Ask] takes a
// context instead.
const Timeout = time.Minute

// Peer is a running ASP.NET Core. It may be asked from many goroutines; their
// questions run side by side in it.
type Peer struct {
	command *exec.Cmd
	stdin   io.WriteCloser
	stderr  *bytes.Buffer // to be read after done only
	done    chan struct{} // closed when the process has ended and stderr is complete

	mu      sync.Mutex // guards writes to stdin, and what follows
	last    int64
	waiting map[int64]chan answer
}

type question struct {
	ID      int64  `json:"id"`
	Command string `json:"command"`
	Args    any    `json:"args,omitempty"`
}

type answer struct {
	ID     int64           `json:"id"`
	Result json.RawMessage `json:"result"`
	Error  []Exception     `json:"error"`
}

// Start starts a peer that lives until the test ends, with env (KEY=VALUE)
// added to this process's environment. It returns before .NET has woken up, so
// twenty in a row are cheap. It skips or fails a test that cannot have one, and
// so belongs to the goroutine that runs the test.
func Start(t testing.TB, env ...string) *Peer {
	t.Helper()
	dotnet, program := locate(t, false)
	return start(t, dotnet, program, env)
}

// StartWithStores starts a peer that also knows stores that are no directory,
// which [RingOptions.Repository] names. It takes clients that .NET does not bring.
func StartWithStores(t testing.TB, env ...string) *Peer {
	t.Helper()
	dotnet, program := locate(t, true)
	return start(t, dotnet, program, env)
}

func start(t testing.TB, dotnet, program string, env []string) *Peer {
	t.Helper()
	p := &Peer{
		command: exec.Command(dotnet, program),
		stderr:  new(bytes.Buffer),
		done:    make(chan struct{}),
		waiting: make(map[int64]chan answer),
	}
	p.command.Env = append(os.Environ(), env...)
	p.command.Stderr = p.stderr
	stdin, err := p.command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.stdin = stdin
	stdout, err := p.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	go p.listen(stdout)
	t.Cleanup(p.stop)
	return p
}

// Run runs the peer as a command with arguments of its own, in place of a
// conversation, and returns what it printed.
func Run(t testing.TB, args ...string) string {
	t.Helper()
	dotnet, program := locate(t, false)
	command := exec.Command(dotnet, append([]string{program}, args...)...)
	text, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("dotnettest: %q: %v\n%s", args, err, text)
	}
	return string(text)
}

// Kill ends the process at once, as a crash would.
func (p *Peer) Kill() {
	p.command.Process.Kill()
	<-p.done
}

// stop ends the conversation: the peer leaves when its input ends.
func (p *Peer) stop() {
	p.stdin.Close()
	select {
	case <-p.done:
	case <-time.After(5 * time.Second):
		p.Kill()
	}
}

// listen hands out answers until the peer falls silent.
func (p *Peer) listen(stdout io.Reader) {
	defer close(p.done)
	lines := bufio.NewReaderSize(stdout, 1<<16)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			break
		}
		var a answer
		if err := json.Unmarshal(line, &a); err != nil {
			fmt.Fprintf(os.Stderr, "dotnettest: not an answer: %q\n", line)
			continue
		}
		p.mu.Lock()
		reply := p.waiting[a.ID]
		delete(p.waiting, a.ID)
		p.mu.Unlock()
		if reply != nil {
			reply <- a
		}
	}
	p.command.Wait()
}

// Ask sends one command with args and decodes its answer into result; either
// may be nil. The error is an [*Error] when .NET threw. The commands and their
// arguments are those of testdata/dotnet/Program.cs.
func (p *Peer) Ask(ctx context.Context, command string, args, result any) error {
	reply := make(chan answer, 1)
	id, err := p.send(command, args, reply)
	if err != nil {
		return err
	}
	select {
	case a := <-reply:
		return a.decode(command, result)
	case <-p.done:
		// The answer may have been the last thing it said.
		select {
		case a := <-reply:
			return a.decode(command, result)
		default:
		}
		return fmt.Errorf("dotnettest: %s: the peer has ended: %v\n%s", command, p.command.ProcessState, p.stderr)
	case <-ctx.Done():
		p.mu.Lock()
		delete(p.waiting, id)
		p.mu.Unlock()
		return fmt.Errorf("dotnettest: %s: %w", command, ctx.Err())
	}
}

func (p *Peer) send(command string, args any, reply chan answer) (int64, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last++
	line, err := json.Marshal(question{ID: p.last, Command: command, Args: args})
	if err != nil {
		return 0, fmt.Errorf("dotnettest: %s: %w", command, err)
	}
	p.waiting[p.last] = reply
	// A write fails when the peer has ended; Ask sees that too, and knows why.
	p.stdin.Write(append(line, '\n'))
	return p.last, nil
}

func (a answer) decode(command string, result any) error {
	if err := newError(a.Error); err != nil {
		return err
	}
	if result == nil {
		return nil
	}
	if err := json.Unmarshal(a.Result, result); err != nil {
		return fmt.Errorf("dotnettest: %s: %w", command, err)
	}
	return nil
}

// ask is Ask within Timeout.
func (p *Peer) ask(command string, args, result any) error {
	ctx, cancel := context.WithTimeout(context.Background(), Timeout)
	defer cancel()
	return p.Ask(ctx, command, args, result)
}
