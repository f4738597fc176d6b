package fold

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"
	"unsafe"
)

func TestAFloodOfMadeUpDetailsLeavesTheTrueOnesInTheLedger(t *testing.T) {
	_, d := oneDay(Limits{Values: 50, Visits: 100})
	r := rand.New(rand.NewPCG(1, 1))
	want := map[string]int64{}
	total := int64(0)
	for i := range 100_000 {
		reason := fmt.Sprintf("hostname: made-up-%d.example", i)
		switch r.IntN(4) {
		case 0:
			reason = fmt.Sprintf("hostname: copy-%d.example", r.IntN(20))
			want[reason]++
		case 1:
			reason = "rate"
			want[reason]++
		}
		d.Refuse(reason)
		total++
		if n := len(d.refusals); n > maxReasons+1 {
			t.Fatalf("%d lines in the ledger, want at most %d", n, maxReasons+1)
		}
	}
	d.Close()
	got := d.Refusals()
	sum := int64(0)
	for _, n := range got {
		sum += n
	}
	if sum != total {
		t.Errorf("the ledger adds up to %d, want %d", sum, total)
	}
	if len(got) > maxReasons/ledgerSlack+2 {
		t.Errorf("%d lines in the closed ledger, want at most %d", len(got), maxReasons/ledgerSlack+2)
	}
	for reason, n := range want {
		if got[reason] < n*98/100 {
			t.Errorf("%s: got %d, want about %d", reason, got[reason], n)
		}
	}
}

func TestTheLedgerKeepsNoBorrowedText(t *testing.T) {
	_, d := oneDay(Limits{Values: 50, Visits: 100})
	text := []byte("bot: ai two")
	d.Refuse("bot: ai one")
	borrowed := unsafe.String(&text[0], len(text))
	d.Refuse(borrowed)
	d.Refuse(borrowed) // the second time, when there is a line already
	copy(text, "XXXXXXXXXXX")
	if got := d.Refusals(); !maps.Equal(got, map[string]int64{"bot: ai one": 1, "bot: ai two": 2}) {
		t.Errorf("got %v, want the reason as it was", got)
	}
}
