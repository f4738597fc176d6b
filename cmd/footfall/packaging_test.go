package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// TestPackagedFilesNameOnlyWhatTheCommandKnows: a flag or variable that was renamed
// would be noticed on somebody's server at the earliest.
func TestPackagedFilesNameOnlyWhatTheCommandKnows(t *testing.T) {
	parser, err := kong.New(&cli{}, kong.DefaultEnvars("FOOTFALL"), kong.Vars{"formats": ""})
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{"FOOTFALL_NAME": true} // stands for any of them in a comment
	for _, node := range append(parser.Model.Leaves(false), parser.Model.Node) {
		for _, f := range node.Flags {
			known["--"+f.Name] = true
			for _, env := range f.Envs {
				known[env] = true
			}
		}
	}
	words := regexp.MustCompile(`--[a-z][a-z-]+|FOOTFALL_[A-Z_]+`)
	for _, name := range []string{"footfall.service", "Dockerfile", "compose.yml"} {
		text, err := os.ReadFile("packaging/" + name)
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for line := range strings.Lines(string(text)) {
			if strings.Contains(line, "docker ") || strings.Contains(line, "COPY ") || strings.Contains(line, "systemctl ") {
				continue // flags of others
			}
			for _, word := range words.FindAllString(line, -1) {
				if found++; !known[word] {
					t.Errorf("%s: there is no %s", name, word)
				}
			}
		}
		if found == 0 {
			t.Errorf("%s names nothing of the command", name)
		}
	}
}
