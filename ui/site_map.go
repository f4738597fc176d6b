package ui

import (
	"footfall/aggregate"
	"footfall/ui/view"
)

type worldMap struct{}

func (s *scene) worldMap(r *view.Report, report *aggregate.Report) *worldMap { return nil }
