package main

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"
)

// demoCrowd are the people who visit the demo while it runs: a new one every
// second or two, each clicking on at their own pace.
type demoCrowd struct {
	world   *demoWorld
	ways    []demoOrigin
	random  *rand.Rand
	next    time.Time // when the next one comes
	opening int       // how many come quickly, so that there is something to see
	waiting []demoStep
	before  []*demoPerson
}

func newDemoCrowd(h *demoHistory, seed uint64, now time.Time) *demoCrowd {
	return &demoCrowd{world: h.world, ways: h.ways(h.today), random: rand.New(rand.NewPCG(demoSeed, seed)), next: now, opening: 12}
}

// due returns what happens up to a moment, in order, and when to ask again.
func (c *demoCrowd) due(now time.Time) (steps []demoStep, next time.Time) {
	for !c.next.After(now) {
		c.enter(c.next)
		pause := time.Second + time.Duration(c.random.Int64N(int64(time.Second)))
		if c.opening > 0 {
			c.opening--
			pause /= 8
		}
		c.next = c.next.Add(pause)
	}
	slices.SortStableFunc(c.waiting, func(a, b demoStep) int { return a.at.Compare(b.at) })
	n, _ := slices.BinarySearchFunc(c.waiting, now, func(s demoStep, t time.Time) int { return cmp.Or(s.at.Compare(t), -1) })
	steps = slices.Clone(c.waiting[:n])
	c.waiting = slices.Delete(c.waiting, 0, n)
	next = c.next
	if len(c.waiting) > 0 && c.waiting[0].at.Before(next) {
		next = c.waiting[0].at
	}
	return steps, next
}

// enter lets somebody in; now and then it is somebody who was there before.
func (c *demoCrowd) enter(at time.Time) {
	from := pickOf(c.random, c.ways, func(o *demoOrigin) int { return o.weight })
	who := c.world.person(c.random, from, at)
	if len(c.before) > 20 && c.random.IntN(10) == 0 {
		who = c.before[c.random.IntN(len(c.before))]
	}
	if c.before = append(c.before, who); len(c.before) > 200 {
		c.before = slices.Delete(c.before, 0, 100)
	}
	c.waiting = append(c.waiting, c.world.visit(c.random, who, from, at)...)
}
