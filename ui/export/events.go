package export

import (
	"strings"

	"footfall/aggregate"
)

// linkOf are the facts that events of these names have the address of a link in.
var linkOf = map[string]aggregate.Dimension{"Outbound Link: Click": aggregate.Outbound, "File Download": aggregate.Download}

// hasPath are the events that tell a path.
var hasPath = map[string]bool{"404": true, "Form: Submission": true}

const pathKey = "path" + aggregate.Separator

// eventRows are custom events by name, with the address of a link or a path where
// that is known: what is left of a name has a row without.
func eventRows(s *Stock, month aggregate.Day) (sums, error) {
	names, err := s.gather(month, aggregate.OneDay, aggregate.EventName, aggregate.None)
	if err != nil {
		return nil, err
	}
	all, told := sums{}, sums{}
	tell := func(d aggregate.Day, name, link, path string, c *aggregate.Counts) {
		all.add(d, texts(name, link, path), c)
		told.add(d, name, c)
	}
	for name, dim := range linkOf {
		links, err := s.gather(month, aggregate.OneDay, dim, aggregate.None)
		if err != nil {
			return nil, err
		}
		for d, rows := range begun(links) {
			for link, c := range rows {
				tell(d, name, link, "", c)
			}
		}
	}
	paths, err := s.gather(month, aggregate.OneDay, aggregate.EventName, aggregate.Property)
	if err != nil {
		return nil, err
	}
	for d, rows := range begun(paths) {
		for value, c := range rows {
			name, property, _ := strings.Cut(value, "\x00")
			if path, ok := strings.CutPrefix(property, pathKey); ok && hasPath[name] {
				tell(d, name, "", path, c)
			}
		}
	}
	for d, rows := range begun(names) {
		for name, c := range rows {
			rest := *c
			if t := told[d][name]; t != nil {
				rest = lessEvents(c, t)
			}
			if name != aggregate.PageviewName && rest[aggregate.Events] > 0 {
				all.add(d, texts(name, "", ""), &rest)
			}
		}
	}
	return all, nil
}

func lessEvents(whole, told *aggregate.Counts) (rest aggregate.Counts) {
	rest[aggregate.Events] = max(0, whole[aggregate.Events]-told[aggregate.Events])
	if rest[aggregate.Events] > 0 {
		rest[aggregate.Visitors] = max(1, whole[aggregate.Visitors]-told[aggregate.Visitors])
	}
	return rest
}

// propRows are custom events by property. Events without a key have no row.
func propRows(s *Stock, month aggregate.Day) (sums, error) {
	all, err := s.gather(month, aggregate.OneDay, aggregate.Property, aggregate.None)
	rows := sums{}
	for d, values := range begun(all) {
		for value, c := range values {
			if key, rest, ok := strings.Cut(value, aggregate.Separator); ok {
				rows.add(d, texts(key, rest), c)
			}
		}
	}
	return rows, err
}
