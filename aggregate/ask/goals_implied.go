package ask

import (
	"slices"
	"strings"

	"footfall/aggregate"
)

// visitGoal begins the name of a goal that is one page, where no owner has named it.
const visitGoal = "Visit "

// impliedGoals are the goals of a site whose owner has defined none: its own events,
// each under its name, and pages as "Visit /path". Those that the conditions name are
// there whether they happened or not; otherwise they are the events of the range.
func (a *Asker) impliedGoals(q *aggregate.Query, conditions []aggregate.Filter, settings aggregate.Settings, open []aggregate.Day) (goals []aggregate.Goal, err error) {
	for _, f := range conditions {
		if f.Op == aggregate.FilterIs {
			for _, name := range f.Values {
				goals = append(goals, impliedGoal(name))
			}
			return goals, nil
		}
	}
	names := &aggregate.Query{Site: q.Site, Range: q.Range, NoImports: q.NoImports, Metrics: []aggregate.Metric{aggregate.MetricEvents},
		Fields: []aggregate.Field{{Name: "event:name", Dimension: aggregate.EventName}}}
	report, err := a.answer(names, settings, open)
	if err != nil {
		return nil, err
	}
	for _, row := range report.Rows {
		if name := row.Labels[0]; !slices.Contains([]string{aggregate.PageviewName, labelOther, labelHidden}, name) {
			goals = append(goals, impliedGoal(name))
		}
	}
	return goals, nil
}

func impliedGoal(name string) aggregate.Goal {
	if page, ok := strings.CutPrefix(name, visitGoal); ok && strings.HasPrefix(page, "/") && !strings.Contains(page, "*") {
		return aggregate.Goal{Name: name, Condition: aggregate.Condition{Page: page}}
	}
	return aggregate.Goal{Name: name, Condition: aggregate.Condition{Event: name}}
}
