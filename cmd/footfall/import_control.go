package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"footfall/aggregate"
	"footfall/aggregate/live"
	"footfall/aggregate/tables"
	"footfall/ingest"
	"footfall/ingest/agent"
	"footfall/ingest/importer"
	"footfall/ingest/visitor"
	"footfall/storage"
)

// importQuestion goes before the files.
type importQuestion struct {
	Site, Format, Note string
	Sums               []string // of the files, see storage.Import
	Yes                bool     // add to days that have counters
	Again              bool     // import files that were imported before
	DryRun             bool     // say what would become of each line, and write nothing
}

// importReply is the account of an import. Overlap are days that have counters
// already: the import then waits for /import/finish.
type importReply struct {
	IDs      []aggregate.ImportID
	Account  importer.Result
	FirstBad []string
	Notes    []string // what else is to be said of it
	Seen     []string // which of its files were imported before
	Overlap  []string
}

type importIDs struct{ IDs []aggregate.ImportID }

// readImport reads the question and the files from one stream (see fileStream).
func (c *control) readImport(w http.ResponseWriter, r *http.Request) {
	reply, err := c.importFiles(r.Context(), bufio.NewReaderSize(r.Body, 1<<16))
	if err != nil {
		refuse(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	printJSON(w, reply)
}

func (c *control) importFiles(ctx context.Context, r *bufio.Reader) (reply importReply, err error) {
	var q importQuestion
	if err := readFrameJSON(r, &q); err != nil {
		return reply, err
	}
	record, err := c.known(q.Site)
	if err != nil {
		return reply, err
	}
	if !q.Again {
		reply.Seen = c.seenBefore(record.Site, q.Sums)
	}
	job := &importJob{control: c, site: record, question: &q}
	defer job.close()
	defer func() {
		if err != nil {
			err = errors.Join(err, c.dropImports(job.ids))
		}
	}()
	if err := job.open(); err != nil {
		return reply, err
	}
	if err := job.readFiles(ctx, r); err != nil {
		return reply, err
	}
	if err := errors.Join(job.reader.Finish(), job.finish()); err != nil {
		return reply, err
	}
	reply.IDs, reply.Account = job.ids, job.reader.Result()
	for _, b := range reply.Account.FirstBad {
		reply.FirstBad = append(reply.FirstBad, b.String())
	}
	reply.Notes = job.notes
	if reply.Overlap, err = c.overlap(record.Site, job.days); err != nil || q.DryRun || len(reply.Overlap) > 0 && !q.Yes && !q.Again {
		return reply, err
	}
	reply.Overlap = nil
	_, err = c.finishImport(importIDs{reply.IDs})
	return reply, err
}

// seenBefore says which of the files were imported before. Their days have counters
// already: they are not added to unless the question says so.
func (c *control) seenBefore(site aggregate.Site, sums []string) (seen []string) {
	for _, i := range c.db.Imports(site) {
		if i.Finished && slices.ContainsFunc(i.Sums, func(sum string) bool { return slices.Contains(sums, sum) }) {
			seen = append(seen, fmt.Sprintf("a file of import %d (%s) is among these, byte for byte", i.ID, i.Note))
		}
	}
	return seen
}

// fileReader reads the files of one import: importer.Importer and its like.
type fileReader interface {
	Read(ctx context.Context, name string, r io.Reader) error
	Finish() error
	Result() importer.Result
}

// importJob is an import while it is read.
type importJob struct {
	control  *control
	site     storage.SiteRecord
	question *importQuestion

	reader fileReader
	flush  func() error         // writes what came so far; nil: nothing is held
	finish func() error         // after the reader's
	ids    []aggregate.ImportID // begun so far
	days   []aggregate.Day      // known after finish
	notes  []string
	closes []func()
}

func (j *importJob) close() {
	for _, f := range j.closes {
		f()
	}
}

// begin opens an import to write blocks to. A dry run writes to nobody.
func (j *importJob) begin(note string) (*live.Import, error) {
	if j.question.DryRun {
		return live.NewImport(live.NewCommitter(&nowhere{}), j.site.Site, 0, j.site.Settings), nil
	}
	id, err := j.control.db.BeginImport(j.site.Site, j.question.Format, note, j.question.Sums...)
	if err != nil {
		return nil, err
	}
	j.ids = append(j.ids, id)
	m := live.NewImport(j.control.committer(), j.site.Site, id, j.site.Settings)
	m.Use(j.control.db.Definitions(j.site.Site))
	return m, nil
}

// nowhere are blocks that are not kept.
type nowhere struct{ last uint64 }

func (n *nowhere) Commit(c aggregate.Commit) error { n.last = c.Number; return nil }
func (n *nowhere) LastCommit() uint64              { return n.last }
func (n *nowhere) Block(aggregate.Key) (*aggregate.Block, bool, error) {
	return nil, false, nil
}

// open finds the reader of the format.
func (j *importJob) open() error {
	format := importer.Format(j.question.Format)
	switch {
	case format == importer.Footfall:
		return j.openArchive()
	case slices.Contains(importer.ReportFormats(), format), format == importer.GoatStats:
		return j.openReports(format)
	case slices.Contains(importer.Formats(), format):
		return j.openLines(format)
	}
	return hint(fmt.Errorf("%q: %w", format, importer.ErrFormat), "there are %s", importFormats())
}

// openLines prepares for lines that tell of single hits.
func (j *importJob) openLines(format importer.Format) error {
	c := j.control
	salts := visitor.NewSalts(visitor.Options{Location: func(aggregate.Site) *time.Location { return j.site.Settings.Location() }})
	j.closes = append(j.closes, func() { salts.Close() })
	clerk := ingest.NewClerk(salts, agent.NewParser(0), c.places)
	if c.spam != nil {
		clerk.UseSpamList(c.spam)
	}
	clerk.UseCurrencies(j.settleCurrency)
	sink, err := j.begin(j.question.Note)
	if err != nil {
		return err
	}
	j.finish = func() error {
		err := sink.Finish()
		j.days = sink.Days()
		return err
	}
	j.reader, err = importer.New(importer.Options{Format: format, Site: j.site.Site, Settings: j.site.Settings,
		Clerk: clerk, Expire: salts.Expire, Sink: sink, Now: c.clock()})
	return err
}

// settleCurrency gives the site the currency of the first amount; a dry run only
// reckons with it.
func (j *importJob) settleCurrency(site aggregate.Site, code string) string {
	if j.question.DryRun {
		return code
	}
	return currencies{j.control.db, j.control.log}.settle(site, code)
}

// batch is how many blocks of reports are written at once.
const batch = 2000

// openReports prepares for tables in which visits are added up already.
func (j *importJob) openReports(format importer.Format) error {
	sink, err := j.begin(j.question.Note)
	if err != nil {
		return err
	}
	settings := &j.site.Settings
	f := &tables.Fold{Site: j.site.Site, Floor: settings.Floor, Cap: settings.ValuesPerDay}
	if len(j.ids) > 0 {
		f.ID = j.ids[0]
	}
	j.flush = func() error { return writeTables(f, sink) }
	j.finish = func() error {
		err := j.flush()
		j.days, j.notes = sink.Days(), append(j.notes, f.Notes()...)
		return err
	}
	o := importer.ReportsOptions{Format: format, Site: j.site.Site, Settings: *settings, Sink: f, Now: j.control.clock()}
	if format == importer.GoatStats {
		j.reader = importer.NewGoatCounts(o)
		return nil
	}
	j.reader, err = importer.NewReports(o)
	return err
}

// readFiles reads all files of the stream.
func (j *importJob) readFiles(ctx context.Context, r *bufio.Reader) error {
	return eachFile(r, func(name string, body io.Reader) error {
		if name == windowEnd && j.flush != nil {
			return j.flush()
		}
		file, err := importer.Open(body)
		if err != nil {
			return err
		}
		return errors.Join(j.reader.Read(ctx, name, file), file.Close())
	})
}

// writeTables writes the blocks that the rows so far make.
func writeTables(f *tables.Fold, sink *live.Import) error {
	var puts []aggregate.Put
	var days []aggregate.Day
	write := func() error {
		err := sink.Put(days, puts)
		days, puts = nil, nil
		return err
	}
	err := f.Blocks(func(d aggregate.Day, more []aggregate.Put) error {
		days, puts = append(days, d), append(puts, more...)
		if len(puts) < batch {
			return nil
		}
		return write()
	})
	return errors.Join(err, write())
}

// eachFile calls read for each file of the stream.
func eachFile(r *bufio.Reader, read func(name string, body io.Reader) error) error {
	for {
		name, err := readFrame(r)
		if err != nil {
			return err
		}
		if len(name) == 0 {
			return nil
		}
		body := &framed{r: r}
		err = read(string(name), body)
		if err == nil {
			_, err = io.Copy(io.Discard, body)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
}

// overlap are the days that have counters already.
func (c *control) overlap(site aggregate.Site, days []aggregate.Day) (both []string, err error) {
	if len(days) == 0 {
		return nil, nil
	}
	taken := map[aggregate.Day]bool{}
	if c.engine != nil {
		for _, d := range c.engine.OpenDays(site) {
			taken[d] = true
		}
	}
	q := storage.BlockRange{Site: site, AllImports: true, Span: aggregate.OneDay, First: slices.Min(days), Last: slices.Max(days)}
	err = c.db.Range(q, func(k aggregate.Key, _ *aggregate.Block) error {
		taken[k.Day] = true
		return nil
	})
	for _, d := range days {
		if taken[d] {
			both = append(both, d.String())
		}
	}
	slices.Sort(both)
	return slices.Compact(both), err
}

// finishImport makes imports count.
func (c *control) finishImport(q importIDs) (struct{}, error) {
	for _, id := range q.IDs {
		if err := c.db.FinishImport(id); err != nil {
			return struct{}{}, err
		}
	}
	made := c.importsOf(q.IDs)
	for _, i := range made {
		if c.asker != nil {
			c.asker.InvalidateSite(i.Site)
		}
	}
	return struct{}{}, c.noteImports("import.add", made)
}

func (c *control) importsOf(ids []aggregate.ImportID) []storage.Import {
	return slices.DeleteFunc(c.db.Imports(""), func(i storage.Import) bool { return !slices.Contains(ids, i.ID) })
}

func (c *control) listImports(q siteQuestion) ([]storage.Import, error) {
	if q.Domain == "" {
		return c.db.Imports(""), nil
	}
	record, err := c.known(q.Domain)
	if err != nil {
		return nil, err
	}
	return c.db.Imports(record.Site), nil
}

func (c *control) removeImport(q importIDs) (struct{}, error) {
	gone := c.importsOf(q.IDs)
	err := c.dropImports(q.IDs)
	if errors.Is(err, storage.ErrNoImport) {
		return struct{}{}, hint(err, "footfall import list shows the imports")
	}
	if err == nil && c.asker != nil {
		for _, r := range c.db.Sites() {
			c.asker.InvalidateSite(r.Site)
		}
	}
	if err == nil {
		err = c.noteImports("import.end", gone)
	}
	return struct{}{}, err
}

func (c *control) dropImports(ids []aggregate.ImportID) error {
	var all []error
	for _, id := range ids {
		all = append(all, c.db.RemoveImport(id))
	}
	return errors.Join(all...)
}

// allFormats are the formats that can be imported.
func allFormats() []importer.Format {
	return slices.Concat([]importer.Format{importer.Footfall}, importer.Formats(), importer.ReportFormats())
}

func importFormats() string {
	var names []string
	for _, f := range allFormats() {
		names = append(names, string(f))
	}
	return strings.Join(names, ", ")
}
