package main

import (
	"context"
	"errors"
	"fmt"
	"os/signal"
	"strings"
	"syscall"

	"footfall/storage/volatile"
)

type serveCmd struct {
	serverFlags
	machines
}

// started is what machines are told of a server that has begun.
type started struct {
	Version   string `json:"version"`
	Dashboard string `json:"dashboard"`
	SetUp     string `json:"set_up,omitempty"` // makes the first account, once
	Sites     int    `json:"sites"`
}

func (c *serveCmd) Run(root *cli, io *streams) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	s, err := OpenServer(serverOptions{data: root.Data, flags: c.serverFlags, log: io.err})
	if err != nil {
		return err
	}
	link, err := s.setUpLink()
	if err != nil {
		return errors.Join(err, s.Close())
	}
	begun := started{buildVersion().Version, s.URL(), link, len(s.db.Sites())}
	if err := c.tell(io.out, begun, "%s", begun.text(shellWord(root.Data))); err != nil {
		return errors.Join(err, s.Close())
	}
	return s.Run(ctx)
}

// text is the same for people; data is the directory that the command lines need.
func (b *started) text(data string) string {
	text := fmt.Sprintf("footfall %s\ndashboard  %s\n", b.Version, b.Dashboard)
	if b.SetUp != "" {
		text += fmt.Sprintf("no account yet: within the hour open %s or use footfall user add EMAIL --data %s\n", b.SetUp, data)
	}
	if b.Sites == 0 {
		text += fmt.Sprintf("no site yet: footfall site add example.com --data %s\n", data)
	}
	return text
}

// setUpLink is a link that makes the first account, blank where there is one. It is
// printed when the server starts and nowhere else.
func (s *Server) setUpLink() (string, error) {
	if s.flags.LocalAccess {
		return "", nil
	}
	token, err := s.book.OpenSetUp()
	if err != nil || token == "" {
		return "", err
	}
	at := s.URL()
	if s.flags.PublicURL != "" {
		at = strings.TrimSuffix(s.flags.PublicURL, "/") + "/"
	}
	return at + "set-up/" + token, nil
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
