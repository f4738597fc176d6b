package words

import (
	"testing"
	"time"

	"footfall/aggregate"
)

func TestTheReadersLanguageIsFound(t *testing.T) {
	for _, c := range []struct{ chosen, accept, want, start string }{
		{"", "de-AT,en;q=0.5", "de", "Monday"}, {"", "en-US,en;q=0.9", "en-US", "Sunday"}, {"", "en-GB", "en", "Monday"},
		{"de", "en-US,en;q=0.9", "de", "Monday"}, {"en", "de,en-US;q=0.5", "en-US", "Sunday"}, {"tlh", "ja", "ja", "Sunday"},
		{"", "pt-BR;q=0.9,en;q=0.8", "pt", "Sunday"}, {"", "es-MX", "es", "Sunday"}, {"", "fr_CA", "fr", "Sunday"},
		{"", "tlh, it;q=0.9, fr;q=0.3, de;q=0.4", "de", "Monday"}, {"", "de;q=0, es;q=0.1", "es", "Monday"},
		{"", ";;;,,q=", "en", "Monday"}, {"", "", "en", "Monday"}, {"zh-Hant-TW", "*", "en", "Monday"},
	} {
		l := Negotiate(c.chosen, c.accept)
		if l.Tag() != c.want || l.WeekStart().String() != c.start {
			t.Errorf("chosen %q, accepted %q: got %s with weeks from %s, want %s from %s", c.chosen, c.accept, l.Tag(), l.WeekStart(), c.want, c.start)
		}
	}
}

func TestNumbersAreWrittenAsTheLanguageDoes(t *testing.T) {
	for _, c := range []struct{ tag, whole, four, decimal, percent, share, duration string }{
		{"en", "1,234,567", "1,234", "−1,234.50", "47%", "<0.1%", "2m 05s"},
		{"de", "1.234.567", "1.234", "−1.234,50", "47\u00a0%", "<0,1\u00a0%", "2\u00a0min 05\u00a0s"},
		{"fr", "1\u202f234\u202f567", "1\u202f234", "−1\u202f234,50", "47\u202f%", "<0,1\u202f%", "2\u00a0min 05\u00a0s"},
		{"es", "1.234.567", "1234", "−1234,50", "47\u00a0%", "<0,1\u00a0%", "2\u00a0min 05\u00a0s"},
		{"pt", "1.234.567", "1.234", "−1.234,50", "47%", "<0,1%", "2\u00a0min 05\u00a0s"},
		{"ja", "1,234,567", "1,234", "−1,234.50", "47%", "<0.1%", "2分05秒"},
	} {
		l := For(c.tag)
		for _, one := range [][2]string{{l.Whole(1234567), c.whole}, {l.Whole(1234), c.four}, {l.Decimal(-1234.5, 2), c.decimal},
			{l.Percent(47, 0), c.percent}, {l.Share(1, 5000), c.share}, {l.Duration(125), c.duration}} {
			if one[0] != one[1] {
				t.Errorf("%s: got %q, want %q", c.tag, one[0], one[1])
			}
		}
	}
	if got := For("en").Share(0, 0); got != Nothing {
		t.Errorf("a share of nothing is %q", got)
	}
	if got := For("en").Decimal(-0.001, 2); got != "0.00" {
		t.Errorf("what rounds to nothing is %q", got)
	}
}

func TestDatesAreWrittenAsTheLanguageDoes(t *testing.T) {
	day := func(s string) aggregate.Day {
		d, err := aggregate.ParseDay(s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	at := time.Date(2026, 11, 24, 14, 5, 0, 0, time.UTC)
	for _, c := range []struct{ tag, full, year, month, span, clock string }{
		{"en", "Tuesday 24 November 2026", "24 Nov 2026", "2 – 24 Nov 2026", "28 Dec 2025 – 24 Nov 2026", "14:05"},
		{"en-US", "Tuesday, November 24, 2026", "Nov 24, 2026", "Nov 2 – 24, 2026", "Dec 28, 2025 – Nov 24, 2026", "2:05 PM"},
		{"de", "Dienstag, 24. November 2026", "24. Nov. 2026", "2. – 24. Nov. 2026", "28. Dez. 2025 – 24. Nov. 2026", "14:05"},
		{"fr", "mardi 24 novembre 2026", "24 nov. 2026", "2 – 24 nov. 2026", "28 déc. 2025 – 24 nov. 2026", "14:05"},
		{"es", "martes, 24 de noviembre de 2026", "24 nov 2026", "2 – 24 nov 2026", "28 dic 2025 – 24 nov 2026", "14:05"},
		{"pt", "terça-feira, 24 de novembro de 2026", "24 nov. 2026", "2 – 24 nov. 2026", "28 dez. 2025 – 24 nov. 2026", "14:05"},
		{"ja", "2026年11月24日(火)", "2026年11月24日", "2026年11月2日～24日", "2025年12月28日～2026年11月24日", "14:05"},
	} {
		l := For(c.tag)
		for _, one := range [][2]string{{l.Date(Full, day("2026-11-24")), c.full}, {l.Date(WithYear, day("2026-11-24")), c.year},
			{l.Range(day("2026-11-02"), day("2026-11-24")), c.month}, {l.Range(day("2025-12-28"), day("2026-11-24")), c.span}, {l.Clock(at), c.clock}} {
			if one[0] != one[1] {
				t.Errorf("%s: got %q, want %q", c.tag, one[0], one[1])
			}
		}
		if got := l.Range(day("2026-11-24"), day("2026-11-24")); got != c.full {
			t.Errorf("%s: one day is %q, want %q", c.tag, got, c.full)
		}
	}
}
