package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// The states of a member.
const (
	stateDown     = "down"
	stateStarting = "starting"
	stateUp       = "up"
)

// member is a node as the front sees it: a process that comes and goes.
type member struct {
	name, kind    string
	readsOnceADay bool // the ring, as ASP.NET Core does
	command       func(context.Context) (*exec.Cmd, error)
	note          func(format string, args ...any)

	starting sync.Mutex // held while it starts

	mu     sync.Mutex // guards what follows
	state  string
	at     *url.URL // while it is up
	pid    int
	stdin  io.Closer
	kill   func() error
	done   chan struct{} // closed when the process has ended
	closed bool          // for good
}

func newMember(name, kind string, note func(string, ...any), command func(context.Context) (*exec.Cmd, error)) *member {
	return &member{name: name, kind: kind, note: note, command: command, state: stateDown}
}

// seen is a member at one moment.
type seen struct {
	Name, Kind    string
	State         string
	PID           int
	ReadsOnceADay bool
	At            *url.URL
}

func (m *member) look() seen {
	m.mu.Lock()
	defer m.mu.Unlock()
	return seen{m.name, m.kind, m.state, m.pid, m.readsOnceADay, m.at}
}

// startSoon starts the process and reports failure as an event.
func (m *member) startSoon(ctx context.Context) {
	m.set(stateStarting)
	go func() {
		if err := m.start(ctx); err != nil && ctx.Err() == nil {
			m.note("%s has not started: %v", m.name, err)
		}
	}()
}

// start starts the process, unless it runs, and waits until it serves.
func (m *member) start(ctx context.Context) error {
	m.starting.Lock()
	defer m.starting.Unlock()
	if s := m.look(); s.At != nil {
		return nil
	}
	err := m.launch(ctx)
	if err != nil {
		m.set(stateDown)
	}
	return err
}

func (m *member) launch(ctx context.Context) error {
	m.set(stateStarting)
	c, err := m.command(ctx)
	if err != nil {
		return err
	}
	stdin, err := c.StdinPipe()
	if err != nil {
		return err
	}
	stdout, err := c.StdoutPipe()
	if err != nil {
		return err
	}
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		return errors.New("the farm has closed")
	}
	if err := c.Start(); err != nil {
		m.mu.Unlock()
		return err
	}
	done, address := make(chan struct{}), make(chan string, 1)
	m.pid, m.stdin, m.kill, m.done = c.Process.Pid, stdin, c.Process.Kill, done
	m.mu.Unlock()
	go m.attend(c, stdout, address, done)

	select {
	case line := <-address:
		return m.serving(line)
	case <-ctx.Done():
		c.Process.Kill()
		return ctx.Err()
	case <-time.After(time.Minute):
		c.Process.Kill()
		return fmt.Errorf("%s said nothing for a minute", m.name)
	}
}

// attend waits for the process: for its address, and for its end.
func (m *member) attend(c *exec.Cmd, stdout io.Reader, address chan<- string, done chan struct{}) {
	lines := bufio.NewReader(stdout)
	line, _ := lines.ReadString('\n')
	address <- strings.TrimSpace(line)
	io.Copy(io.Discard, lines)
	c.Wait()
	m.mu.Lock()
	wasUp, closed := m.state == stateUp, m.closed
	m.state, m.at, m.pid = stateDown, nil, 0
	m.mu.Unlock()
	close(done)
	if wasUp && !closed {
		m.note("%s has ended: %v", m.name, c.ProcessState)
	}
}

func (m *member) serving(line string) error {
	at, err := url.Parse(line)
	if err != nil || at.Host == "" {
		return fmt.Errorf("%s has ended before it served", m.name)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.pid == 0 {
		return fmt.Errorf("%s has ended at once", m.name)
	}
	m.at, m.state = at, stateUp
	m.note("%s is up, process %d", m.name, m.pid)
	return nil
}

func (m *member) set(state string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.state = state
}

// crash ends the process as kill -9 does, and returns when it has ended.
func (m *member) crash() {
	m.mu.Lock()
	kill, done := m.kill, m.done
	m.mu.Unlock()
	if done != nil {
		kill()
		<-done
	}
}

// close asks the process to end, for good, and does not ask twice.
func (m *member) close() {
	m.mu.Lock()
	m.closed = true
	stdin, done := m.stdin, m.done
	m.mu.Unlock()
	if done != nil {
		stdin.Close()
		select {
		case <-done:
		case <-time.After(3 * time.Second):
			m.crash()
		}
	}
	m.starting.Lock() // whoever is still starting it has given up
	defer m.starting.Unlock()
	m.set(stateDown)
}
