package ask

import (
	"cmp"
	"slices"
	"strings"

	"footfall/aggregate"
)

// PropertyKey is a key that events carried properties under.
type PropertyKey struct {
	Key    string
	Events int64 // with the property
}

// Bounds of PropertyKeys.
const (
	KeysDays = 31 // at the end of the range: keys are looked for, not counted up
	mostKeys = 200
)

// PropertyKeys are the keys of properties that events had in the last KeysDays of
// [first, last], the most frequent first. What happened since the last commit may be
// missing. The error comes from Blocks.
func (a *Asker) PropertyKeys(site aggregate.Site, first, last aggregate.Day) ([]PropertyKey, error) {
	events := map[string]int64{}
	err := a.blocks.Range(site, true, aggregate.OneDay, aggregate.Property, aggregate.None, max(first, last-KeysDays+1), last,
		func(_ aggregate.Key, b *aggregate.Block) error {
			for i := range b.Rows {
				// A key without a value counts the events that lack it.
				key, _, has := strings.Cut(b.A[b.Rows[i].A], aggregate.Separator)
				if has && key != aggregate.Blank && !hasControl(key) {
					events[strings.Clone(key)] += b.Rows[i].Counts[aggregate.Events]
				}
			}
			return nil
		})
	if err != nil {
		return nil, err
	}
	keys := make([]PropertyKey, 0, len(events))
	for key, n := range events {
		keys = append(keys, PropertyKey{key, n})
	}
	slices.SortFunc(keys, func(x, y PropertyKey) int {
		return cmp.Or(cmp.Compare(y.Events, x.Events), cmp.Compare(x.Key, y.Key))
	})
	return keys[:min(mostKeys, len(keys))], nil
}
