package ingest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"footfall/aggregate"
)

// testSenders has the token "ours" for example.com and second.example, "all" for
// every site.
type testSenders struct{}

func (testSenders) MaySend(token string, site aggregate.Site) (valid, allowed bool) {
	switch token {
	case "ours":
		return true, site == "example.com" || site == "second.example"
	case "all":
		return true, true
	}
	return false, false
}

const withToken = "Authorization: Bearer ours"

// backEnd is a house that knows the senders' tokens.
func backEnd(t *testing.T) *house {
	return newHouse(t, func(o *Options) { o.Senders = testSenders{}; o.Rate = 3 })
}

// tell sends events with a token and reads the answer.
func (h *house) tell(body string, headers ...string) toldAnswer {
	h.t.Helper()
	got := h.send(body, append([]string{withToken, "User-Agent: shipper/1.0"}, headers...)...)
	var a toldAnswer
	if err := json.Unmarshal([]byte(got.body), &a); got.status != http.StatusAccepted || err != nil {
		h.t.Fatalf("got %d %s (%v), want 202 and an answer", got.status, got.body, err)
	}
	return a
}

func TestABackEndTellsOfItsVisitors(t *testing.T) {
	h := backEnd(t)
	event := `{"n":"pageview","u":"https://example.com/a","ip":"203.0.113.7","user_agent":"` + person + `","language":"de-AT"}`
	got := h.send(event, withToken, "User-Agent: shipper/1.0")
	if got.status != 202 || got.body != "ok" || got.header.Get("X-Footfall-Dropped") != "" {
		t.Fatalf("one event: got %+v, want the answer of any beacon", got)
	}
	live := h.hit(`{"n":"pageview","u":"https://example.com/a"}`, "X-Forwarded-For: 203.0.113.7", "Accept-Language: de-AT")
	if told := h.sink.all()[0]; !reflect.DeepEqual(told, live) {
		t.Errorf("got %+v, want what the visitor's own browser would give, %+v", told, live)
	}
	at := h.now.Add(-20 * time.Minute)
	a := h.tell(`[` + event + `,{"n":"Paid","u":"https://example.com/b","time":"` + at.Format(time.RFC3339) + `"}]`)
	if a.Events != 2 || a.Counted != 2 || len(a.Results) != 2 || !a.Results[1].Counted {
		t.Errorf("a list: got %+v, want both counted", a)
	}
	hits := h.sink.all()
	if hits[3].At != at.UnixMilli() || hits[3].Facts[aggregate.Browser] != "" || hits[3].Facts[aggregate.EventName] != "Paid" {
		t.Errorf("got %+v, want the event at its time, of no known browser", hits[3])
	}
	a = h.tell(event + "\n\n" + event + "\r\n" + `{"n":"pageview"}` + "\n{\n" + event)
	if a.Events != 5 || a.Counted != 3 || a.Invalid != 2 || a.Results[2].Errors["url"][0] != "is required" || len(a.Results[3].Errors["request"]) != 1 || !a.Results[4].Counted {
		t.Errorf("lines: got %+v, want three counted and two invalid", a)
	}
}

func TestEachToldEventHasItsReason(t *testing.T) {
	h := backEnd(t)
	h.set("second.example", "floor", "1")
	h.set("elsewhere.example", "floor", "1")
	at := func(d time.Duration) string { return h.now.Add(d).Format(time.RFC3339) }
	events := []struct{ body, want string }{
		{`{"n":"a","u":"https://example.com/","time":"` + at(-29*time.Minute) + `"}`, ""},
		{`{"n":"a","u":"https://example.com/","time":"` + at(-31*time.Minute) + `"}`, Late},
		{`{"n":"a","u":"https://example.com/","time":"` + at(2*time.Minute) + `"}`, Future},
		{`{"n":"a","u":"https://example.com/","user_agent":"a bot"}`, Bot},
		{`{"n":"a","u":"https://copied.example/","d":"example.com"}`, Hostname},
		{`{"n":"a","u":"https://nobody.example/"}`, UnknownSite},
		{`{"n":"a","u":"https://elsewhere.example/"}`, UnknownSite}, // known, but not by this token
		{`{"n":"a","u":"https://example.com/","r":"https://semalt.com"}`, Spam},
		{`{"n":"a","u":"https://second.example/"}`, ""},
	}
	var all []string
	for _, e := range events {
		all = append(all, e.body)
	}
	a := h.tell(strings.Join(all, "\n"))
	for i, e := range events {
		got := a.Results[i]
		if got.Counted != (e.want == "") || e.want != "" && !reflect.DeepEqual(got.Dropped, []string{e.want}) {
			t.Errorf("%s: got %+v, want %q", e.body, got, e.want)
		}
	}
	if want := (map[string]int{Late: 1, Future: 1, Bot: 1, Hostname: 1, UnknownSite: 2, Spam: 1}); a.Counted != 2 || !maps.Equal(a.Dropped, want) {
		t.Errorf("got %d counted, dropped %v, want 2 and %v", a.Counted, a.Dropped, want)
	}
	want := map[string]int{"example.com late": 1, "example.com future": 1, "example.com bot: crawler": 1, "example.com hostname: copied.example": 1,
		"example.com spam: semalt.com": 1}
	if got := h.sink.ledger(); !maps.Equal(got, want) {
		t.Errorf("got ledger %v, want %v", got, want)
	}
	if n := h.salts.Status().Salts; n != 2 {
		t.Errorf("got %d salts, want those of today: late events make none", n)
	}
}

func TestAToldObjectionIsHeard(t *testing.T) {
	h := backEnd(t)
	a := h.tell(`[{"n":"a","u":"https://example.com/"},{"n":"a","u":"https://example.com/","time":"2020-01-01T00:00:00Z"}]`, "Sec-GPC: 1")
	if a.Dropped[OptOut] != 2 || len(h.sink.all()) != 0 || len(h.sink.ledger()) != 0 {
		t.Errorf("got %+v and ledger %v, want two objections and no trace", a, h.sink.ledger())
	}
}

func TestTokensAreAskedFor(t *testing.T) {
	h := backEnd(t)
	one := `{"n":"a","u":"https://example.com/","ip":"203.0.113.7"}`
	for _, c := range []struct{ token, body string }{
		{"Bearer wrong", one}, {"bearer wrong", "[" + one + "]"}, {"Bearer ours", `{"n":"a","u":"https://nobody.example/"}`},
	} {
		got := h.send(c.body, "Authorization: "+c.token)
		if got.status != 401 || got.body != string(bodyNoToken) || got.header.Get("Www-Authenticate") != "Bearer" {
			t.Errorf("%s: got %d %s, want 401", c.token, got.status, got.body)
		}
	}
	for _, header := range []string{"A: b", "Authorization: Basic b3VyczpvdXJz", "Authorization: Bearer "} {
		if hit := h.hit(one, header); hit.Facts[aggregate.Country] != "" {
			t.Errorf("%s: a beacon without a token has spoken for an address", header)
		}
		if got := h.send("["+one+"]", header); got.status != 400 {
			t.Errorf("%s: got %d for a list without a token, want 400", header, got.status)
		}
	}
	for _, body := range []string{"", "[", "7", `"x"`, "[[[[[[[[[[[[[[[[[[[[[[[["} {
		if got := h.send(body, withToken); got.status != 400 {
			t.Errorf("%q: got %d, want 400", body, got.status)
		}
	}
	if a := h.tell(`[]`); a.Events != 0 {
		t.Errorf("an empty list: got %+v", a)
	}
	if a := h.tell(`[7,null,{"n":"a","u":"https://example.com/","ip":"here","time":"now"}]`); a.Invalid != 3 || len(a.Results[2].Errors) != 2 {
		t.Errorf("got %+v, want three invalid, the last with two fields", a)
	}
}

func TestATokenIsNotHeldBackByItsNetwork(t *testing.T) {
	h := backEnd(t)
	var lines strings.Builder
	for i := range 100 {
		fmt.Fprintf(&lines, `{"n":"pageview","u":"https://example.com/%d","ip":"203.0.113.7","user_agent":"%s"}`+"\n", i, person)
	}
	if a := h.tell(lines.String(), "X-Forwarded-For: 198.51.100.1"); a.Counted != 100 {
		t.Errorf("got %d counted, want all 100", a.Counted)
	}
}

func TestAFailureOfAToldEventSaysSo(t *testing.T) {
	h := backEnd(t)
	h.sink.err = errTest
	a := h.tell(`[{"n":"a","u":"https://example.com/"}]`)
	if a.Failed != 1 || !a.Results[0].Failed || a.Results[0].Counted {
		t.Errorf("got %+v, want one to be sent again", a)
	}
	if strings.Contains(h.log.String(), "secret") {
		t.Errorf("the log tells: %s", h.log)
	}
}

func TestADebugRequestWithATokenTellsOfItsVisitor(t *testing.T) {
	h := backEnd(t)
	got := h.send(`{"n":"a","u":"https://example.com/","ip":"203.0.113.7","user_agent":"`+person+`"}`, withToken, debugOn)
	if got.status != 200 || !strings.Contains(got.body, `"country":"US"`) || !strings.Contains(got.body, `"client_ip":"203.0.113.7"`) || len(h.sink.all()) != 0 {
		t.Errorf("got %d %s, want the visitor's place and nothing counted", got.status, got.body)
	}
}
