package storage

import (
	"fmt"
	"slices"

	"footfall/aggregate"
)

// GoalRecord is a goal of a site. Its number is the goal's id.
type GoalRecord struct {
	Site aggregate.Site `json:"site"`
	aggregate.Goal
}

// OfSite implements Record.
func (r GoalRecord) OfSite() aggregate.Site { return r.Site }

// FunnelRecord is a funnel of a site. Its number is the funnel's id.
type FunnelRecord struct {
	Site aggregate.Site `json:"site"`
	aggregate.Funnel
}

// OfSite implements Record.
func (r FunnelRecord) OfSite() aggregate.Site { return r.Site }

// Goals and Funnels are the shelves of what owners have defined. A removed one's
// number never returns, so that its counters are never another's.
var (
	Goals   = NewShelf[GoalRecord]("goals", "a goal: its name, and the event or page that reaches it", 100_000)
	Funnels = NewShelf[FunnelRecord]("funnels", "a funnel: its name and its steps", 30_000)
)

// Definitions are a site's goals and funnels, each in the order in which they
// were made.
func (db *DB) Definitions(site aggregate.Site) aggregate.Definitions {
	var d aggregate.Definitions
	for _, id := range Goals.OfSite(db, site) {
		rec, _ := Goals.Get(db, id)
		rec.Goal.ID = aggregate.GoalID(id)
		d.Goals = append(d.Goals, rec.Goal)
	}
	for _, id := range Funnels.OfSite(db, site) {
		rec, _ := Funnels.Get(db, id)
		rec.Funnel.ID = aggregate.GoalID(id)
		d.Funnels = append(d.Funnels, rec.Funnel)
	}
	return d
}

// AddGoal adds a goal, which is clean already, and returns it with its id. The
// error wraps aggregate.ErrGoal where the name is taken or there are too many.
func (db *DB) AddGoal(site aggregate.Site, g aggregate.Goal) (aggregate.Goal, error) {
	err := Goals.Edit(db, "add goal", func(d *Drawer[GoalRecord]) error {
		if err := roomForGoal(d, site, 0, g.Name); err != nil {
			return err
		}
		g.ID = 0
		id, err := d.Add(GoalRecord{site, g})
		g.ID = aggregate.GoalID(id)
		return err
	})
	return g, err
}

// ChangeGoal replaces a goal. One that is reached by something else from now on
// gets a new id: what was counted for the old one stays what it is. The error
// wraps aggregate.ErrNoGoal or aggregate.ErrGoal.
func (db *DB) ChangeGoal(site aggregate.Site, g aggregate.Goal) (aggregate.Goal, error) {
	err := Goals.Edit(db, "change goal", func(d *Drawer[GoalRecord]) error {
		old, ok := d.All()[uint32(g.ID)]
		if !ok || old.Site != site {
			return fmt.Errorf("goal %d: %w", g.ID, aggregate.ErrNoGoal)
		}
		if err := roomForGoal(d, site, g.ID, g.Name); err != nil {
			return err
		}
		if old.Condition.Equal(&g.Condition) {
			g.Since = old.Since
			return d.Change(uint32(g.ID), GoalRecord{site, withoutID(g)})
		}
		if err := d.Remove(uint32(g.ID)); err != nil {
			return err
		}
		id, err := d.Add(GoalRecord{site, withoutID(g)})
		g.ID = aggregate.GoalID(id)
		return err
	})
	return g, err
}

func withoutID(g aggregate.Goal) aggregate.Goal {
	g.ID = 0
	return g
}

// roomForGoal refuses a name that another goal of the site has, and a goal too many.
func roomForGoal(d *Drawer[GoalRecord], site aggregate.Site, id aggregate.GoalID, name string) error {
	n := 0
	for other, rec := range d.All() {
		if rec.Site != site || aggregate.GoalID(other) == id {
			continue
		}
		if n++; rec.Name == name {
			return fmt.Errorf("%w: there is one named %q already", aggregate.ErrGoal, name)
		}
	}
	if n >= aggregate.MaxGoals {
		return fmt.Errorf("%w: a site may have %d", aggregate.ErrGoal, aggregate.MaxGoals)
	}
	return nil
}

// RemoveGoal ends a goal. What was counted for it is asked for by nobody any more,
// and goes with its months. The error wraps aggregate.ErrNoGoal.
func (db *DB) RemoveGoal(site aggregate.Site, id aggregate.GoalID) error {
	return removeDefinition(db, Goals, site, id)
}

func removeDefinition[T Record](db *DB, shelf Shelf[T], site aggregate.Site, id aggregate.GoalID) error {
	return shelf.Edit(db, "remove from "+shelf.name, func(d *Drawer[T]) error {
		if rec, ok := d.All()[uint32(id)]; !ok || rec.OfSite() != site {
			return fmt.Errorf("number %d: %w", id, aggregate.ErrNoGoal)
		}
		return d.Remove(uint32(id))
	})
}

// AddFunnel adds a funnel, which is clean already, and returns it with its id. The
// error wraps aggregate.ErrGoal where the name is taken or there are too many.
func (db *DB) AddFunnel(site aggregate.Site, f aggregate.Funnel) (aggregate.Funnel, error) {
	err := Funnels.Edit(db, "add funnel", func(d *Drawer[FunnelRecord]) error {
		var names []string
		for _, rec := range d.All() {
			if rec.Site == site {
				names = append(names, rec.Name)
			}
		}
		if slices.Contains(names, f.Name) {
			return fmt.Errorf("%w: there is a funnel named %q already", aggregate.ErrGoal, f.Name)
		}
		if len(names) >= aggregate.MaxFunnels {
			return fmt.Errorf("%w: a site may have %d funnels", aggregate.ErrGoal, aggregate.MaxFunnels)
		}
		f.ID = 0
		id, err := d.Add(FunnelRecord{site, f})
		f.ID = aggregate.GoalID(id)
		return err
	})
	return f, err
}

// RemoveFunnel ends a funnel. The error wraps aggregate.ErrNoGoal.
func (db *DB) RemoveFunnel(site aggregate.Site, id aggregate.GoalID) error {
	return removeDefinition(db, Funnels, site, id)
}
