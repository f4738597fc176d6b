package geo

import (
	"sync"

	"github.com/oschwald/geoip2-golang/v2"

	"footfall/aggregate"
)

// maxSpoken is how many regions and cities are remembered by their names in other
// languages: some 4 MiB. Those beyond keep their English one.
const maxSpoken = 1 << 14

// spokenLanguages are the languages that databases have names in, by their tags.
var spokenLanguages = map[string]func(*geoip2.Names) string{
	"de": func(n *geoip2.Names) string { return n.German },
	"es": func(n *geoip2.Names) string { return n.Spanish },
	"fr": func(n *geoip2.Names) string { return n.French },
	"ja": func(n *geoip2.Names) string { return n.Japanese },
	"pt": func(n *geoip2.Names) string { return n.BrazilianPortuguese },
}

// spoken remembers what the languages of the dashboard call regions and cities, as
// the operator's database has told of visitors since the start. They are what a place
// is called, not whose it is: nothing in it tells of a visitor but that somebody came
// from there.
type spoken struct {
	mu    sync.RWMutex // protects names
	names map[string]geoip2.Names
}

// note remembers the names of a place where any language has one of its own, by its
// country and its English name, as reports have it: of two places that share both,
// one's names stand for both.
func (s *spoken) note(country string, names *geoip2.Names) {
	if names.English == "" || !differ(names) {
		return
	}
	key := aggregate.Join(country, clean(names.English))
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.names == nil {
		s.names = map[string]geoip2.Names{}
	}
	if len(s.names) < maxSpoken {
		s.names[key] = *names
	}
}

// differ reports whether any language calls a place otherwise than English does.
func differ(names *geoip2.Names) bool {
	for _, in := range spokenLanguages {
		if name := in(names); name != "" && name != names.English {
			return true
		}
	}
	return false
}

// Called is what a language ("de", "fr", "es", "pt", "ja") calls a region or a city of
// a country, by its English name. ok is false where the operator's database has not
// said so yet.
func (p *Places) Called(country, english, language string) (name string, ok bool) {
	in := spokenLanguages[language]
	if p == nil || in == nil {
		return "", false
	}
	p.spoken.mu.RLock()
	defer p.spoken.mu.RUnlock()
	names, known := p.spoken.names[aggregate.Join(country, english)]
	if !known {
		return "", false
	}
	name = clean(in(&names))
	return name, name != ""
}
