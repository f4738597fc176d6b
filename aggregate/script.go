package aggregate

import (
	"fmt"
	"slices"
	"strings"
)

// scriptWords are what an owner can set for the script of a site: attributes of its
// tag, without data-.
var scriptWords = []string{"forms", "hash", "manual", "local", "debug", "outbound=off", "downloads=off", "404=off"}

func setScript(s *Settings, value string) error {
	if value == "default" {
		value = ""
	}
	words, err := entries(value)
	if err != nil {
		return err
	}
	for _, word := range words {
		if !slices.Contains(scriptWords, word) {
			return fmt.Errorf("%q is none of %s", word, strings.Join(scriptWords, ", "))
		}
	}
	s.Script = words
	return nil
}

// ScriptOptions are the attributes of the tag, without data-, that hold in pages of
// the site where the tag does not say; the map is the caller's, nil = none.
func (s *Settings) ScriptOptions() map[string]string {
	var options map[string]string
	for _, word := range s.Script {
		name, value, _ := strings.Cut(word, "=")
		if options == nil {
			options = map[string]string{}
		}
		options[name] = value
	}
	return options
}
