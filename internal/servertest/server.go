package servertest

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long a server may take to answer its first question. It is
// wide, because the machine may have other things to do.
const patience = time.Minute

// Server is a server process. Its methods belong to the goroutine of the test.
type Server struct {
	Addr string // 127.0.0.1:port

	t       testing.TB
	name    string
	folder  string // scratch, the server's own
	user    *account
	command func(port string) *exec.Cmd
	ready   func(addr string) error
	crash   syscall.Signal // how Kill ends it

	process *exec.Cmd
	output  *output
	ended   chan struct{}
}

// account is another user to run a server as; nil is who runs the test.
type account struct{ uid, gid int }

// output is what a process has printed.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// find returns the path of an executable that is called name on the PATH or
// matches one of patterns, the last of each. Without one it ends the test.
func find(t testing.TB, name, debian string, patterns ...string) string {
	t.Helper()
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	for _, pattern := range patterns {
		if paths, _ := filepath.Glob(pattern); len(paths) > 0 {
			return paths[len(paths)-1]
		}
	}
	message := fmt.Sprintf("servertest: no %s here: on Debian, apt-get install %s", name, debian)
	if os.Getenv("CI") == "true" {
		t.Fatal(message)
	}
	t.Skip(message)
	return ""
}

// newServer makes the scratch folder of a server that is not started yet.
func newServer(t testing.TB, name string, user *account) *Server {
	t.Helper()
	// Not t.TempDir: what that lies in is closed to other users, and its path
	// may be too long for a socket.
	folder, err := os.MkdirTemp("", "servertest-"+name+"-")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{t: t, name: name, folder: folder, user: user, crash: syscall.SIGKILL}
	t.Cleanup(func() {
		s.Kill()
		if err := os.RemoveAll(folder); err != nil {
			t.Error(err)
		}
	})
	if user != nil {
		if err := os.Chown(folder, user.uid, user.gid); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// run runs a command that prepares the server.
func (s *Server) run(command *exec.Cmd) {
	s.t.Helper()
	command.Dir = s.folder
	s.user.become(command)
	if text, err := command.CombinedOutput(); err != nil {
		s.t.Fatalf("servertest: %s: %v\n%s", command.Path, err, text)
	}
}

// Start starts a server that was killed or stopped, on the port it had.
func (s *Server) Start() {
	s.t.Helper()
	if err := s.start(); err != nil {
		s.t.Fatalf("servertest: starting %s: %v\n%s", s.name, err, s.output)
	}
}

// first starts a server for the first time, on a port that is free.
func (s *Server) first() *Server {
	s.t.Helper()
	var err error
	for range 5 { // somebody else may take the port meanwhile
		if s.Addr, err = freeAddr(); err != nil {
			break
		}
		if err = s.start(); err == nil {
			return s
		}
	}
	s.t.Fatalf("servertest: starting %s: %v\n%s", s.name, err, s.output)
	return nil
}

func (s *Server) start() error {
	_, port, err := net.SplitHostPort(s.Addr)
	if err != nil {
		return err
	}
	s.process, s.output, s.ended = s.command(port), new(output), make(chan struct{})
	s.process.Dir, s.process.Stdout, s.process.Stderr = s.folder, s.output, s.output
	s.user.become(s.process)
	if err := s.process.Start(); err != nil {
		s.process = nil
		return err
	}
	go func(process *exec.Cmd, ended chan struct{}) {
		process.Wait()
		close(ended)
	}(s.process, s.ended)
	timeout := time.After(patience)
	for {
		err := s.ready(s.Addr)
		if err == nil {
			return nil
		}
		select {
		case <-s.ended:
			return fmt.Errorf("it has ended: %v", s.process.ProcessState)
		case <-timeout:
			s.Kill()
			return err
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Kill ends the server at once, as a crash would. A server that does not run is
// left alone.
func (s *Server) Kill() { s.end(s.crash) }

// Stop shuts the server down in good order.
func (s *Server) Stop() { s.end(syscall.SIGTERM) }

func (s *Server) end(signal syscall.Signal) {
	if s.process == nil {
		return
	}
	s.process.Process.Signal(signal)
	select {
	case <-s.ended:
	case <-time.After(patience):
		s.t.Errorf("servertest: %s does not end on %v\n%s", s.name, signal, s.output)
		s.process.Process.Kill()
		<-s.ended
	}
	s.process = nil
}

// freeAddr returns an address of the loopback interface that nobody uses.
func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// exchange sends a question to addr and returns the first bytes of the answer.
func exchange(addr, question string) ([]byte, error) {
	conn, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if _, err := conn.Write([]byte(question)); err != nil {
		return nil, err
	}
	conn.SetReadDeadline(time.Now().Add(time.Second))
	answer := make([]byte, 64)
	n, err := conn.Read(answer)
	if n == 0 && err == nil {
		err = errors.New("no answer")
	}
	return answer[:n], err
}
