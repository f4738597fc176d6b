package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"

	"footfall/storage"
)

type backupCmd struct {
	File string `arg:"" help:"Where the copy goes; - is the standard output."`
	JSON bool   `help:"For machines; of a copy on the standard output nothing else is said there."`
}

// written is told to machines of a file that was written.
type written struct {
	File  string `json:"file"`
	Bytes int64  `json:"bytes"`
}

// backup streams a consistent copy. Where it fails midway the connection breaks,
// so that half a copy is not taken for a whole one.
func (c *control) backup(w http.ResponseWriter, _ *http.Request) {
	if err := c.db.Backup(w); err != nil {
		c.log.Error("backup", "error", err)
		panic(http.ErrAbortHandler)
	}
}

func (c *backupCmd) Run(root *cli, s *streams) error {
	conn, err := connect(root.Data, toRead)
	if err != nil {
		return err
	}
	defer conn.close()
	if c.File == "-" {
		return conn.stream("/backup", nil, s.out)
	}
	size, err := writeWhole(c.File, func(w io.Writer) error { return conn.stream("/backup", nil, w) })
	if err != nil || !c.JSON {
		return err
	}
	return printJSON(s.out, written{c.File, size})
}

// writeWhole makes a file that appears under its name only when it is whole, and
// says how many bytes it has.
func writeWhole(name string, write func(io.Writer) error) (size int64, err error) {
	f, err := os.CreateTemp(filepath.Dir(name), ".footfall-*")
	if err != nil {
		if e := (*fs.PathError)(nil); errors.As(err, &e) {
			e.Path = name // the one that was asked for
		}
		return 0, err
	}
	defer os.Remove(f.Name()) // gone after the rename
	err = write(f)
	size, _ = f.Seek(0, io.SeekEnd)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return 0, err
	}
	return size, os.Rename(f.Name(), name)
}

type restoreCmd struct {
	File string `arg:"" help:"The copy to put back."`
	machines
}

func (c *restoreCmd) Run(root *cli, s *streams) error {
	err := storage.Restore(root.Data, c.File)
	switch {
	case errors.Is(err, storage.ErrInUse):
		return hint(err, "stop the server first")
	case errors.Is(err, storage.ErrMissing):
		return hint(err, "give the file that footfall backup has written")
	case err != nil:
		return hint(err, "the data directory is as it was; try an older copy")
	}
	return c.tell(s.out, map[string]string{"file": c.File, "data": root.Data}, "%s is back in %s\n", c.File, root.Data)
}

type compactCmd struct{ machines }

type compactReply struct {
	Before int64 `json:"bytes_before"`
	After  int64 `json:"bytes_after"`
}

func (c *control) compact(struct{}) (compactReply, error) {
	before := c.db.Stats().FileBytes
	err := c.db.Compact()
	return compactReply{before, c.db.Stats().FileBytes}, err
}

func (c *compactCmd) Run(root *cli, s *streams) error {
	r, err := askOnce[compactReply](root.Data, toWrite, "/compact", struct{}{})
	if err != nil {
		return err
	}
	return c.tell(s.out, r, "%d bytes before, %d after\n", r.Before, r.After)
}

type checkCmd struct{ machines }

type checkReply struct {
	Violations []string `json:"violations"`
}

func (c *control) check(struct{}) (checkReply, error) {
	r := checkReply{Violations: []string{}}
	err := c.db.Check(func(v string) { r.Violations = append(r.Violations, v) })
	return r, err
}

// violated ends a command that has printed violations.
func violated(n int) error {
	return hint(fmt.Errorf("the data has %d violations", n), "keep a copy of the file to report it, and put a backup back with footfall restore FILE")
}

func (c *checkCmd) Run(root *cli, s *streams) error {
	r, err := askOnce[checkReply](root.Data, toRead, "/check", struct{}{})
	if err != nil {
		return err
	}
	if c.JSON {
		if err := printJSON(s.out, r); err != nil {
			return err
		}
	} else {
		for _, v := range r.Violations {
			fmt.Fprintln(s.out, v)
		}
		fmt.Fprintf(s.out, "%d violations\n", len(r.Violations))
	}
	if len(r.Violations) > 0 {
		return violated(len(r.Violations))
	}
	return nil
}

type auditCmd struct {
	JSON bool `help:"For machines only; without it both words and JSON are printed."`
}

func (c *control) audit(struct{}) (*storage.AuditReport, error) { return c.db.Audit() }

func (c *auditCmd) Run(root *cli, s *streams) error {
	r, err := askOnce[*storage.AuditReport](root.Data, toRead, "/audit", struct{}{})
	if err != nil {
		return err
	}
	if !c.JSON {
		if err := r.WriteText(s.out); err != nil {
			return err
		}
	}
	if err := printJSON(s.out, r); err != nil {
		return err
	}
	if len(r.Violations) > 0 {
		return violated(len(r.Violations))
	}
	return nil
}
