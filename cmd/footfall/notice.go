package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/term"

	"footfall/aggregate"
	"footfall/aggregate/team"
	"footfall/storage"
	"footfall/ui"
	"footfall/ui/notify"
	"footfall/ui/words"
)

// noticeFlags are for what the server tells the team by itself.
type noticeFlags struct {
	SMTP             string `name:"smtp" env:"FOOTFALL_SMTP" help:"Server for mail: smtp://user@mail.example.com:587 (must change to TLS) or smtps://user@mail.example.com. Its password is read from --smtp-password-file or FOOTFALL_SMTP_PASSWORD." placeholder:"URL"`
	SMTPPasswordFile string `name:"smtp-password-file" env:"FOOTFALL_SMTP_PASSWORD_FILE" help:"File with the password for --smtp." placeholder:"FILE"`
	MailFrom         string `help:"Sender of mail." placeholder:"ADDRESS"`
	PrivateHooks     bool   `help:"Let notices call hooks that are not on the public internet, and without TLS."`
}

type noticeCmd struct {
	Add    noticeAddCmd    `cmd:"" help:"Ask to be told: weekly or monthly how a site did, or when many visitors come (spike) or hardly any (drop)."`
	List   noticeListCmd   `cmd:"" help:"List what is told, and whereto."`
	Remove noticeRemoveCmd `cmd:"" help:"End a notice."`
	Try    noticeTryCmd    `cmd:"" help:"Send what a notice would say now to where it goes; the server must run."`
	Sample noticeSampleCmd `cmd:"" help:"Print what a notice would say now; the server must run."`
}

type noticeAddCmd struct {
	Kind  string `arg:"" enum:"weekly,monthly,spike,drop" help:"weekly, monthly, spike or drop."`
	Site  string `help:"The site." required:"" placeholder:"DOMAIN"`
	Mail  string `help:"Mail address to send to." placeholder:"ADDRESS"`
	Hook  string `help:"Call a hook instead: slack, discord, teams, or webhook (JSON of our own, signed). Its address is read from the terminal or from stdin, because it is a secret." enum:",slack,discord,teams,webhook" default:"" placeholder:"KIND"`
	Level int    `help:"Visitors within 30 minutes from which a spike is told (default 100), or pageviews within 12 hours below which a drop is (default 1)." placeholder:"N"`
	Lang  string `help:"Language: en, de, fr, es, pt, ja." default:"en" enum:"en,de,fr,es,pt,ja" placeholder:"LANG"`
	machines
}

type noticeListCmd struct{ machines }

type noticeRemoveCmd struct {
	ID uint32 `arg:"" help:"Its number in the list."`
	machines
}

type noticeTryCmd struct {
	ID uint32 `arg:"" help:"Its number in the list."`
	machines
}

type noticeSampleCmd struct {
	Kind string `arg:"" enum:"weekly,monthly,spike,drop" help:"weekly, monthly, spike or drop."`
	Site string `help:"The site." required:"" placeholder:"DOMAIN"`
	Lang string `help:"Language: en, de, fr, es, pt, ja." default:"en" enum:"en,de,fr,es,pt,ja" placeholder:"LANG"`
	HTML bool   `name:"html" help:"As the HTML part of a mail."`
	JSON bool   `help:"For machines: both parts."`
}

// noticeLine is a notice as it is listed: of a hook, the host alone.
type noticeLine struct {
	ID      uint32             `json:"id"`
	Site    aggregate.Site     `json:"site"`
	Kind    team.NoticeKind    `json:"kind"`
	Channel team.NoticeChannel `json:"channel"`
	To      string             `json:"to"`
	Level   int                `json:"level,omitempty"`
	Lang    string             `json:"lang"`
	Secret  string             `json:"secret,omitempty"` // once, when it was made
}

func noticeLineOf(id uint32, n *team.Notice) noticeLine {
	to := n.To
	if u, err := url.Parse(n.To); err == nil && n.Channel != team.ByMail {
		to = u.Host
	}
	return noticeLine{ID: id, Site: n.Site, Kind: n.Kind, Channel: n.Channel, To: to, Level: n.Level, Lang: n.Lang}
}

// openKeeper makes what tells notices.
func (s *Server) openKeeper() {
	o := notify.Options{Notices: shelf[team.Notice]{s.db, storage.Notices, "notice"}, Ask: s.asker, Settings: s.db.Settings,
		Hooks: notify.NewHooks(notify.HookOptions{Private: s.flags.PrivateHooks, Clock: s.clock}), Link: s.flags.PublicURL, Clock: s.clock, Log: s.log}
	if s.mail != nil {
		o.Mail = s.mail
	}
	s.keeper = notify.New(o)
	s.control.keeper, s.control.mails = s.keeper, s.mail != nil
}

// noticeBook is the notices as the dashboard keeps them.
type noticeBook struct{ *control }

func (b noticeBook) Mails() bool { return b.mails }

func (b noticeBook) Notices(site aggregate.Site) (lines []ui.NoticeLine) {
	for _, id := range storage.Notices.OfSite(b.db, site) {
		n, _ := storage.Notices.Get(b.db, id)
		l := noticeLineOf(id, &n)
		lines = append(lines, ui.NoticeLine{ID: id, Kind: l.Kind, Channel: l.Channel, To: l.To, Level: int64(l.Level)})
	}
	return lines
}

func (b noticeBook) AddNotice(n team.Notice) (secret string, err error) {
	line, err := b.addNotice(n)
	return line.Secret, err
}

func (b noticeBook) RemoveNotice(site aggregate.Site, id uint32) error {
	if n, ok := storage.Notices.Get(b.db, id); !ok || n.Site != site {
		return nil
	}
	_, err := b.removeNotice(id)
	return err
}

func (b noticeBook) TryNotice(ctx context.Context, site aggregate.Site, id uint32) error {
	n, ok := storage.Notices.Get(b.db, id)
	if !ok || n.Site != site {
		return storage.ErrNoRecord
	}
	return b.keeper.Try(ctx, &n)
}

// openMail reads the settings for mail; nil where there are none.
func openMail(f *noticeFlags) (*notify.Mail, error) {
	if f.SMTP == "" {
		return nil, nil
	}
	password := os.Getenv("FOOTFALL_SMTP_PASSWORD")
	if f.SMTPPasswordFile != "" {
		text, err := os.ReadFile(f.SMTPPasswordFile)
		if err != nil {
			return nil, hint(err, "--smtp-password-file takes a file whose first line is the password")
		}
		password, _, _ = strings.Cut(string(text), "\n")
		password = strings.TrimRight(password, "\r")
	}
	m, err := notify.NewMail(f.SMTP, password, f.MailFrom)
	if err != nil {
		return nil, hint(err, "--smtp takes the address of the server, --mail-from the sender, such as footfall@example.com")
	}
	return m, nil
}

// noticePace is how often is looked whether something is due.
const noticePace = time.Minute

func (s *Server) noticeLoop(ctx context.Context) {
	every(ctx, noticePace, func() { s.keeper.Tick(ctx) })
}

func (c *control) addNotice(n team.Notice) (noticeLine, error) {
	record, err := c.known(string(n.Site))
	if err != nil {
		return noticeLine{}, err
	}
	n.Site = record.Site
	if err := n.Check(); err != nil {
		return noticeLine{}, hint(err, "footfall notice add --help shows what a notice takes")
	}
	if n.Channel == team.ByWebhook {
		secret := make([]byte, 24)
		rand.Read(secret) // never fails
		n.Secret = hex.EncodeToString(secret)
	}
	notify.Begin(&n, c.clock(), record.Settings.Location())
	id, err := shelf[team.Notice]{c.db, storage.Notices, "notice"}.Add(n)
	line := noticeLineOf(id, &n)
	line.Secret = n.Secret
	return line, err
}

func (c *control) listNotices(struct{}) ([]noticeLine, error) {
	lines := []noticeLine{}
	for id, n := range storage.Notices.All(c.db) {
		lines = append(lines, noticeLineOf(id, &n))
	}
	slices.SortFunc(lines, func(a, b noticeLine) int { return int(a.ID) - int(b.ID) })
	return lines, nil
}

func (c *control) removeNotice(id uint32) (struct{}, error) {
	err := shelf[team.Notice]{c.db, storage.Notices, "notice"}.Remove(id)
	if errors.Is(err, storage.ErrNoRecord) {
		err = hint(err, "footfall notice list shows them")
	}
	return struct{}{}, err
}

func (c *control) tryNotice(id uint32) (noticeLine, error) {
	n, ok := storage.Notices.Get(c.db, id)
	switch {
	case c.keeper == nil:
		return noticeLine{}, hint(errNoServer, "start it: footfall serve")
	case !ok:
		return noticeLine{}, hint(storage.ErrNoRecord, "footfall notice list shows them")
	}
	err := c.keeper.Try(context.Background(), &n)
	if errors.Is(err, notify.ErrNoMail) {
		err = hint(err, "start the server with --smtp and --mail-from")
	} else if errors.Is(err, notify.ErrGuarded) {
		err = hint(err, "start the server with --private-hooks if it may call others")
	}
	return noticeLineOf(id, &n), err
}

// sampleReply is a notice in words.
type sampleReply struct {
	Text string `json:"text"`
	HTML string `json:"html"`
}

func (c *control) sampleNotice(n team.Notice) (sampleReply, error) {
	record, err := c.known(string(n.Site))
	if err != nil {
		return sampleReply{}, err
	}
	n.Site = record.Site
	if c.keeper == nil {
		return sampleReply{}, hint(errNoServer, "start it: footfall serve")
	}
	news, err := c.keeper.Sample(&n)
	if err != nil {
		return sampleReply{}, err
	}
	page, err := news.HTML()
	return sampleReply{news.Text(), page}, err
}

// Defaults of noticeAddCmd.Level.
const (
	spikeLevel = 100
	dropLevel  = 1
)

func (c *noticeAddCmd) Run(root *cli, io *streams) error {
	n := team.Notice{Site: aggregate.Site(c.Site), Kind: team.NoticeKind(c.Kind), Channel: team.ByMail, To: c.Mail, Level: c.Level,
		Lang: words.For(c.Lang).Language()}
	if n.Level == 0 && n.Kind == team.Spike {
		n.Level = spikeLevel
	} else if n.Level == 0 && n.Kind == team.Drop {
		n.Level = dropLevel
	}
	switch {
	case c.Hook != "" && c.Mail != "":
		return wrong("a notice goes to one place: give --mail or --hook")
	case c.Hook == "" && c.Mail == "":
		return wrong("a notice goes somewhere: give --mail ADDRESS or --hook KIND")
	case c.Hook != "":
		n.Channel = team.NoticeChannel(c.Hook)
		var err error
		if n.To, err = readHook(io); err != nil {
			return err
		}
	}
	line, err := askOnce[noticeLine](root.Data, toWrite, "/notice/add", n)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(io.out, line)
	}
	fmt.Fprintf(io.out, "%s %s goes to %s (number %d)\n", line.Site, line.Kind, line.To, line.ID)
	if line.Secret != "" {
		fmt.Fprintf(io.out, "it is signed with %s\n", line.Secret)
	}
	return nil
}

// readHook asks for the address of a hook: whoever knows it can write there.
func readHook(io *streams) (string, error) {
	if file, ok := io.in.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		fmt.Fprint(io.err, "Address of the hook: ")
	}
	line, err := firstLine(io.in)
	if err != nil {
		return "", hint(errors.New("there is no address on stdin"), "type it on a terminal, or pipe it in from a file")
	}
	return strings.TrimSpace(line), nil
}

func (c *noticeListCmd) Run(root *cli, io *streams) error {
	lines, err := askOnce[[]noticeLine](root.Data, toRead, "/notice/list", struct{}{})
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(io.out, lines)
	}
	w := tabwriter.NewWriter(io.out, 0, 0, 2, ' ', 0)
	for _, l := range lines {
		level := ""
		if l.Level > 0 {
			level = fmt.Sprintf(" %d", l.Level)
		}
		fmt.Fprintf(w, "%d\t%s\t%s%s\t%s\t%s\t%s\n", l.ID, l.Site, l.Kind, level, l.Channel, l.To, l.Lang)
	}
	return w.Flush()
}

func (c *noticeRemoveCmd) Run(root *cli, io *streams) error {
	if _, err := askOnce[struct{}](root.Data, toWrite, "/notice/remove", c.ID); err != nil {
		return err
	}
	return c.tell(io.out, removed{c.ID}, "notice %d is ended\n", c.ID)
}

func (c *noticeTryCmd) Run(root *cli, io *streams) error {
	line, err := askOnce[noticeLine](root.Data, toWrite, "/notice/try", c.ID)
	if err != nil {
		return err
	}
	return c.tell(io.out, line, "a sample went to %s\n", line.To)
}

func (c *noticeSampleCmd) Run(root *cli, io *streams) error {
	reply, err := askOnce[sampleReply](root.Data, toRead, "/notice/sample",
		team.Notice{Site: aggregate.Site(c.Site), Kind: team.NoticeKind(c.Kind), Lang: c.Lang})
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(io.out, reply)
	}
	if c.HTML {
		_, err = fmt.Fprint(io.out, reply.HTML)
		return err
	}
	_, err = fmt.Fprint(io.out, reply.Text)
	return err
}
