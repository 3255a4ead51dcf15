package main

import (
	"fmt"
	"runtime/debug"
	"strings"
)

// version describes this build by what the go command recorded in it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "(unknown)"
	}
	return versionOf(info)
}

func versionOf(info *debug.BuildInfo) string {
	text := info.Main.Version
	if text == "" {
		text = "(devel)"
	}
	settings := make(map[string]string)
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	// A version made from a commit already has it in its name.
	if revision := settings["vcs.revision"]; len(revision) >= 12 && !strings.Contains(text, revision[:12]) {
		text += " " + revision[:12]
		if settings["vcs.modified"] == "true" {
			text += "+dirty"
		}
	}
	return fmt.Sprintf("%s %s %s/%s", text, info.GoVersion, settings["GOOS"], settings["GOARCH"])
}
