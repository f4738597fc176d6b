package ui

import (
	"math"
	"regexp"
	"strconv"
	"sync"

	"footfall/aggregate"
	"footfall/ui/view"
)

//go:generate go run ./build

// worldFile has a shape for each country but the smallest, with its code as id.
const worldFile = "world.svg"

// worldMap is the map of a report by country. The shapes come from a file of their
// own, which browsers keep.
type worldMap struct {
	File, Box string
	Shapes    []shape
	Summary   string
}

// shape is a country on the map.
type shape struct {
	ID, URL, Text string
	Level         int // 0 = no visitor, to mostLevel
}

// mostLevel is the darkest shade; each stands for about four times the visitors of
// the one before.
const mostLevel = 5

// world are the codes that have a shape, and the drawing's box.
var world = sync.OnceValues(func() (ids []string, box string) {
	body, err := assetFiles.ReadFile("assets/" + worldFile)
	if err != nil {
		panic(err) // embedded: cannot fail
	}
	for _, m := range regexp.MustCompile(`<path id="([A-Z]{2})"`).FindAllSubmatch(body, -1) {
		ids = append(ids, string(m[1]))
	}
	return ids, string(regexp.MustCompile(`viewBox="([^"]+)"`).FindSubmatch(body)[1])
})

// worldMap shades the countries of a report by their visitors.
func (s *scene) worldMap(r *view.Report, answered *aggregate.Report) *worldMap {
	ids, box := world()
	m := &worldMap{File: s.u.assetURL(worldFile), Box: box, Summary: s.l.Say("map.summary")}
	visitors, most := map[string]aggregate.Value{}, 0.0
	for _, row := range answered.Rows {
		if len(row.Labels) == 1 && len(row.Values) > 0 {
			visitors[row.Labels[0]] = row.Values[0]
			if countryCode(row.Labels[0]) != "" {
				most = math.Max(most, row.Values[0].Number)
			}
		}
	}
	link := s.rowLinks(r)
	for _, id := range ids {
		one := shape{ID: id}
		if v, ok := visitors[id]; ok && v.Number > 0 {
			one.Level = level(v.Number, most)
			one.URL, _ = link(id)
			one.Text = s.countryName(id) + ": " + s.figureText(aggregate.MetricVisitors, v)
		}
		m.Shapes = append(m.Shapes, one)
	}
	return m
}

// level is the shade of a part of most.
func level(n, most float64) int {
	return max(1, mostLevel-int(math.Log(most/n)/math.Log(4)))
}

// Class is the shape's style.
func (s *shape) Class() string {
	if s.Level == 0 {
		return "land"
	}
	return "land level" + strconv.Itoa(s.Level)
}
