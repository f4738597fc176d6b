package ingest

import (
	"testing"

	"footfall/aggregate"
)

func TestAmountsAreReadAndTurnedIntoTheSitesCurrency(t *testing.T) {
	settings := aggregate.DefaultSettings()
	for _, pair := range [][2]string{{"currency", "eur"}, {"rates", "USD=0.92, JPY=0.0061"}} {
		if err := settings.Set(pair[0], pair[1]); err != nil {
			t.Fatal(err)
		}
	}
	for body, want := range map[string]struct {
		money   aggregate.Money
		paid    bool
		unrated string
	}{
		`"$":{"currency":"EUR","amount":"29.99"}`:                            {29_990, true, ""},
		`"$":{"currency":"EUR","amount":0.1}`:                                {100, true, ""},
		`"$":"{\"currency\":\"EUR\",\"amount\":29.99}"`:                      {29_990, true, ""},
		`"revenue":{"currency":"usd","amount":10}`:                           {9_200, true, ""},
		`"$":{"currency":"JPY","amount":1500}`:                               {9_150, true, ""},
		`"$":{"currency":"EUR","amount":1.5e2}`:                              {150_000, true, ""},
		`"$":{"currency":"EUR","amount":0}`:                                  {0, true, ""},
		`"$":{"currency":"EUR","amount":"0.0005"}`:                           {1, true, ""},
		`"$":{"currency":"GBP","amount":1}`:                                  {0, false, "revenue: no rate for GBP"},
		`"$":{"currency":"EUR","amount":-1}`:                                 {},
		`"$":{"currency":"EUR","amount":"NaN"}`:                              {},
		`"$":{"currency":"EUR","amount":"1e99"}`:                             {},
		`"$":{"currency":"EUR","amount":1000000001}`:                         {},
		`"$":{"currency":"EURO","amount":1}`:                                 {},
		`"$":{"amount":1}`:                                                   {},
		`"$":[1]`:                                                            {},
		`"$":"nonsense"`:                                                     {},
		`"$":{"currency":"EUR","amount":{"x":1}}`:                            {},
		`"$":"{\"currency\":\"EUR\",\"amount\":3}","p":"{\"plan\":\"pro\"}"`: {3_000, true, ""},
	} {
		ticket := takeTicket()
		if err := ticket.ReadJSON([]byte(`{"n":"Buy","u":"https://example.com/","d":"example.com",` + body + `}`)); err != nil || len(ticket.Problems) > 0 {
			t.Errorf("%s: error %v, problems %v; a malformed amount is ignored", body, err, ticket.Problems)
		}
		ticket.fillRevenue(&settings)
		h := &ticket.Hit
		if h.Revenue != want.money || h.Paid != want.paid || h.Unrated != want.unrated {
			t.Errorf("%s: got %d, paid %v, %q; want %d, %v, %q", body, h.Revenue, h.Paid, h.Unrated, want.money, want.paid, want.unrated)
		}
		ticket.giveBack()
	}
}

func TestOnlyCustomEventsBringAmounts(t *testing.T) {
	ticket := takeTicket()
	defer ticket.giveBack()
	ticket.ReadJSON([]byte(`{"n":"pageview","u":"https://example.com/","$":{"currency":"EUR","amount":5}}`))
	if ticket.Beacon.Currency != "" {
		t.Error("a pageview brought an amount")
	}
}

func TestSearchTermsAreCountedUnderTheKeyOfTheSite(t *testing.T) {
	settings := aggregate.DefaultSettings()
	settings.SearchKey = "q"
	for query, want := range map[string]string{
		"q=Red++Shoes":               "red shoes",
		"utm_source=x&q=%C3%84pfel":  "äpfel",
		"query=shoes":                "",
		"q=":                         "",
		"q=mail+ann%40example.com+x": "mail :email x",
	} {
		ticket := takeTicket()
		ticket.ReadJSON([]byte(`{"n":"pageview","u":"https://example.com/search?` + query + `"}`))
		if got := ticket.searchTerm(&settings); got != want {
			t.Errorf("%s: got %q, want %q", query, got, want)
		}
		ticket.giveBack()
	}
}

func TestOnlyAllowedPropertiesCount(t *testing.T) {
	for setting, want := range map[string]int{"any": 3, "plan": 2, "none": 1, "plan,size": 3} {
		settings := aggregate.DefaultSettings()
		if err := settings.Set("properties", setting); err != nil {
			t.Fatal(err)
		}
		ticket := takeTicket()
		ticket.ReadJSON([]byte(`{"n":"Buy","u":"https://example.com/","p":{"plan":"pro","size":"xl","path":"/x"}}`))
		ticket.fillEvent(&settings)
		if got := len(ticket.Hit.Props); got != want {
			t.Errorf("properties=%s: %d of 3 count, want %d", setting, got, want)
		}
		ticket.giveBack()
	}
}

func FuzzAmounts(f *testing.F) {
	for _, seed := range []string{"1", "12.345", "1e3", ".5", "999999999999999999999", "1e-39", "0.00000000000000000000001"} {
		f.Add(seed, "USD=0.92")
	}
	f.Fuzz(func(t *testing.T, amount, rate string) {
		settings := aggregate.DefaultSettings()
		settings.Currency = "EUR"
		if settings.Set("rates", rate) != nil {
			settings.Rates = nil
		}
		micros, ok := aggregate.ParseAmount(amount)
		if !ok {
			return
		}
		for _, currency := range []string{"EUR", "USD"} {
			if m, ok := settings.Convert(micros, currency); ok && (m < 0 || m > aggregate.MaxAmount) {
				t.Fatalf("%s %s became %d", amount, currency, m)
			}
		}
	})
}
