package main

import (
	"errors"
	"fmt"
	"strings"

	"footfall/aggregate"
	"footfall/aggregate/archive"
	"footfall/aggregate/live"
	"footfall/ingest/importer"
)

// openArchive prepares for our own export. What it holds of several imports, and of
// what was counted live, stays apart: each becomes an import here.
func (j *importJob) openArchive() error {
	sink := &archiveSink{job: j, imports: map[aggregate.ImportID]*archivedImport{}}
	j.reader = importer.NewArchive(&j.site.Settings, j.control.clock(), sink)
	j.finish = func() error {
		var all []error
		for _, i := range sink.imports {
			all = append(all, i.write())
			j.days = append(j.days, i.sink.Days()...)
		}
		return errors.Join(all...)
	}
	return nil
}

// archiveSink takes the blocks of our own export.
type archiveSink struct {
	job     *importJob
	head    *archive.Head
	imports map[aggregate.ImportID]*archivedImport
	goals   map[string]string // stored values of goals there and here
	funnels map[string]string
}

// archivedImport is what comes of one import of the export.
type archivedImport struct {
	sink *live.Import
	id   aggregate.ImportID
	days []aggregate.Day
	puts []aggregate.Put
}

func (i *archivedImport) write() error {
	err := i.sink.Put(i.days, i.puts)
	i.days, i.puts = nil, nil
	return err
}

func (s *archiveSink) Begin(h *archive.Head) error {
	s.head = h
	settings := &s.job.site.Settings
	if h.Settings.Timezone != settings.Timezone {
		s.job.notes = append(s.job.notes, fmt.Sprintf("the days of the export are those of %s, the site's are those of %s", h.Settings.Timezone, settings.Timezone))
	}
	return s.define(h)
}

// define finds the goals and funnels of the export here, or adds them, so that
// their counters belong to something. A dry run adds none.
func (s *archiveSink) define(h *archive.Head) error {
	db, site := s.job.control.db, s.job.site.Site
	known := db.Definitions(site)
	s.goals, s.funnels = map[string]string{}, map[string]string{}
	for _, g := range h.Goals {
		there := g.ID
		if here, ok := sameGoal(known.Goals, &g); ok {
			s.goals[there.String()] = here.ID.String()
		} else if !s.job.question.DryRun {
			if err := g.Clean(); err != nil {
				return fmt.Errorf("goal %q: %w", g.Name, err)
			}
			here, err := db.AddGoal(site, g)
			if err != nil {
				return fmt.Errorf("goal %q: %w", g.Name, err)
			}
			s.goals[there.String()] = here.ID.String()
			s.job.notes = append(s.job.notes, fmt.Sprintf("the goal %q was added", g.Name))
		}
	}
	for _, f := range h.Funnels {
		there := f.ID
		if here, ok := sameFunnel(known.Funnels, &f); ok {
			s.funnels[there.String()] = here.ID.String()
		} else if !s.job.question.DryRun {
			if err := f.Clean(); err != nil {
				return fmt.Errorf("funnel %q: %w", f.Name, err)
			}
			here, err := db.AddFunnel(site, f)
			if err != nil {
				return fmt.Errorf("funnel %q: %w", f.Name, err)
			}
			s.funnels[there.String()] = here.ID.String()
			s.job.notes = append(s.job.notes, fmt.Sprintf("the funnel %q was added", f.Name))
		}
	}
	return nil
}

func sameGoal(all []aggregate.Goal, g *aggregate.Goal) (aggregate.Goal, bool) {
	for _, k := range all {
		if k.Name == g.Name && k.Condition.Equal(&g.Condition) {
			return k, true
		}
	}
	return aggregate.Goal{}, false
}

func sameFunnel(all []aggregate.Funnel, f *aggregate.Funnel) (aggregate.Funnel, bool) {
	for _, k := range all {
		same := k.Name == f.Name && k.Strict == f.Strict && len(k.Steps) == len(f.Steps)
		for i := 0; same && i < len(k.Steps); i++ {
			same = k.Steps[i].Condition.Equal(&f.Steps[i].Condition)
		}
		if same {
			return k, true
		}
	}
	return aggregate.Funnel{}, false
}

// of is the import that an import of the export becomes.
func (s *archiveSink) of(id aggregate.ImportID) (*archivedImport, error) {
	if i := s.imports[id]; i != nil {
		return i, nil
	}
	note := fmt.Sprintf("import %d of %s", id, s.head.Site)
	if id == aggregate.Live {
		note = fmt.Sprintf("counted live for %s", s.head.Site)
	}
	sink, err := s.job.begin(note + ", from " + s.job.question.Note)
	if err != nil {
		return nil, err
	}
	i := &archivedImport{sink: sink}
	if len(s.job.ids) > 0 {
		i.id = s.job.ids[len(s.job.ids)-1]
	}
	s.imports[id] = i
	return i, nil
}

// Put takes one block under the names, the import and the floor that hold here.
func (s *archiveSink) Put(k aggregate.Key, b *aggregate.Block) error {
	i, err := s.of(k.Import)
	if err != nil {
		return err
	}
	k.Site, k.Import = s.job.site.Site, i.id
	for side, d := range []aggregate.Dimension{k.A, k.B} {
		if names := s.renamed(d); names != nil {
			b = archive.Rename(b, side == 1, names)
		}
	}
	if k.A == aggregate.None {
		i.days = append(i.days, k.Day)
	}
	dated, undated := archive.Raise(k, b, s.job.site.Settings.Floor)
	links := k.B != aggregate.None
	if dated != nil && (len(dated.Rows) > 0 || k.A == aggregate.None) {
		i.puts = append(i.puts, aggregate.Put{Key: k, Block: dated, Add: links})
	}
	if undated != nil {
		k.Span, k.Day = aggregate.OneMonth, k.Day.Month()
		i.puts = append(i.puts, aggregate.Put{Key: k, Block: undated, Add: true})
	}
	if len(i.puts) < batch {
		return nil
	}
	return i.write()
}

// renamed is how the values of a dimension are called here, nil where they keep
// their names.
func (s *archiveSink) renamed(d aggregate.Dimension) func(string) (string, bool) {
	names := map[aggregate.Dimension]map[string]string{aggregate.Conversion: s.goals, aggregate.Reached: s.funnels}[d]
	if names == nil {
		return nil
	}
	return func(value string) (string, bool) {
		id, rest, _ := strings.Cut(value, aggregate.Separator)
		here, ok := names[id]
		if value == aggregate.Blank || value == aggregate.Other {
			return value, true
		}
		return aggregate.Join(here, rest), ok
	}
}
