package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"footfall/aggregate"
	"footfall/aggregate/live"
	"footfall/ingest"
	"footfall/ingest/agent"
	"footfall/ingest/importer"
	"footfall/ingest/visitor"
	"footfall/storage"
)

type importCmd struct {
	File   importFileCmd   `cmd:"" default:"withargs" help:"Import files: footfall import FORMAT --site DOMAIN FILE..."`
	List   importListCmd   `cmd:"" help:"List the imports."`
	Remove importRemoveCmd `cmd:"" help:"Take an import back."`
}

type importFileCmd struct {
	Format string   `arg:"" help:"One of ${formats}."`
	Files  []string `arg:"" help:"Files, plain, .gz or .zst; - is the standard input."`
	Site   string   `help:"The site." required:"" placeholder:"DOMAIN"`
	Yes    bool     `help:"Do not ask before adding to days that have counters already."`
	JSON   bool     `help:"For machines: the last line is the account."`
}

type importListCmd struct {
	Site string `help:"Of this site only." placeholder:"DOMAIN"`
	JSON bool   `help:"For machines."`
}

type importRemoveCmd struct {
	ID aggregate.ImportID `arg:"" help:"As footfall import list shows it."`
}

func importFormats() string {
	var names []string
	for _, f := range importer.Formats() {
		names = append(names, string(f))
	}
	return strings.Join(names, ", ")
}

// importQuestion goes before the files.
type importQuestion struct {
	Site, Format, Note string
	Yes                bool
}

// importReply is the account of an import. Overlap are days that have counters
// already: the import then waits for /import/finish.
type importReply struct {
	ID       aggregate.ImportID
	Account  importer.Result
	FirstBad []string
	Overlap  []string
}

type importID struct{ ID aggregate.ImportID }

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
	salts := visitor.NewSalts(visitor.Options{Location: func(aggregate.Site) *time.Location { return record.Settings.Location() }})
	defer salts.Close()
	clerk := ingest.NewClerk(salts, agent.NewParser(0), c.places)
	if c.spam != nil {
		clerk.UseSpamList(c.spam)
	}
	reply.ID, err = c.db.BeginImport(record.Site, q.Format, q.Note)
	if err != nil {
		return reply, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.db.RemoveImport(reply.ID))
		}
	}()
	sink := live.NewImport(c.committer(), record.Site, reply.ID, record.Settings)
	m, err := importer.New(importer.Options{Format: importer.Format(q.Format), Site: record.Site, Settings: record.Settings,
		Clerk: clerk, Expire: salts.Expire, Sink: sink, Now: c.clock()})
	if err != nil {
		return reply, hint(fmt.Errorf("%q: %w", q.Format, err), "there are %s", importFormats())
	}
	if err := readFiles(ctx, r, m); err != nil {
		return reply, err
	}
	if err := errors.Join(m.Finish(), sink.Finish()); err != nil {
		return reply, err
	}
	reply.Account = m.Result()
	for _, b := range reply.Account.FirstBad {
		reply.FirstBad = append(reply.FirstBad, b.String())
	}
	if reply.Overlap, err = c.overlap(record.Site, sink.Days()); err != nil || len(reply.Overlap) > 0 && !q.Yes {
		return reply, err
	}
	reply.Overlap = nil
	_, err = c.finishImport(importID{reply.ID})
	return reply, err
}

// readFiles reads all files of the stream.
func readFiles(ctx context.Context, r *bufio.Reader, m *importer.Importer) error {
	for {
		name, err := readFrame(r)
		if err != nil {
			return err
		}
		if len(name) == 0 {
			return nil
		}
		body := &framed{r: r}
		file, err := importer.Open(body)
		if err == nil {
			err = errors.Join(m.Read(ctx, string(name), file), file.Close())
		}
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
	return both, err
}

// finishImport makes an import count.
func (c *control) finishImport(q importID) (struct{}, error) {
	if err := c.db.FinishImport(q.ID); err != nil {
		return struct{}{}, err
	}
	for _, i := range c.db.Imports("") {
		if i.ID == q.ID && c.asker != nil {
			c.asker.InvalidateSite(i.Site)
		}
	}
	return struct{}{}, nil
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

func (c *control) removeImport(q importID) (struct{}, error) {
	err := c.db.RemoveImport(q.ID)
	if errors.Is(err, storage.ErrNoImport) {
		return struct{}{}, hint(err, "footfall import list shows the imports")
	}
	if err == nil && c.asker != nil {
		for _, r := range c.db.Sites() {
			c.asker.InvalidateSite(r.Site)
		}
	}
	return struct{}{}, err
}

func (c *importFileCmd) Run(root *cli, s *streams) error {
	if !slices.Contains(importer.Formats(), importer.Format(c.Format)) {
		return hint(wrong("there is no import format %q", c.Format), "there are %s", importFormats())
	}
	files, err := c.open(s)
	if err != nil {
		return err
	}
	defer files.close()
	conn, err := connect(root.Data, toWrite)
	if err != nil {
		return err
	}
	defer conn.close()
	q := importQuestion{Site: c.Site, Format: c.Format, Note: strings.Join(c.Files, " "), Yes: c.Yes}
	pr, pw := io.Pipe()
	go func() { pw.CloseWithError(files.send(pw, q)) }()
	var reply importReply
	if err := conn.stream("/import/read", pr, &reply); err != nil {
		return err
	}
	pr.Close()
	if len(reply.Overlap) > 0 {
		if err := c.confirm(conn, s, &reply); err != nil {
			return err
		}
	}
	return c.print(s, &reply)
}

// confirm asks whether to add to days that have counters already.
func (c *importFileCmd) confirm(conn *client, s *streams, reply *importReply) error {
	first, last := reply.Overlap[0], reply.Overlap[len(reply.Overlap)-1]
	what := fmt.Sprintf("%d days from %s to %s have counters already", len(reply.Overlap), first, last)
	if first == last {
		what = fmt.Sprintf("1 day (%s) has counters already", first)
	}
	answer := ""
	if f, ok := s.in.(*os.File); ok && term.IsTerminal(int(f.Fd())) && !slices.Contains(c.Files, "-") {
		fmt.Fprintf(s.err, "%s. Add to them? [y/N] ", what)
		fmt.Fscanln(s.in, &answer)
	}
	if strings.HasPrefix(strings.ToLower(answer), "y") {
		return conn.call("/import/finish", importID{reply.ID}, &struct{}{})
	}
	if err := conn.call("/import/remove", importID{reply.ID}, &struct{}{}); err != nil {
		return err
	}
	return hint(fmt.Errorf("nothing was imported: %s", what), "--yes adds to them; footfall import list shows what was imported before")
}

func (c *importFileCmd) print(s *streams, reply *importReply) error {
	for _, b := range reply.FirstBad {
		fmt.Fprintln(s.err, "bad line:", b)
	}
	a := reply.Account
	if c.JSON {
		if a.Dropped == nil {
			a.Dropped = map[string]int{}
		}
		return printJSON(s.out, a)
	}
	fmt.Fprintf(s.out, "import %d: %d lines, %d counted, %d bad\n", reply.ID, a.Lines, a.Counted, a.Bad)
	reasons := make([]string, 0, len(a.Dropped))
	for reason := range a.Dropped {
		reasons = append(reasons, reason)
	}
	slices.Sort(reasons)
	for _, reason := range reasons {
		fmt.Fprintf(s.out, "dropped as %s: %d\n", reason, a.Dropped[reason])
	}
	return nil
}

func (c *importListCmd) Run(root *cli, s *streams) error {
	list, err := askOnce[[]storage.Import](root.Data, toRead, "/import/list", siteQuestion{Domain: c.Site})
	if err != nil {
		return err
	}
	if c.JSON {
		if list == nil {
			list = []storage.Import{}
		}
		return printJSON(s.out, list)
	}
	w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	for _, i := range list {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", strconv.Itoa(int(i.ID)), i.Site, i.Format, i.Note)
	}
	return w.Flush()
}

func (c *importRemoveCmd) Run(root *cli, s *streams) error {
	if _, err := askOnce[struct{}](root.Data, toWrite, "/import/remove", importID{c.ID}); err != nil {
		return err
	}
	_, err := fmt.Fprintf(s.out, "import %d is taken back\n", c.ID)
	return err
}

// fileStream sends files one after the other: frames of a uvarint length and the
// bytes. First the question as JSON, then for each file its name and its content
// in any number of frames, ended by an empty one; an empty name ends it all.
type fileStream struct {
	files []namedFile
	bar   *progressbar.ProgressBar
}

type namedFile struct {
	name string
	io.ReadCloser
	first time.Time
}

// open opens the files, the oldest first, and shows progress on a terminal.
func (c *importFileCmd) open(s *streams) (*fileStream, error) {
	fs := &fileStream{}
	total := int64(0)
	for _, name := range c.Files {
		if name == "-" {
			fs.files = append(fs.files, namedFile{name: name, ReadCloser: io.NopCloser(s.in)})
			total = -1
			continue
		}
		f, err := os.Open(name)
		if err != nil {
			fs.close()
			return nil, err
		}
		file := namedFile{name: name, ReadCloser: f}
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() && len(c.Files) > 1 {
			file.first = firstTime(importer.Format(c.Format), f)
			total += info.Size()
		} else if err == nil && total >= 0 {
			total += info.Size()
		}
		fs.files = append(fs.files, file)
	}
	slices.SortStableFunc(fs.files, func(a, b namedFile) int { return a.first.Compare(b.first) })
	if f, ok := s.err.(*os.File); ok && !c.JSON && term.IsTerminal(int(f.Fd())) {
		fs.bar = progressbar.DefaultBytes(total, "importing")
	}
	return fs, nil
}

// firstTime looks for the time of a file's first line, and rewinds the file.
func firstTime(format importer.Format, f *os.File) (at time.Time) {
	if r, err := importer.Open(f); err == nil {
		at, _ = importer.FirstTime(format, r)
		r.Close()
	}
	f.Seek(0, io.SeekStart)
	return at
}

func (fs *fileStream) close() {
	for _, f := range fs.files {
		f.Close()
	}
}

func (fs *fileStream) send(w io.Writer, q importQuestion) error {
	question, err := json.Marshal(q)
	if err != nil {
		return err
	}
	if err := writeFrame(w, question); err != nil {
		return err
	}
	buf := make([]byte, 1<<16)
	for _, f := range fs.files {
		if err := writeFrame(w, []byte(f.name)); err != nil {
			return err
		}
		for {
			n, err := f.Read(buf)
			if n > 0 {
				if err := writeFrame(w, buf[:n]); err != nil {
					return err
				}
				if fs.bar != nil {
					fs.bar.Add(n)
				}
			}
			if err == io.EOF {
				break
			}
			if err != nil {
				return err
			}
		}
		if err := writeFrame(w, nil); err != nil {
			return err
		}
	}
	if fs.bar != nil {
		fs.bar.Finish()
		fmt.Fprintln(os.Stderr)
	}
	return writeFrame(w, nil)
}

func writeFrame(w io.Writer, b []byte) error {
	if _, err := w.Write(binary.AppendUvarint(nil, uint64(len(b)))); err != nil {
		return err
	}
	_, err := w.Write(b)
	return err
}

func readFrame(r *bufio.Reader) ([]byte, error) {
	n, err := binary.ReadUvarint(r)
	if err != nil || n > 1<<20 {
		return nil, errors.Join(errors.New("the stream of files broke off"), err)
	}
	b := make([]byte, n)
	_, err = io.ReadFull(r, b)
	return b, err
}

func readFrameJSON(r *bufio.Reader, v any) error {
	b, err := readFrame(r)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, v)
}

// framed is the content of one file.
type framed struct {
	r    *bufio.Reader
	left uint64
	done bool
}

func (f *framed) Read(p []byte) (int, error) {
	if f.left == 0 && !f.done {
		n, err := binary.ReadUvarint(f.r)
		if err != nil {
			return 0, io.ErrUnexpectedEOF
		}
		f.left, f.done = n, n == 0
	}
	if f.done {
		return 0, io.EOF
	}
	n, err := f.r.Read(p[:min(uint64(len(p)), f.left)])
	f.left -= uint64(n)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}
