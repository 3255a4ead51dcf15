//go:build !goexperiment.runtimesecret

package secret

// Do calls f. In a build with GOEXPERIMENT=runtimesecret, and on linux/amd64 and
// linux/arm64, what f leaves in registers and on the stack is erased as well
// before Do returns, and what f has allocated is erased when the garbage
// collector finds it unreachable (package runtime/secret).
func Do(f func()) { f() }
