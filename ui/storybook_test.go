//go:build storybook

package ui

import (
	"regexp"
	"testing"

	"footfall/ui/words"
)

func TestEveryStoryIsPrintedInEveryLanguage(t *testing.T) {
	for _, language := range words.Languages() {
		for _, s := range stories {
			body, err := storyPage(words.For(language.Tag), s.Name)
			if err != nil {
				t.Errorf("%s in %s: %v", s.Name, language.Tag, err)
			}
			if open := regexp.MustCompile(`>(sites|ledger|notes|message|door|refusal)\.[a-z_.]+<|\{[a-z]+\}`).FindString(string(body)); open != "" {
				t.Errorf("%s in %s says %q", s.Name, language.Tag, open)
			}
		}
	}
}
