package ui

import (
	"strings"
	"testing"

	"footfall/aggregate"
)

// soldIn gives every site a currency.
func soldIn(currency string) func(*Options) {
	return withSettings(func(s *aggregate.Settings) { s.Currency = currency })
}

// cashier is fullAsker of a site whose event Signup earned money.
func cashier() *fakeAsker {
	asker := fullAsker()
	asker.change = func(r *fakeReport) {
		for _, row := range r.Rows {
			for i, m := range r.q.Metrics {
				if m == aggregate.MetricTotalRevenue && row.Labels[0] == "Signup" {
					row.Values[i].Number = 1234.5
				}
			}
		}
	}
	return asker
}

func TestEventsThatBroughtMoneySayHowMuchWhereTheSiteHasACurrency(t *testing.T) {
	s := serve(t, cashier(), soldIn("EUR"))
	for _, page := range []string{"", "?report=events", "?report=events&sort=total_revenue"} {
		_, body := s.get(t, "/example.com"+page)
		wantText(t, body, "Revenue", `<td class="n">1,234.50`+"\u00a0"+`EUR</td>`)
		if strings.Contains(body, `>0.00`) {
			t.Errorf("%q: events that brought nothing show an amount", page)
		}
		_, body = s.get(t, "/example.com"+page, "Accept-Language: de")
		wantText(t, body, "Umsatz", "1.234,50\u00a0EUR")
	}
	_, body := s.get(t, "/example.com?report=events&as=csv")
	wantText(t, body, "visitors,events,visits,total_revenue")
}

func TestASiteWithoutACurrencyHasNoRevenueInItsReports(t *testing.T) {
	for _, currency := range []string{"", aggregate.NoCurrency} {
		s := serve(t, cashier(), soldIn(currency))
		for _, page := range []string{"", "?report=events", "?report=events&sort=total_revenue"} {
			answer, body := s.get(t, "/example.com"+page)
			wantStatus(t, answer, 200)
			if strings.Contains(body, "Revenue") || strings.Contains(body, "1,234.50") {
				t.Errorf("currency %q, %q: the page speaks of revenue", currency, page)
			}
		}
	}
}

func TestAPublicPageTellsNoRevenue(t *testing.T) {
	s := serve(t, cashier(), soldIn("EUR"), public())
	for _, page := range []string{"", "?report=events", "?report=events&sort=total_revenue", "?report=events&as=csv"} {
		answer, body := s.get(t, "/example.com"+page, away)
		wantStatus(t, answer, 200)
		if strings.Contains(body, "Revenue") || strings.Contains(body, "EUR") || strings.Contains(body, "total_revenue,") {
			t.Errorf("%q: the page speaks of revenue", page)
		}
	}
}
