package ui

import (
	"slices"
	"testing"

	"footfall/aggregate"
	"footfall/ui/words"
)

func TestEverySettingIsInAGroupAndHasWordsInEveryLanguage(t *testing.T) {
	settings := aggregate.DefaultSettings()
	placed := slices.Clone(sharingKeys)
	for _, group := range settingGroups {
		placed = append(placed, group.keys...)
	}
	for _, key := range aggregate.SettingKeys() {
		if !slices.Contains(placed, key.Key) {
			t.Errorf("setting %s is in no group", key.Key)
		}
		for _, language := range words.Languages() {
			f := fieldOf(words.For(language.Tag), key, &settings)
			if f.Label == key.Key || f.Meaning == key.Meaning {
				t.Errorf("setting %s has no words of its own in %s: %q, %q", key.Key, language.Tag, f.Label, f.Meaning)
			}
			if v := key.Get(&settings); (v == "on" || v == "off") && len(f.Options) == 0 && key.Key != "beacons_per_day" {
				t.Errorf("setting %s is %s, and cannot be chosen from a list", key.Key, v)
			}
		}
	}
}
