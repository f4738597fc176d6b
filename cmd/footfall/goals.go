package main

import (
	"time"

	"footfall/aggregate"
	"footfall/storage"
)

// goalBook is the database as those use it who define goals and funnels. What is
// defined counts from the site's current day on.
type goalBook struct {
	db    *storage.DB
	clock func() time.Time
}

func (b *goalBook) today(site aggregate.Site) aggregate.Day {
	settings, _ := b.db.Settings(site)
	return aggregate.DayOf(b.clock(), settings.Location())
}

func (b *goalBook) Definitions(site aggregate.Site) aggregate.Definitions {
	return b.db.Definitions(site)
}

func (b *goalBook) AddGoal(site aggregate.Site, g aggregate.Goal) (aggregate.Goal, error) {
	if err := g.Clean(); err != nil {
		return g, err
	}
	g.Since = b.today(site)
	return b.db.AddGoal(site, g)
}

func (b *goalBook) ChangeGoal(site aggregate.Site, g aggregate.Goal) (aggregate.Goal, error) {
	if err := g.Clean(); err != nil {
		return g, err
	}
	g.Since = b.today(site)
	return b.db.ChangeGoal(site, g)
}

func (b *goalBook) RemoveGoal(site aggregate.Site, id aggregate.GoalID) error {
	return b.db.RemoveGoal(site, id)
}

func (b *goalBook) AddFunnel(site aggregate.Site, f aggregate.Funnel) (aggregate.Funnel, error) {
	if err := f.Clean(); err != nil {
		return f, err
	}
	f.Since = b.today(site)
	return b.db.AddFunnel(site, f)
}

func (b *goalBook) RemoveFunnel(site aggregate.Site, id aggregate.GoalID) error {
	return b.db.RemoveFunnel(site, id)
}
