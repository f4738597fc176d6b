package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/term"

	"footfall/aggregate"
	"footfall/aggregate/archive"
	"footfall/storage"
	"footfall/ui/export"
)

type exportCmd struct {
	Site   string `help:"The site." required:"" placeholder:"DOMAIN"`
	Format string `help:"plausible (the CSV zip that Plausible imports), json (everything, for footfall import footfall), csv (a zip of every report)." default:"json" enum:"plausible,json,csv"`
	File   string `arg:"" optional:"" help:"Where it goes: a file, or a directory in which it gets its usual name; without it, or as -, the standard output."`
	JSON   bool   `help:"For machines; of an export on the standard output nothing else is said there."`
}

type exportQuestion struct{ Site, Format string }

type exportName struct{ Name string }

func (c *exportCmd) Run(root *cli, s *streams) error {
	conn, err := connect(root.Data, toRead)
	if err != nil {
		return err
	}
	defer conn.close()
	q := exportQuestion{c.Site, c.Format}
	var name exportName // asked for first: an unknown site is an error before anything is written
	if err := conn.call("/export/name", q, &name); err != nil {
		return err
	}
	write := func(w io.Writer) error { return conn.call("/export", q, w) }
	if c.File == "" || c.File == "-" {
		if f, ok := s.out.(*os.File); ok && term.IsTerminal(int(f.Fd())) && c.Format != string(export.JSON) {
			return hint(wrong("a zip is not for a terminal"), "name a file: footfall export --site %s --format %s FILE", c.Site, c.Format)
		}
		return write(s.out)
	}
	file := c.File
	if info, err := os.Stat(file); err == nil && info.IsDir() || strings.HasSuffix(file, string(filepath.Separator)) {
		file = filepath.Join(file, name.Name)
	}
	size, err := writeWhole(file, write)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(s.out, written{file, size})
	}
	_, err = fmt.Fprintln(s.err, "written to", file)
	return err
}

// stock is what is stored of the site that a question is about.
func (c *control) stock(q exportQuestion) (*export.Stock, error) {
	record, err := c.known(q.Site)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(export.Formats(), export.Format(q.Format)) {
		return nil, hint(fmt.Errorf("there is no export format %q", q.Format), "there are %v", export.Formats())
	}
	s := stockOf(c.db, record)
	return &s, nil
}

func (c *control) exportName(q exportQuestion) (exportName, error) {
	s, err := c.stock(q)
	if err != nil {
		return exportName{}, err
	}
	return exportName{s.Name(export.Format(q.Format))}, nil
}

// export streams an export. Where it fails midway the connection breaks, so that
// a part is not taken for the whole.
func (c *control) export(w http.ResponseWriter, r *http.Request) {
	var q exportQuestion
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
		refuse(w, err)
		return
	}
	s, err := c.stock(q)
	if err != nil {
		refuse(w, err)
		return
	}
	if err := s.Write(w, export.Format(q.Format)); err != nil {
		c.log.Error("export", "error", err)
		panic(http.ErrAbortHandler)
	}
}

// maxDay bounds the days of annotations.
const maxDay = aggregate.Day(1) << 30

// stockOf is what the database has of a site.
func stockOf(db *storage.DB, record storage.SiteRecord) export.Stock {
	s := export.Stock{Site: record.Site, Settings: record.Settings, Definitions: db.Definitions(record.Site), Blocks: exportedBlocks{db, record.Site}}
	s.Annotations = db.Annotations(record.Site, -maxDay, maxDay)
	for _, segment := range db.Segments(record.Site) {
		if segment.Account == 0 { // the others belong to people of the team
			s.Segments = append(s.Segments, segment)
		}
	}
	for _, i := range db.Imports(record.Site) {
		if i.Finished {
			s.Imports = append(s.Imports, archive.Import{ID: i.ID, Format: i.Format, Note: i.Note})
		}
	}
	return s
}

// exportedBlocks are a site's blocks as exports read them.
type exportedBlocks struct {
	db   *storage.DB
	site aggregate.Site
}

func (b exportedBlocks) Range(id aggregate.ImportID, every bool, span aggregate.Span, x, y aggregate.Dimension,
	first, last aggregate.Day, fn func(aggregate.Key, *aggregate.Block) error) error {
	return b.db.Range(storage.BlockRange{Site: b.site, Import: id, AllImports: every, Span: span, A: x, B: y, First: first, Last: last}, fn)
}

func (b exportedBlocks) Days() (first, last aggregate.Day, ok bool) {
	return askedBlocks{b.db}.Days(b.site)
}
