// Command build makes ui/assets/world.svg, the shapes of the world's countries: from
// the npm packages world-atlas (ISC; its data is Natural Earth's, in the public
// domain) and i18n-iso-countries (MIT; the codes). It needs npm and the network;
// `go generate ./ui` runs it. package-lock.json pins versions and digests.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"footfall/ui/build/pinned"
)

const target = "assets/world.svg"

// width is that of the whole globe, in the units of the drawing. Coordinates are
// whole: half a pixel where the map is widest.
const width = 1800

const antarctica = "010"

func main() {
	log.SetFlags(0)
	if err := build(); err != nil {
		log.Fatal(err)
	}
}

func build() error {
	dir, err := os.MkdirTemp("", "world-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := pinned.Fetch(dir); err != nil {
		return err
	}
	var codes [][3]any
	if err := read(filepath.Join(dir, "node_modules/i18n-iso-countries/codes.json"), &codes); err != nil {
		return err
	}
	alpha2 := map[string]string{}
	for _, c := range codes {
		alpha2[fmt.Sprint(c[2])] = fmt.Sprint(c[0])
	}
	var world topology
	if err := read(filepath.Join(dir, "node_modules/world-atlas/countries-110m.json"), &world); err != nil {
		return err
	}
	return os.WriteFile(target, world.draw(alpha2), 0o644)
}

func read(file string, into any) error {
	body, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return json.Unmarshal(body, into)
}

// topology is a file of TopoJSON: shapes are lists of arcs that neighbours share
// (https://github.com/topojson/topojson-specification).
type topology struct {
	Transform struct{ Scale, Translate [2]float64 }
	Arcs      [][][2]float64
	Objects   struct {
		Countries struct {
			Geometries []struct {
				ID   string
				Type string
				Arcs json.RawMessage
			}
		}
	}
}

// draw prints a path for each country that has a code.
func (t *topology) draw(alpha2 map[string]string) []byte {
	paths := map[string]string{}
	f := frame{left: width, top: width}
	for _, g := range t.Objects.Countries.Geometries {
		id := alpha2[g.ID]
		if id == "" || g.ID == antarctica {
			continue
		}
		var polygons [][][]int
		if g.Type == "Polygon" {
			polygons = make([][][]int, 1)
			must(json.Unmarshal(g.Arcs, &polygons[0]))
		} else {
			must(json.Unmarshal(g.Arcs, &polygons))
		}
		var d strings.Builder
		for _, rings := range polygons {
			for _, ring := range rings {
				d.WriteString(path(t.ring(ring), &f))
			}
		}
		paths[id] = d.String()
	}
	ids := make([]string, 0, len(paths))
	for id := range paths {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	var out bytes.Buffer
	fmt.Fprintf(&out, "<!-- Made by `go generate ./ui` from Natural Earth's countries (public domain) by way of world-atlas 2.0.2 (ISC, Michael Bostock); do not edit. -->\n")
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="%d %d %d %d">`+"\n", f.left, f.top, f.right-f.left, f.bottom-f.top)
	for _, id := range ids {
		fmt.Fprintf(&out, `<path id="%s" d="%s"/>`+"\n", id, paths[id])
	}
	out.WriteString("</svg>\n")
	return out.Bytes()
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// ring joins arcs; a negative number stands for its complement, backwards.
func (t *topology) ring(arcs []int) (points [][2]float64) {
	for _, i := range arcs {
		arc := t.Arcs[max(i, ^i)]
		line := make([][2]float64, len(arc))
		x, y := 0.0, 0.0
		for j, step := range arc {
			x, y = x+step[0], y+step[1]
			line[j] = [2]float64{x*t.Transform.Scale[0] + t.Transform.Translate[0], y*t.Transform.Scale[1] + t.Transform.Translate[1]}
		}
		if i < 0 {
			slices.Reverse(line)
		}
		if len(points) > 0 {
			line = line[1:]
		}
		points = append(points, line...)
	}
	return points
}

// path prints a ring in relative steps, without those that lead nowhere. One that
// crosses the 180th meridian is drawn on beyond it.
func path(ring [][2]float64, frame *frame) string {
	var d strings.Builder
	var last [2]int
	n := 0
	for i, p := range ring[:len(ring)-1] {
		if i > 0 {
			for p[0]-ring[i-1][0] > 180 {
				p[0] -= 360
			}
			for p[0]-ring[i-1][0] < -180 {
				p[0] += 360
			}
			ring[i] = p
		}
		x, y := equalEarth(p[0], p[1])
		at := [2]int{int(math.Round(x)), int(math.Round(y))}
		step := [2]int{at[0] - last[0], at[1] - last[1]}
		if n > 0 && step == [2]int{} {
			continue
		}
		frame.hold(at)
		separator := ""
		switch {
		case n == 0:
			separator = "M"
		case n == 1:
			separator = "l"
		case step[0] >= 0:
			separator = " "
		}
		n++
		d.WriteString(separator + fmt.Sprint(step[0]))
		if step[1] >= 0 {
			d.WriteString(" ")
		}
		d.WriteString(fmt.Sprint(step[1]))
		last = at
	}
	return d.String() + "z"
}

// frame is the part of the plane that is drawn on.
type frame struct{ left, top, right, bottom int }

func (f *frame) hold(at [2]int) {
	f.left, f.right = min(f.left, at[0]), max(f.right, at[0])
	f.top, f.bottom = min(f.top, at[1]), max(f.bottom, at[1])
}

// equalEarth projects a place so that areas keep their proportions (B. Šavrič,
// T. Patterson, B. Jenny, "The Equal Earth map projection", 2018).
func equalEarth(lon, lat float64) (x, y float64) {
	const a1, a2, a3, a4 = 1.340264, -0.081106, 0.000893, 0.003796
	theta := math.Asin(math.Sqrt(3) / 2 * math.Sin(lat*math.Pi/180))
	square := theta * theta
	sixth := square * square * square
	x = lon * math.Pi / 180 * math.Cos(theta) / (math.Sqrt(3) / 2 * (a1 + 3*a2*square + sixth*(7*a3+9*a4*square)))
	y = theta * (a1 + a2*square + sixth*(a3+a4*square))
	half := math.Pi / (math.Sqrt(3) / 2 * a1) // x at 180° on the equator
	return width / 2 * (1 + x/half), width / 2 / half * (1.3173627591574 - y)
}
