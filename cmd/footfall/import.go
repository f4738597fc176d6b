package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"golang.org/x/term"

	"footfall/aggregate"
	"footfall/ingest/importer"
	"footfall/storage"
)

type importCmd struct {
	File   importFileCmd   `cmd:"" default:"withargs" help:"Import files: footfall import FORMAT --site DOMAIN FILE..."`
	List   importListCmd   `cmd:"" help:"List the imports."`
	Remove importRemoveCmd `cmd:"" help:"Take an import back."`
}

type importFileCmd struct {
	Format string   `arg:"" help:"One of ${formats}; auto = find out."`
	Files  []string `arg:"" help:"Files, plain, .gz, .zst or .zip; - is the standard input."`
	Site   string   `help:"The site." required:"" placeholder:"DOMAIN"`
	Yes    bool     `help:"Do not ask before adding to days that have counters already."`
	Again  bool     `help:"Import files once more that were imported before."`
	DryRun bool     `help:"Say what would be counted and what refused, and write nothing."`
	Follow bool     `help:"Count lines as they are written, in the live day of the running server, until interrupted; through rotation. For sites without the script."`
	JSON   bool     `help:"For machines: the last line is the account."`
}

// knownFormat reports whether files of a format can be imported.
func knownFormat(name string) bool {
	return name == autoFormat || slices.Contains(allFormats(), importer.Format(name))
}

type importListCmd struct {
	Site string `help:"Of this site only." placeholder:"DOMAIN"`
	machines
}

type importRemoveCmd struct {
	ID aggregate.ImportID `arg:"" help:"As footfall import list shows it."`
	machines
}

func (c *importFileCmd) Run(root *cli, s *streams) error {
	if !knownFormat(c.Format) {
		return hint(wrong("there is no import format %q", c.Format), "there are %s", importFormats())
	}
	if c.Follow {
		return c.follow(root, s)
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
	q := importQuestion{Site: c.Site, Format: string(files.format), Note: strings.Join(c.Files, " "), Sums: files.sums, Yes: c.Yes, Again: c.Again, DryRun: c.DryRun}
	pr, pw := io.Pipe()
	go func() { pw.CloseWithError(files.send(pw, q)) }()
	var reply importReply
	if err := conn.stream("/import/read", pr, &reply); err != nil {
		return err
	}
	pr.Close()
	if len(reply.Overlap) > 0 && !c.DryRun {
		if err := c.confirm(conn, s, &reply); err != nil {
			return err
		}
	}
	return c.print(s, &reply)
}

// confirm asks whether to add to days that have counters already.
func (c *importFileCmd) confirm(conn *client, s *streams, reply *importReply) error {
	what := strings.Join(append([]string{overlapText(reply.Overlap)}, reply.Seen...), "; ")
	answer := ""
	if f, ok := s.in.(*os.File); ok && term.IsTerminal(int(f.Fd())) && !slices.Contains(c.Files, "-") {
		fmt.Fprintf(s.err, "%s. Add to them? [y/N] ", what)
		fmt.Fscanln(s.in, &answer)
	}
	if strings.HasPrefix(strings.ToLower(answer), "y") {
		return conn.call("/import/finish", importIDs{reply.IDs}, &struct{}{})
	}
	if err := conn.call("/import/remove", importIDs{reply.IDs}, &struct{}{}); err != nil {
		return err
	}
	return hint(fmt.Errorf("nothing was imported: %s", what), "--yes adds to them; footfall import list shows what was imported before")
}

func overlapText(days []string) string {
	if len(days) == 1 {
		return fmt.Sprintf("1 day (%s) has counters already", days[0])
	}
	return fmt.Sprintf("%d days from %s to %s have counters already", len(days), days[0], days[len(days)-1])
}

func (c *importFileCmd) print(s *streams, reply *importReply) error {
	for _, b := range reply.FirstBad {
		fmt.Fprintln(s.err, "bad line:", b)
	}
	for _, n := range append(reply.Seen, reply.Notes...) {
		fmt.Fprintln(s.err, "note:", n)
	}
	if c.DryRun && len(reply.Overlap) > 0 {
		fmt.Fprintln(s.err, "note:", overlapText(reply.Overlap))
	}
	a := reply.Account
	if c.JSON {
		if a.Dropped == nil {
			a.Dropped = map[string]int{}
		}
		return printJSON(s.out, a)
	}
	what := "nothing was written"
	switch {
	case c.DryRun:
		what = "dry run, nothing was written"
	case c.Follow:
		what = "followed"
	case len(reply.IDs) > 0:
		what = "import " + strings.Trim(fmt.Sprint(reply.IDs), "[]")
	}
	fmt.Fprintf(s.out, "%s: %d lines, %d counted, %d bad\n", what, a.Lines, a.Counted, a.Bad)
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
	if _, err := askOnce[struct{}](root.Data, toWrite, "/import/remove", importIDs{[]aggregate.ImportID{c.ID}}); err != nil {
		return err
	}
	return c.tell(s.out, removed{c.ID}, "import %d is taken back\n", c.ID)
}
