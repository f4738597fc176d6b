package notify

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"footfall/aggregate"
	"footfall/aggregate/team"
	"footfall/ui/words"
)

// Notices keeps what the team wants to be told.
type Notices interface {
	// All are the notices by their numbers. The map must not be changed.
	All() map[uint32]team.Notice
	// Change replaces one. The error says that it is gone, or is that of the disk.
	Change(uint32, team.Notice) error
}

// Poster sends what leaves by mail; nil where no SMTP server is configured.
type Poster interface {
	Send(context.Context, Letter) error
}

// Caller calls hooks.
type Caller interface {
	Send(context.Context, *team.Notice, *News) error
}

// ErrNoMail is returned for a notice by mail where no SMTP server is configured.
var ErrNoMail = errors.New("no SMTP server is configured")

// Options are what a Keeper is made of. All but Mail and Link are required.
type Options struct {
	Notices  Notices
	Ask      Asker
	Settings func(aggregate.Site) (aggregate.Settings, bool)
	Mail     Poster // nil: mail is not sent
	Hooks    Caller
	// Link is the address of the dashboard, with a slash at its end; blank: unknown.
	Link  string
	Clock func() time.Time
	Log   *slog.Logger
}

// Keeper tells what is due.
type Keeper struct {
	o Options

	mu    sync.Mutex // protects retry; held by one Tick at a time through tick
	retry map[uint32]time.Time
	tick  sync.Mutex
}

// New makes a Keeper.
func New(o Options) *Keeper { return &Keeper{o: o, retry: map[uint32]time.Time{}} }

// retryRest is how long a notice rests that could not be sent.
const retryRest = 10 * time.Minute

// Tick tells all that is due, and returns how many were told. Call it about once
// a minute.
func (k *Keeper) Tick(ctx context.Context) (told int) {
	k.tick.Lock()
	defer k.tick.Unlock()
	all := k.o.Notices.All()
	for _, id := range slices.Sorted(maps.Keys(all)) {
		if ctx.Err() != nil {
			return told
		}
		n := all[id]
		if !k.rested(id) {
			continue
		}
		sent, err := k.tell(ctx, id, &n)
		if err != nil {
			k.rest(id)
			k.o.Log.Error("a notice could not be sent; it will be tried again", "notice", id, "kind", n.Kind, "channel", n.Channel, "error", err)
		}
		if sent {
			told++
		}
	}
	return told
}

func (k *Keeper) rested(id uint32) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return !k.o.Clock().Before(k.retry[id])
}

func (k *Keeper) rest(id uint32) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.retry[id] = k.o.Clock().Add(retryRest)
}

// tell sends a notice if it is due, in the order that the package describes.
func (k *Keeper) tell(ctx context.Context, id uint32, n *team.Notice) (sent bool, err error) {
	a, ok := k.author(n)
	if !ok {
		return false, nil
	}
	now := k.o.Clock()
	var news *News
	mark := now.Unix()
	if n.Kind.Alert() {
		if !rested(n, now) {
			return false, nil
		}
		news, err = a.alert(n, now)
	} else {
		s, due := dueReport(n, now, a.zone)
		if !due {
			return false, nil
		}
		mark = s.mark()
		news, err = a.report(n, s)
	}
	if err != nil || news == nil {
		return false, err
	}
	before := *n
	n.Told = mark
	if err := k.o.Notices.Change(id, *n); err != nil {
		return false, err
	}
	if err := k.send(ctx, n, news); err != nil {
		return false, errors.Join(err, k.o.Notices.Change(id, before))
	}
	return true, nil
}

// author is who writes for a notice; false where the site is gone.
func (k *Keeper) author(n *team.Notice) (*author, bool) {
	settings, ok := k.o.Settings(n.Site)
	a := &author{ask: k.o.Ask, locale: words.For(n.Lang), zone: settings.Location()}
	if k.o.Link != "" {
		a.link = strings.TrimSuffix(k.o.Link, "/") + "/" + string(n.Site)
	}
	return a, ok
}

func (k *Keeper) send(ctx context.Context, n *team.Notice, news *News) error {
	if n.Channel != team.ByMail {
		return k.o.Hooks.Send(ctx, n, news)
	}
	if k.o.Mail == nil {
		return ErrNoMail
	}
	page, err := news.HTML()
	if err != nil {
		return err
	}
	return k.o.Mail.Send(ctx, Letter{To: n.To, Subject: news.Title, Text: news.Text(), HTML: page})
}

// Sample is what a notice would say now, due or not: for a look before it is made.
func (k *Keeper) Sample(n *team.Notice) (*News, error) {
	a, ok := k.author(n)
	if !ok {
		return nil, errors.New("there is no such site")
	}
	now := k.o.Clock()
	if n.Kind.Alert() {
		probe := *n
		if n.Kind == team.Spike {
			probe.Level = 0
		} else {
			probe.Level = team.MaxLevel
		}
		news, err := a.alert(&probe, now)
		return news, err
	}
	s, _ := reported(n.Kind, now, a.zone)
	return a.report(n, s)
}

// Try sends a sample of a notice to where the notice goes.
func (k *Keeper) Try(ctx context.Context, n *team.Notice) error {
	news, err := k.Sample(n)
	if err != nil {
		return err
	}
	return k.send(ctx, n, news)
}
