package main

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// ownLayer returns a sign that we are in a container, if a directory lies in the
// layer that belongs to the container alone and goes with it; otherwise "". It
// wants both to be clear: that this is a container, and that what is mounted where
// the directory lies is the root of an image. root is "/" but in tests.
func ownLayer(root, dir string, getenv func(string) string) string {
	sign := containerSign(root, getenv)
	if sign == "" {
		return ""
	}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	table, err := os.ReadFile(filepath.Join(root, "proc/self/mountinfo"))
	if err != nil {
		return ""
	}
	point, kind := mountOf(dir, string(table))
	if point != "/" || !slices.Contains([]string{"overlay", "aufs", "fuse-overlayfs", "fuse.fuse-overlayfs"}, kind) {
		return ""
	}
	return sign
}

// containerSign says by what a container shows that it is one.
func containerSign(root string, getenv func(string) string) string {
	if getenv("KUBERNETES_SERVICE_HOST") != "" {
		return "KUBERNETES_SERVICE_HOST is set"
	}
	for _, name := range []string{".dockerenv", "run/.containerenv"} { // Docker's and Podman's
		if _, err := os.Stat(filepath.Join(root, name)); err == nil {
			return "there is a /" + name
		}
	}
	groups, _ := os.ReadFile(filepath.Join(root, "proc/1/cgroup"))
	for _, hint := range []string{"docker", "kubepods", "containerd", "libpod", "crio"} {
		if strings.Contains(string(groups), hint) {
			return "/proc/1/cgroup names " + hint
		}
	}
	return ""
}

// mountOf finds the mount that a path lies on, in a table like
// /proc/self/mountinfo (proc_pid_mountinfo(5)), and the kind of its file system.
func mountOf(path, table string) (point, kind string) {
	for line := range strings.Lines(table) {
		before, after, ok := strings.Cut(line, " - ")
		fields, about := strings.Fields(before), strings.Fields(after)
		if !ok || len(fields) < 5 || len(about) == 0 {
			continue
		}
		at := unescapeMount(fields[4])
		if path != at && !strings.HasPrefix(path, strings.TrimSuffix(at, "/")+"/") {
			continue
		}
		if cmp.Compare(len(at), len(point)) >= 0 { // of two at one place, the later one lies on top
			point, kind = at, about[0]
		}
	}
	return point, kind
}

// unescapeMount undoes the octal escapes of blanks in the table.
func unescapeMount(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+3 < len(text) {
			if n, err := strconv.ParseUint(text[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(text[i])
	}
	return b.String()
}
