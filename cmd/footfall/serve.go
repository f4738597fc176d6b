package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/signal"
	"strings"
	"syscall"

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
	if err := s.inviteOwner(io.out, root.Data); err != nil {
		return errors.Join(err, s.Close())
	}
	if sites := s.db.Sites(); len(sites) == 0 {
		fmt.Fprintf(io.out, "no site yet: footfall site add example.com --data %s\n", shellWord(root.Data))
	}
	return s.Run(ctx)
}

// inviteOwner prints a link that makes the first account, where there is none. It
// is printed here and nowhere else, once; data is the directory that the command
// line beside it needs.
func (s *Server) inviteOwner(out io.Writer, data string) error {
	if s.flags.LocalAccess {
		return nil
	}
	token, err := s.book.OpenSetUp()
	if err != nil || token == "" {
		return err
	}
	at := s.URL()
	if s.flags.PublicURL != "" {
		at = strings.TrimSuffix(s.flags.PublicURL, "/") + "/"
	}
	_, err = fmt.Fprintf(out, "no account yet: within the hour open %sset-up/%s or use footfall user add EMAIL --data %s\n", at, token, shellWord(data))
	return err
}

// shellWord quotes a word for a shell where it needs it.
func shellWord(s string) string {
	if s != "" && !strings.ContainsAny(s, " \t\n'\"\\$`!*?[](){}<>|&;#~") {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// isNone reports whether there simply is no memory state.
func isNone(err error) bool { return errors.Is(err, volatile.ErrNone) }
