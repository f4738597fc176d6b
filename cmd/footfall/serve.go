package main

import (
	"context"
	"errors"
	"fmt"
	"os/signal"
	"strings"
	"syscall"

	"footfall/storage"
	"footfall/storage/volatile"
)

type serveCmd struct {
	serverFlags
}

func (c *serveCmd) Run(root *cli, io *streams) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	s, err := OpenServer(serverOptions{data: root.Data, flags: c.serverFlags, log: io.err})
	if err != nil {
		return err
	}
	fmt.Fprintf(io.out, "footfall %s\ndashboard  %s\n", buildVersion().Version, s.URL())
	if sites := s.siteNames(); len(sites) == 0 {
		fmt.Fprintf(io.out, "no site yet: footfall site add example.com --data %s\n", shellWord(root.Data))
	}
	return s.Run(ctx)
}

// shellWord quotes a word for a shell where it needs it.
func shellWord(s string) string {
	if s != "" && !strings.ContainsAny(s, " \t\n'\"\\$`!*?[](){}<>|&;#~") {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// openData opens the database and adds advice to what can go wrong.
func openData(dir string, o storage.Options) (*storage.DB, error) {
	db, err := storage.Open(dir, o)
	if err == nil {
		return db, nil
	}
	for known, advice := range map[error]string{
		storage.ErrInUse:       "another footfall process works on this data: stop it, or choose another directory with --data",
		storage.ErrUnreadable:  "check the owner and mode of the directory, or choose another one with --data",
		storage.ErrReadOnly:    "check the owner and mode of the directory, or choose another one with --data",
		storage.ErrMissing:     "choose the data directory with --data; footfall site add makes a new one",
		storage.ErrCorrupt:     "put a backup back with footfall restore FILE",
		storage.ErrNewerLayout: "use the newer footfall that has written it",
		storage.ErrFull:        "make room on the disk",
	} {
		if errors.Is(err, known) {
			return nil, hint(err, "%s", advice)
		}
	}
	return nil, err
}

// isNone reports whether there simply is no memory state.
func isNone(err error) bool { return errors.Is(err, volatile.ErrNone) }
