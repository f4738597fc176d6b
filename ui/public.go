package ui

import (
	"slices"

	"footfall/aggregate"

	"github.com/valyala/fasthttp"
)

// A site whose figures are public has a dashboard of its own for strangers, as a
// secret link has: the same page, behind an Asker that withholds what too few
// visitors share.

// publicLeast is the fewest visitors that a public figure is about, whatever the
// site's floor.
const publicLeast = 3

// guarded is an Asker that shows no figure about fewer visitors than the floor.
// Rows with a name are left out; figures without one (totals, and those of a day
// or an hour) become nothing, so that a course does not claim there was nobody.
type guarded struct {
	Asker
	floor func() int
}

func (g guarded) Answer(q *aggregate.Query) (*aggregate.Report, error) {
	own := *q
	at := slices.Index(own.Metrics, aggregate.MetricVisitors)
	asked := at >= 0
	if !asked {
		at = len(own.Metrics)
		own.Metrics = append(slices.Clone(own.Metrics), aggregate.MetricVisitors)
	}
	full, err := g.Asker.Answer(&own)
	if err != nil || full == nil {
		return full, err
	}
	named := slices.ContainsFunc(own.Fields, func(f aggregate.Field) bool { return f.Time == aggregate.NoTime })
	report := *full
	report.Rows = nil
	for _, row := range full.Rows {
		few := at >= len(row.Values) || withheld(row.Values[at], float64(g.floor()))
		if few && named {
			continue
		}
		row.Values = slices.Clone(row.Values[:min(len(q.Metrics), len(row.Values))])
		for i := range row.Values {
			if few {
				row.Values[i] = aggregate.Value{Null: true}
			}
		}
		report.Rows = append(report.Rows, row)
	}
	if named {
		report.TotalRows -= len(full.Rows) - len(report.Rows)
	}
	return &report, nil
}

// withheld reports whether a number of visitors is too small to be shown: nobody
// is a figure about nobody.
func withheld(visitors aggregate.Value, floor float64) bool {
	return visitors.Null || visitors.Number > 0 && visitors.Number < floor
}

// publicPage is the dashboard of a site for strangers.
func (u *UI) publicPage(site aggregate.Site) *UI {
	u.shares.mu.Lock()
	defer u.shares.mu.Unlock()
	key := "public " + string(site) // no token has a space
	if s := u.shares.m[key]; s != nil {
		return s
	}
	floor := func() int {
		settings, _ := u.settings(site)
		return max(settings.Floor, publicLeast)
	}
	return u.guest(key, site, guarded{narrowed{u.ask, site, nil}, floor}, u.base)
}

// enterPublic answers whoever may not see a site as one of its team, where its
// figures are public. It reports whether it did.
func (u *UI) enterPublic(r *route, c *caller, name string) bool {
	if r.method != fasthttp.MethodGet || r.path != "/{site}" || u.access.shared != "" {
		return false
	}
	site, err := aggregate.ParseSite(name)
	settings, known := u.settings(site)
	if err != nil || !known || !settings.Public || c.who.may(site, r.action) {
		return false
	}
	u.publicPage(site).Serve(c.RequestCtx)
	allowFrames(c.RequestCtx, settings.EmbedHosts)
	return true
}
