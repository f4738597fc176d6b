package ui

import (
	"testing"

	"footfall/aggregate"
	"footfall/ui/words"
)

// TestOneOfAThingIsSaidInTheSingular goes through the pages on which a number stands
// beside what it counts, in every language.
func TestOneOfAThingIsSaidInTheSingular(t *testing.T) {
	asker := fullAsker()
	asker.current = 1
	asker.change = func(r *fakeReport) {
		switch {
		case len(r.q.Fields) > 0:
			r.Hidden = &aggregate.HiddenRows{Floor: 3, Visits: 1, Pageviews: 1}
		case r.q.Range.Days && r.q.Range.Last < aggregate.Date(2026, 11, 24):
			r.Rows[0].Values[4].Number = 48 // the bounce rate, of which 47 % are left
		}
	}
	funnel := aggregate.Funnel{ID: 1, Name: "Long"}
	for range 8 { // 100 visits, each time half of them, then one, then none
		funnel.Steps = append(funnel.Steps, aggregate.Step{Name: "step"})
	}
	ways := &fakeWays{flow: aggregate.FlowReport{Pageviews: 1, Visits: 1, Again: 1}}
	ways.defs.Funnels = []aggregate.Funnel{funnel}
	s := serve(t, asker, since2025, func(o *Options) { o.Goals, o.Ways = ways, ways })
	for lang, want := range map[string]struct{ site, ways []string }{
		"en": {[]string{`<b class="value">1</b> current visitor<`, " 1 visit (pageviews: 1).", " 1 pt<"},
			[]string{"<b>1</b> visit · 1 visitor ", "<b>1</b> view<", ">1 visit<", ">1 stopped before"}},
		"de": {[]string{`<b class="value">1</b> Besucher gerade<`, " 1 Besuch (Seitenaufrufe: 1).", " 1 Pkt.<"},
			[]string{"<b>1</b> Besuch · 1 Besucher ", "<b>1</b> Aufruf<", ">1 Besuch<", ">1 hörte davor auf"}},
		"fr": {[]string{`<b class="value">1</b> visiteur actuel<`, "Absente de ces lignes : 1 visite (pages vues : 1).", " 1 pt<"},
			[]string{"<b>1</b> visite · 1 visiteur ", "<b>1</b> vue<", ">1 visite<", ">1 rechargée<", ">1 s’est arrêtée avant"}},
		"es": {[]string{`<b class="value">1</b> visitante ahora<`, " 1 visita (páginas vistas: 1).", " 1 pt<"},
			[]string{"<b>1</b> visita · 1 visitante ", "<b>1</b> vista<", ">1 visita<", ">1 recargada<", ">1 se quedó antes"}},
		"pt": {[]string{`<b class="value">1</b> visitante agora<`, " 1 visita (páginas vistas: 1).", " 1 p.p.<"},
			[]string{"<b>1</b> visita · 1 visitante ", "<b>1</b> visualização<", ">1 visita<", ">1 recarregada<", ">1 parou antes"}},
		"ja": {[]string{`<b class="value">1</b> 人が訪問中<`, "1 訪問", " 1 pt<"}, []string{"<b>1</b> 訪問 · 1 訪問者"}},
	} {
		_, body := s.get(t, "/example.com?lang="+lang)
		wantText(t, body, want.site...)
		_, body = s.get(t, "/example.com/goals?lang="+lang)
		wantText(t, body, want.ways...)
	}
	for lang, want := range map[string]string{"en": "1 refused, by day", "de": "1 abgelehnt, nach Tagen", "fr": "1 refusé, par jour",
		"es": "1 rechazada, por día", "pt": "1 recusado, por dia", "ja": "断られたもの 1 件、日ごと"} {
		if got := words.For(lang).Say("ledger.days", "n", 1); got != want {
			t.Errorf("%s: %q, want %q", lang, got, want)
		}
	}
}
