package main

import (
	"runtime"
	"runtime/debug"
)

// version and commit are set by the linker in a release.
var (
	version = "dev"
	commit  = ""
)

type versionCmd struct{ machines }

type versionInfo struct {
	Version string `json:"version"`
	Commit  string `json:"commit"`
	Go      string `json:"go"`
}

func buildVersion() versionInfo {
	v := versionInfo{version, commit, runtime.Version()}
	if info, ok := debug.ReadBuildInfo(); ok && v.Commit == "" {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				v.Commit = s.Value
			}
		}
	}
	if v.Commit == "" {
		v.Commit = "unknown"
	}
	return v
}

func (c *versionCmd) Run(io *streams) error {
	v := buildVersion()
	return c.tell(io.out, v, "footfall %s, commit %s, %s\n", v.Version, v.Commit, v.Go)
}
