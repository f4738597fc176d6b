package main

import (
	"errors"
	"fmt"
	"slices"
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
	if there := h.Settings.Currency; h.Settings.Earns() {
		if settings.Currency == "" {
			settings.Currency = s.job.settleCurrency(s.job.site.Site, there)
		}
		if settings.Currency != there {
			s.job.notes = append(s.job.notes, fmt.Sprintf("the amounts of the export are in %s, the site's currency is %s", there, settings.CurrencyText()))
		}
	}
	return s.define(h)
}

// define finds what the team has defined for the site of the export here, or adds
// it, so that counters of goals and funnels belong to something. A dry run adds
// nothing.
func (s *archiveSink) define(h *archive.Head) error {
	db, site := s.job.control.db, s.job.site.Site
	known := db.Definitions(site)
	s.goals, s.funnels = map[string]string{}, map[string]string{}
	err := adopt(s, "goal", h.Goals, known.Goals, sameGoal, (*aggregate.Goal).Clean, db.AddGoal,
		func(there, here *aggregate.Goal) { s.goals[there.ID.String()] = here.ID.String() })
	return errors.Join(err,
		adopt(s, "funnel", h.Funnels, known.Funnels, sameFunnel, (*aggregate.Funnel).Clean, db.AddFunnel,
			func(there, here *aggregate.Funnel) { s.funnels[there.ID.String()] = here.ID.String() }),
		adopt(s, "annotation", h.Annotations, db.Annotations(site, -maxDay, maxDay), sameAnnotation, (*aggregate.Annotation).Clean, db.AddAnnotation, nil),
		adopt(s, "saved filter", h.Segments, db.Segments(site), sameSegment, (*aggregate.Segment).Clean, db.AddSegment, nil))
}

// adopt finds what is defined there among what is defined here, or adds it. pair is
// told of both.
func adopt[T any](s *archiveSink, what string, there, here []T, same func(a, b *T) bool, clean func(*T) error,
	add func(aggregate.Site, T) (T, error), pair func(there, here *T)) error {
	added := 0
	for i := range there {
		found := slices.IndexFunc(here, func(h T) bool { return same(&h, &there[i]) })
		if found < 0 && s.job.question.DryRun {
			continue
		}
		var one T
		if found >= 0 {
			one = here[found]
		} else {
			fresh := there[i]
			if err := clean(&fresh); err != nil {
				return fmt.Errorf("%s %d: %w", what, i+1, err)
			}
			var err error
			if one, err = add(s.job.site.Site, fresh); err != nil {
				return fmt.Errorf("%s %d: %w", what, i+1, err)
			}
			added++
		}
		if pair != nil {
			pair(&there[i], &one)
		}
	}
	if added > 0 {
		s.job.notes = append(s.job.notes, fmt.Sprintf("added, and staying when the import is taken back: %d of the kind %s", added, what))
	}
	return nil
}

func sameGoal(a, b *aggregate.Goal) bool {
	return a.Name == b.Name && a.Condition.Equal(&b.Condition)
}

func sameFunnel(a, b *aggregate.Funnel) bool {
	return a.Name == b.Name && a.Strict == b.Strict && slices.EqualFunc(a.Steps, b.Steps,
		func(x, y aggregate.Step) bool { return x.Condition.Equal(&y.Condition) })
}

func sameAnnotation(a, b *aggregate.Annotation) bool { return a.Day == b.Day && a.Text == b.Text }

func sameSegment(a, b *aggregate.Segment) bool { return a.Name == b.Name && a.Account == b.Account }

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
