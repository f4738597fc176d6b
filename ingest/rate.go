package ingest

import (
	"hash/maphash"
	"net/netip"
	"sync"
	"time"
)

// DefaultRate is how many beacons a minute are taken from one network, and how
// many at once. It is generous: a whole office, or a carrier's customers, may
// come by one address.
const DefaultRate = 12_000

// Limits of debug answers, per network.
const debugPerMinute = 30

// pressure is what a network's bucket says of one more request.
type pressure uint8

const (
	unmeasured pressure = iota
	bearable
	tooMuch  // the bucket is empty
	farAbove // and another bucket's worth has been refused besides
)

// The table of buckets: so many shards of so many sets of so many buckets.
const (
	rateShards = 64
	rateSets   = 128
	rateWays   = 8
)

// buckets hold a token bucket for each network: an IPv4 address, or the /64 of an
// IPv6 one, which is what one customer has at the least. They are kept under a
// keyed hash whose key is made when the process starts: no address is remembered.
//
// The table has one size (65,536 networks, 2 MiB once they have all been here).
// Where a network finds no room, it takes that of the fullest bucket among the
// eight in question, so that those which are being held back stay known.
type buckets struct {
	size   float32 // tokens of a full bucket
	refill float32 // tokens per millisecond
	seed   maphash.Seed
	shards [rateShards]rateShard
}

type rateShard struct {
	mu   sync.Mutex // protects sets
	sets [rateSets][rateWays]bucket
}

type bucket struct {
	network uint64 // 0 = free
	at      int64  // Unix milliseconds
	tokens  float32
	refused float32 // drains as tokens refill
}

// newBuckets allows every network so many requests a minute, and at once.
func newBuckets(perMinute int) *buckets {
	return &buckets{size: float32(perMinute), refill: float32(perMinute) / 60_000, seed: maphash.MakeSeed()}
}

// take takes a token from the bucket of addr's network.
func (b *buckets) take(addr netip.Addr, now time.Time) pressure {
	network, at := networkOf(b.seed, addr), now.UnixMilli()
	shard := &b.shards[network%rateShards]
	set := &shard.sets[network/rateShards%rateSets]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	one := b.find(set, network, at)
	if one.tokens >= 1 {
		one.tokens--
		return bearable
	}
	if one.refused >= b.size {
		return farAbove
	}
	one.refused++
	return tooMuch
}

// find is the network's bucket, brought up to date. A new one is full.
func (b *buckets) find(set *[rateWays]bucket, network uint64, at int64) *bucket {
	fullest := &set[0]
	for i := range set {
		one := &set[i]
		if one.network == 0 {
			fullest = one
			break
		}
		b.flow(one, at)
		if one.network == network {
			return one
		}
		if one.tokens-one.refused > fullest.tokens-fullest.refused {
			fullest = one
		}
	}
	*fullest = bucket{network: network, at: at, tokens: b.size}
	return fullest
}

// flow lets time pass. A clock that goes back stands still here.
func (b *buckets) flow(one *bucket, at int64) {
	if passed := at - one.at; passed > 0 {
		gain := float32(passed) * b.refill
		one.tokens = min(one.tokens+gain, b.size)
		one.refused = max(one.refused-gain, 0)
	}
	one.at = at
}
