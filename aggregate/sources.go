package aggregate

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
)

// maxSourceName is the most bytes of a source's name in the settings.
const maxSourceName = 100

// setSources reads the site's own names of sources: OLD=NEW, divided by commas. The
// old one is what the source is called without it, however its letters are written.
func setSources(s *Settings, value string) error {
	if none(value) {
		s.Sources = nil
		return nil
	}
	texts, err := entries(value)
	if err != nil {
		return err
	}
	names := make(map[string]string, len(texts))
	for _, text := range texts {
		before, after, ok := strings.Cut(text, "=")
		before, after = strings.ToLower(strings.TrimSpace(before)), strings.TrimSpace(after)
		if !ok || !isSourceName(before) || !isSourceName(after) {
			return fmt.Errorf("%q names no source; want its name and the new one, such as partner.example=Partner", text)
		}
		if names[before] != "" {
			return fmt.Errorf("%s has two names", before)
		}
		names[before] = after
	}
	s.Sources = names
	return nil
}

func isSourceName(text string) bool {
	return text != "" && len(text) <= maxSourceName && !strings.ContainsFunc(text, unicode.IsControl) && !strings.Contains(text, "\ufffd")
}

func sourcesText(s *Settings) string {
	var texts []string
	for _, before := range slices.Sorted(maps.Keys(s.Sources)) {
		texts = append(texts, before+"="+s.Sources[before])
	}
	return listOr("none", texts)
}
