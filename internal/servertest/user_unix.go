//go:build unix

package servertest

import (
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// nonRoot returns whom to run a server as that refuses to run as root: nil for
// somebody else than root.
func nonRoot(names ...string) (*account, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	var missing error
	for _, name := range names {
		u, err := user.Lookup(name)
		if err != nil {
			missing = err
			continue
		}
		uid, err := strconv.Atoi(u.Uid)
		if err != nil {
			return nil, err
		}
		gid, err := strconv.Atoi(u.Gid)
		return &account{uid, gid}, err
	}
	return nil, missing
}

// become makes command run as a.
func (a *account) become(command *exec.Cmd) {
	if a != nil {
		command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}}
	}
}
