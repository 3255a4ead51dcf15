//go:build goexperiment.runtimesecret

package secret

import "runtime/secret"

// Do calls f, erases what f leaves in registers and on the stack, and lets the
// garbage collector erase what f has allocated when it finds it unreachable.
// That is so on linux/amd64 and linux/arm64; elsewhere Do only calls f.
func Do(f func()) { secret.Do(f) }
