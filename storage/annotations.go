package storage

import (
	"cmp"
	"fmt"
	"slices"

	"footfall/aggregate"
)

// AnnotationRecord is an annotation of a site. Its number is the annotation's id.
type AnnotationRecord struct {
	Site aggregate.Site `json:"site"`
	aggregate.Annotation
}

// OfSite implements Record.
func (r AnnotationRecord) OfSite() aggregate.Site { return r.Site }

// Annotations is the shelf of annotations.
var Annotations = NewShelf[AnnotationRecord]("annotations", "an annotation: its day and text", 300_000)

// Annotations are a site's about days from first to last, in the order of the days.
func (db *DB) Annotations(site aggregate.Site, first, last aggregate.Day) []aggregate.Annotation {
	var all []aggregate.Annotation
	for _, id := range Annotations.OfSite(db, site) {
		rec, _ := Annotations.Get(db, id)
		if rec.Day >= first && rec.Day <= last {
			rec.Annotation.ID = aggregate.AnnotationID(id)
			all = append(all, rec.Annotation)
		}
	}
	slices.SortStableFunc(all, func(a, b aggregate.Annotation) int { return cmp.Compare(a.Day, b.Day) })
	return all
}

// AddAnnotation adds an annotation, which is clean already, and returns it with
// its id. The error wraps aggregate.ErrAnnotation where there are too many.
func (db *DB) AddAnnotation(site aggregate.Site, a aggregate.Annotation) (aggregate.Annotation, error) {
	err := Annotations.Edit(db, "add annotation", func(d *Drawer[AnnotationRecord]) error {
		n := 0
		for _, rec := range d.All() {
			if rec.Site == site {
				n++
			}
		}
		if n >= aggregate.MaxAnnotations {
			return fmt.Errorf("%w: there may be %d", aggregate.ErrAnnotation, aggregate.MaxAnnotations)
		}
		a.ID = 0
		id, err := d.Add(AnnotationRecord{site, a})
		a.ID = aggregate.AnnotationID(id)
		return err
	})
	return a, err
}

// ChangeAnnotation replaces the annotation with a's id. The error wraps
// aggregate.ErrNoAnnotation.
func (db *DB) ChangeAnnotation(site aggregate.Site, a aggregate.Annotation) error {
	return Annotations.Edit(db, "change annotation", func(d *Drawer[AnnotationRecord]) error {
		id := uint32(a.ID)
		if err := annotationOf(d, site, id); err != nil {
			return err
		}
		a.ID = 0
		return d.Change(id, AnnotationRecord{site, a})
	})
}

// RemoveAnnotation ends an annotation. The error wraps aggregate.ErrNoAnnotation.
func (db *DB) RemoveAnnotation(site aggregate.Site, id aggregate.AnnotationID) error {
	return Annotations.Edit(db, "remove annotation", func(d *Drawer[AnnotationRecord]) error {
		if err := annotationOf(d, site, uint32(id)); err != nil {
			return err
		}
		return d.Remove(uint32(id))
	})
}

func annotationOf(d *Drawer[AnnotationRecord], site aggregate.Site, id uint32) error {
	if rec, ok := d.All()[id]; !ok || rec.Site != site {
		return fmt.Errorf("number %d: %w", id, aggregate.ErrNoAnnotation)
	}
	return nil
}
