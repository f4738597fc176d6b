package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"footfall/storage"
	"footfall/ui/export"
)

// exportFlags are the flags of serve for exports on a schedule.
type exportFlags struct {
	ExportDir    string        `help:"Write an export of every site to this directory from time to time; each replaces the one before." placeholder:"DIR"`
	ExportEvery  time.Duration `help:"How often." default:"24h"`
	ExportFormat string        `help:"What is written: json, plausible, csv." default:"json" enum:"json,plausible,csv"`
}

// exportPace is how often it is looked whether an export is due.
const exportPace = time.Minute

// openExports makes the directory for exports on a schedule.
func (s *Server) openExports() error {
	switch dir := s.flags.ExportDir; {
	case dir == "":
		return nil
	case s.flags.ExportEvery <= 0:
		return hint(fmt.Errorf("--export-every %v: exports have to lie apart", s.flags.ExportEvery), "give a duration such as 24h")
	default:
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return hint(err, "--export-dir takes a directory that the server may write to")
		}
		return nil
	}
}

// exportLoop writes the exports that are due. A file's age tells when it is, so
// that a restart neither skips nor repeats one.
func (s *Server) exportLoop(ctx context.Context) {
	if s.flags.ExportDir == "" {
		<-ctx.Done()
		return
	}
	s.exportDue(ctx)
	every(ctx, min(s.flags.ExportEvery, exportPace), func() { s.exportDue(ctx) })
}

// exportDue writes the export of every site whose last one is old enough.
func (s *Server) exportDue(ctx context.Context) {
	for _, record := range s.db.Sites() {
		if ctx.Err() != nil {
			return
		}
		file := s.exportFile(record)
		info, err := os.Stat(file)
		if err == nil && s.clock().Sub(info.ModTime()) < s.flags.ExportEvery {
			continue
		}
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			stock := stockOf(s.db, record)
			_, err = writeWhole(file, func(w io.Writer) error { return stock.Write(w, export.Format(s.flags.ExportFormat)) })
		}
		if err != nil {
			s.log.Error("an export on schedule failed; the one before stays", "site", record.Site, "error", err)
		}
	}
}

// exportFile is the file of a site's export. Its name does not change, so that
// nothing in the directory outlives what the site keeps.
func (s *Server) exportFile(record storage.SiteRecord) string {
	ending := ".zip"
	if s.flags.ExportFormat == string(export.JSON) {
		ending = ".json"
	}
	return filepath.Join(s.flags.ExportDir, strings.ReplaceAll(string(record.Site), ":", "_")+ending)
}
