package ask

import "footfall/aggregate"

func (a *Asker) answer(q *aggregate.Query, settings aggregate.Settings, open []aggregate.Day) (*aggregate.Report, error) {
	return &aggregate.Report{}, nil
}
