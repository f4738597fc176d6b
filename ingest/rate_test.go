package ingest

import (
	"net/netip"
	"testing"
	"time"
)

var rateStart = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

func TestANetworkHasItsBucketAndNoMore(t *testing.T) {
	b := newBuckets(60)
	one, other := netip.MustParseAddr("203.0.113.7"), netip.MustParseAddr("203.0.113.8")
	now := rateStart
	for i := range 60 {
		if got := b.take(one, now); got != bearable {
			t.Fatalf("request %d: got %d, want it bearable", i, got)
		}
	}
	for i := range 60 {
		if got := b.take(one, now); got != tooMuch {
			t.Fatalf("request %d above: got %d, want too much", i, got)
		}
	}
	if got := b.take(one, now); got != farAbove {
		t.Errorf("after another bucket's worth: got %d, want far above", got)
	}
	if got := b.take(other, now); got != bearable {
		t.Errorf("a neighbour: got %d, want bearable", got)
	}
	now = now.Add(time.Second)
	if got := b.take(one, now); got != bearable {
		t.Errorf("a second later: got %d, want one more bearable", got)
	}
	if got := b.take(one, now); got != tooMuch {
		t.Errorf("and then: got %d, want too much", got)
	}
	now = now.Add(time.Hour)
	for i := range 60 {
		if got := b.take(one, now); got != bearable {
			t.Fatalf("an hour later, request %d: got %d, want a full bucket", i, got)
		}
	}
	if got := b.take(one, now); got != tooMuch {
		t.Errorf("an hour later: got %d, want no more than a bucket", got)
	}
}

func TestAnIPv6CustomerIsOneNetwork(t *testing.T) {
	b := newBuckets(2)
	for i, c := range []struct {
		addr string
		want pressure
	}{
		{"2001:db8:0:1::1", bearable},
		{"2001:db8:0:1:ffff::2", bearable},
		{"2001:db8:0:1::3", tooMuch},
		{"2001:db8:0:2::1", bearable},
	} {
		if got := b.take(netip.MustParseAddr(c.addr), rateStart); got != c.want {
			t.Errorf("%d, %s: got %d, want %d", i, c.addr, got, c.want)
		}
	}
}

func TestAClockThatGoesBackFillsNoBucket(t *testing.T) {
	b := newBuckets(2)
	addr := netip.MustParseAddr("203.0.113.7")
	b.take(addr, rateStart)
	b.take(addr, rateStart)
	if got := b.take(addr, rateStart.Add(-time.Hour)); got != tooMuch {
		t.Errorf("an hour back: got %d, want too much", got)
	}
	if got := b.take(addr, rateStart.Add(-time.Hour+time.Minute)); got != bearable {
		t.Errorf("and a minute on: got %d, want bearable", got)
	}
}

func TestAFloodFromManyNetworksForgetsNoneThatIsHeldBack(t *testing.T) {
	b := newBuckets(10)
	held := netip.MustParseAddr("203.0.113.7")
	for range 15 {
		b.take(held, rateStart)
	}
	var bytes [16]byte
	bytes[0], bytes[1] = 0x20, 0x01
	for i := range 300_000 {
		bytes[4], bytes[5], bytes[6] = byte(i>>16), byte(i>>8), byte(i)
		b.take(netip.AddrFrom16(bytes), rateStart)
	}
	if got := b.take(held, rateStart); got == bearable {
		t.Error("a network that was held back is forgotten")
	}
}

func TestBeaconsAboveTheRateAreDroppedThenRefused(t *testing.T) {
	h := newHouse(t, func(o *Options) { o.Rate = 5 })
	from := func(addr string) reply { return h.send(beaconA, "X-Forwarded-For: "+addr) }
	for i := range 5 {
		if got := from("203.0.113.1"); got.status != 202 || got.header.Get("X-Footfall-Dropped") != "" {
			t.Fatalf("beacon %d: got %+v, want it counted", i, got)
		}
	}
	for i := range 5 {
		if got := from("203.0.113.1"); got.status != 202 || got.header.Get("X-Footfall-Dropped") != Rate {
			t.Fatalf("beacon %d above: got %d, dropped %q, want 202 and rate", i, got.status, got.header.Get("X-Footfall-Dropped"))
		}
	}
	if got := from("203.0.113.1"); got.status != 429 || got.body != string(bodyFarAbove) || got.header.Get("Retry-After") != "60" ||
		got.header.Get("X-Footfall-Dropped") != Rate {
		t.Errorf("far above: got %+v, want 429, a sentence, and when to come again", got)
	}
	if got := h.request("GET", "/pixel.gif", "", "Referer: https://example.com/", "X-Forwarded-For: 203.0.113.1"); got.status != 429 || len(got.body) != 43 {
		t.Errorf("the pixel: got %d with %d bytes, want 429 and the image", got.status, len(got.body))
	}
	if got := h.sink.ledger()["example.com rate"]; got != 7 {
		t.Errorf("got %d in the ledger, want all 7", got)
	}
	for _, addr := range []string{"203.0.113.2", "127.0.0.1", "10.0.0.9"} {
		for i := range 5 {
			if got := from(addr); got.header.Get("X-Footfall-Dropped") != "" {
				t.Fatalf("beacon %d from %s: dropped %q, want it counted", i, addr, got.header.Get("X-Footfall-Dropped"))
			}
		}
	}
	for range 5 { // a proxy that does not pass on whom it speaks for
		if got := from("10.0.0.9"); got.header.Get("X-Footfall-Dropped") != "" {
			t.Fatalf("a private address: dropped %q, want no limit", got.header.Get("X-Footfall-Dropped"))
		}
	}
	h.now = h.now.Add(time.Minute)
	if got := from("203.0.113.1"); got.status != 202 || got.header.Get("X-Footfall-Dropped") != "" {
		t.Errorf("a minute later: got %+v, want it counted", got)
	}
}

func TestObjectorsTakeNothingFromTheirNetwork(t *testing.T) {
	h := newHouse(t, func(o *Options) { o.Rate = 2 })
	const from = "X-Forwarded-For: 203.0.113.1"
	for range 20 {
		if got := h.send(beaconA, from, "Sec-GPC: 1"); got.status != 202 || got.header.Get("X-Footfall-Dropped") != OptOut {
			t.Fatalf("got %d, dropped %q, want opt_out", got.status, got.header.Get("X-Footfall-Dropped"))
		}
	}
	for range 2 {
		h.hit(beaconA, from)
	}
	if got := h.send(beaconA, from, "Sec-GPC: 1"); got.header.Get("X-Footfall-Dropped") != OptOut {
		t.Errorf("above the rate: dropped %q, want opt_out before rate", got.header.Get("X-Footfall-Dropped"))
	}
	h.set("second.example", "floor", "1")
	both := `{"n":"pageview","u":"https://example.com/","d":"example.com,second.example"}`
	if got := h.send(both, "X-Forwarded-For: 203.0.113.2"); got.header.Get("X-Footfall-Dropped") != "" {
		t.Errorf("for two sites: dropped %q, want one token for both", got.header.Get("X-Footfall-Dropped"))
	}
	h.hit(beaconA, "X-Forwarded-For: 203.0.113.2")
}

func BenchmarkBuckets(b *testing.B) {
	buckets := newBuckets(DefaultRate)
	addr := netip.MustParseAddr("203.0.113.7")
	b.ReportAllocs()
	for b.Loop() {
		buckets.take(addr, rateStart)
	}
}
