package main

import (
	"time"

	"footfall/aggregate"
	"footfall/aggregate/live"
	"footfall/storage"
)

// goalBook is the database as those use it who define goals and funnels. What is
// defined counts from the site's current day on.
type goalBook struct {
	db    *storage.DB
	clock func() time.Time
	// engine learns of every change; nil: no server runs, and the next one will.
	engine *live.Engine
}

// changed tells the engine of a change.
func (b *goalBook) changed(site aggregate.Site, err error) error {
	if err == nil && b.engine != nil {
		b.engine.Redefine(site)
	}
	return err
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
	g, err := b.db.AddGoal(site, g)
	return g, b.changed(site, err)
}

func (b *goalBook) ChangeGoal(site aggregate.Site, g aggregate.Goal) (aggregate.Goal, error) {
	if err := g.Clean(); err != nil {
		return g, err
	}
	g.Since = b.today(site)
	g, err := b.db.ChangeGoal(site, g)
	return g, b.changed(site, err)
}

func (b *goalBook) RemoveGoal(site aggregate.Site, id aggregate.GoalID) error {
	return b.changed(site, b.db.RemoveGoal(site, id))
}

func (b *goalBook) AddFunnel(site aggregate.Site, f aggregate.Funnel) (aggregate.Funnel, error) {
	if err := f.Clean(); err != nil {
		return f, err
	}
	f.Since = b.today(site)
	f, err := b.db.AddFunnel(site, f)
	return f, b.changed(site, err)
}

func (b *goalBook) RemoveFunnel(site aggregate.Site, id aggregate.GoalID) error {
	return b.changed(site, b.db.RemoveFunnel(site, id))
}
