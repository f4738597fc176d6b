package api

import (
	"testing"
	"time"
)

func TestATokenThatAsksTooOftenWaits(t *testing.T) {
	now := time.Date(2026, 11, 24, 13, 20, 0, 0, time.UTC)
	r := rates{perMinute: 60}
	for i := range 60 {
		if wait := r.take("a", now); wait != 0 {
			t.Fatalf("request %d of 60 waits %s", i+1, wait)
		}
	}
	if wait := r.take("a", now); wait != time.Second {
		t.Errorf("the request beyond the limit waits %s, want 1s", wait)
	}
	if wait := r.take("b", now); wait != 0 {
		t.Errorf("another token waits %s", wait)
	}
	if wait := r.take("a", now.Add(time.Second)); wait != 0 {
		t.Errorf("a second later one waits %s, want none", wait)
	}
	if wait := r.take("a", now.Add(time.Second)); wait != time.Second {
		t.Errorf("a refused request counts: the next waits %s, want 1s", wait)
	}
	if wait := r.take("a", now.Add(-time.Hour)); wait != 0 {
		t.Errorf("after the clock was set back one waits %s", wait)
	}
}

func TestNoLimitIsNone(t *testing.T) {
	var r rates
	for range 10_000 {
		if r.take("a", time.Time{}) != 0 {
			t.Fatal("a request waits although there is no limit")
		}
	}
}

func TestTokensThatOweNothingAreForgotten(t *testing.T) {
	now := time.Date(2026, 11, 24, 13, 20, 0, 0, time.UTC)
	r := rates{perMinute: 60}
	for i := range 3 * maxRated {
		r.take(string(rune(i)), now.Add(time.Duration(i)*time.Second))
	}
	if len(r.m) > maxRated+1 {
		t.Errorf("%d tokens are remembered, want %d at most", len(r.m), maxRated)
	}
}

func TestTheAPITellsWhoAsksTooOften(t *testing.T) {
	d := newStatsDesk()
	d.rates.perMinute = 2
	for range 2 {
		if status, answer := d.post(t, minimal+"}"); status != 200 {
			t.Fatalf("%d %v, want 200", status, answer)
		}
	}
	status, answer := d.post(t, minimal+"}")
	if status != 429 || answer["error"] != "Too many requests with this token: 2 a minute are answered. Try again in 30 seconds." {
		t.Errorf("%d %v, want 429 and when to try again", status, answer)
	}
	if status, _ := d.send(t, "POST", "Bearer wrong", minimal+"}"); status != 401 {
		t.Errorf("a wrong token gets %d, want 401", status)
	}
}

func TestThePlaygroundAsksAboutItsSiteWithinTheLimit(t *testing.T) {
	d := newStatsDesk()
	d.rates.perMinute = 2
	if status, answer := d.Ask("other.example", []byte(minimal+"}")); status != 400 || string(answer) != `{"error":"#/site_id: This page asks about other.example"}` {
		t.Errorf("a question about another site: %d %s", status, answer)
	}
	for i, want := range []int{200, 200, 429} {
		if status, answer := d.Ask("example.com", []byte(minimal+"}")); status != want {
			t.Errorf("question %d: %d %s, want %d", i+1, status, answer, want)
		}
	}
}
