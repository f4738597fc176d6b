package ui

import (
	"maps"
	"slices"

	"footfall/aggregate/team"
	"footfall/ui/words"
)

// rolesOf says what an account may do, and where.
func rolesOf(l *words.Locale, g team.Grants) (all []string) {
	if g.All != team.Nobody {
		all = append(all, l.Say("role."+g.All.String()))
	}
	for _, site := range slices.Sorted(maps.Keys(g.Sites)) {
		all = append(all, l.Say("role.on", "role", l.Say("role."+g.Sites[site].String()), "site", string(site)))
	}
	return all
}
