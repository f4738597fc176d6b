//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// chat is a receiver of hooks that can be out of order.
type chat struct {
	*httptest.Server
	mu     sync.Mutex
	broken bool
	texts  []string
}

func openChat(t *testing.T) *chat {
	c := new(chat)
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.broken {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		body, _ := io.ReadAll(r.Body)
		var message struct{ Text string }
		_ = json.Unmarshal(body, &message)
		c.texts = append(c.texts, message.Text)
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *chat) setBroken(broken bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.broken = broken
}

func (c *chat) told() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.texts)
}

func (h *installation) addNotice(stdin string, args ...string) {
	h.t.Helper()
	if r := h.tryWith(strings.NewReader(stdin), append([]string{"notice", "add"}, args...)...); r.code != fine {
		h.t.Fatalf("notice add: exit %d\n%s", r.code, r.err)
	}
}

func (s *inside) tick(want int, when string) {
	s.t.Helper()
	if got := s.real.keeper.Tick(context.Background()); got != want {
		s.t.Errorf("%s: %d notices were told, want %d", when, got, want)
	}
}

func TestAnAlertIsToldOnceAcrossRestartsAndFailures(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("busy.example", "UTC")
	receiver := openChat(t)
	clock := &wallClock{time: time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)}
	flags := noticeFlags{PrivateHooks: true}
	s := h.insideWith(clock, h.state, flags)
	h.addNotice(receiver.URL+"\n", "spike", "--site", "busy.example", "--hook", "slack", "--level", "2")
	s.tick(0, "before anybody came")
	s.count("203.0.113.1", browsers[0], view("https://busy.example/"))
	s.tick(0, "one visitor, and two are a spike")
	s.count("203.0.113.2", browsers[0], view("https://busy.example/"))
	receiver.setBroken(true)
	s.tick(0, "the receiver is out of order")
	receiver.setBroken(false)
	s.tick(0, "it is not tried again at once")
	clock.set(clock.now().Add(11 * time.Minute))
	s.tick(1, "the receiver works again")
	s.tick(0, "told already")
	s.stop()
	s = h.insideWith(clock, h.state, flags)
	s.tick(0, "told before the restart")
	clock.set(clock.now().Add(13 * time.Hour))
	s.count("203.0.113.3", browsers[0], view("https://busy.example/"))
	s.count("203.0.113.4", browsers[0], view("https://busy.example/"))
	s.tick(1, "another spike, half a day later")
	if receiver.told() != 2 || receiver.texts[0] != "busy.example: 2 visitors right now" {
		t.Errorf("the chat heard %q", receiver.texts)
	}
	if log := s.log.String(); strings.Contains(log, receiver.URL) {
		t.Error("the address of the hook is in the log")
	}
}

func TestADropIsToldWhereHardlyAnybodyComes(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("quiet.example", "Asia/Kathmandu") // whose hours begin at a quarter
	receiver := openChat(t)
	clock := &wallClock{time: time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)}
	s := h.insideWith(clock, h.state, noticeFlags{PrivateHooks: true})
	h.addNotice(receiver.URL+"\n", "drop", "--site", "quiet.example", "--hook", "slack")
	s.count("203.0.113.1", browsers[0], view("https://quiet.example/"))
	s.tick(0, "made just now")
	clock.set(clock.now().Add(11 * time.Hour))
	s.tick(0, "has not seen twelve hours")
	clock.set(clock.now().Add(3 * time.Hour))
	s.tick(1, "nobody for fourteen hours")
	s.tick(0, "told already")
	if receiver.told() != 1 || receiver.texts[0] != "quiet.example: hardly anybody comes" {
		t.Errorf("the chat heard %q", receiver.texts)
	}
}

// mailbox is a mail server with TLS and passwords.
type mailbox struct {
	mu      sync.Mutex
	letters []string
}

func (m *mailbox) NewSession(*smtp.Conn) (smtp.Session, error) { return &mailSession{box: m}, nil }

type mailSession struct {
	box    *mailbox
	signed bool
	to     string
}

func (s *mailSession) AuthMechanisms() []string { return []string{sasl.Plain} }
func (s *mailSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "mailer" || password != "correct horse" {
			return errors.New("wrong password")
		}
		s.signed = true
		return nil
	}), nil
}
func (s *mailSession) Reset()        {}
func (s *mailSession) Logout() error { return nil }
func (s *mailSession) Mail(string, *smtp.MailOptions) error {
	if !s.signed {
		return smtp.ErrAuthRequired
	}
	return nil
}
func (s *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error { s.to = to; return nil }
func (s *mailSession) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	s.box.mu.Lock()
	defer s.box.mu.Unlock()
	s.box.letters = append(s.box.letters, "To "+s.to+"\n"+string(data))
	return err
}

func TestReportsGoByMailThroughAServerWithTLSAndAPassword(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("mailed.example", "UTC")
	box, flags := openPost(t, h, "https://stats.mailed.example")
	s := h.serve(flags...)
	h.addNotice("", "weekly", "--site", "mailed.example", "--mail", "ada@mailed.example", "--lang", "fr")
	if r := h.try("notice", "try", "1"); r.code != fine {
		t.Fatalf("notice try: %s\n%s", r.err, last(s.log.String(), 2000))
	}
	if len(box.letters) != 1 || !strings.HasPrefix(box.letters[0], "To ada@mailed.example\n") || !strings.Contains(box.letters[0], "https://stats.mailed.example/mailed.example") {
		t.Errorf("the box holds %q", box.letters)
	}
	if text := h.must("notice", "sample", "weekly", "--site", "mailed.example", "--lang", "ja"); !strings.Contains(text, "先週のまとめ") {
		t.Errorf("the sample is %q", text)
	}
	s.stop()
	if strings.Contains(s.log.String(), "ada@") || strings.Contains(s.log.String(), "correct horse") {
		t.Error("the log tells of mail addresses or passwords")
	}
}

func TestAWeeklyReportHasTheFiguresOfItsWeek(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("weekly.example", "Europe/Berlin", "floor=1")
	receiver := openChat(t)
	clock := &wallClock{time: berlin(t, "2026-03-20 12:00:00")} // a Friday
	s := h.insideWith(clock, h.state, noticeFlags{PrivateHooks: true})
	h.addNotice(receiver.URL+"\n", "weekly", "--site", "weekly.example", "--hook", "webhook")
	see := func(at, who, path string) {
		t.Helper()
		clock.set(berlin(t, at))
		s.count("203.0.113."+who, browsers[0], view("https://weekly.example"+path))
	}
	see("2026-03-20 12:00:00", "1", "/old")
	see("2026-03-24 12:00:00", "1", "/new")
	see("2026-03-24 12:01:00", "1", "/more")
	see("2026-03-25 12:00:00", "2", "/new")
	clock.set(berlin(t, "2026-03-30 07:00:00"))
	s.tick(0, "Monday, early")
	clock.set(berlin(t, "2026-03-30 08:00:00"))
	s.tick(1, "Monday, eight o'clock")
	s.tick(0, "told already")
	text := receiver.texts[0]
	for _, want := range []string{"Unique visitors: 2 (+100%)", "Visits: 2", "Pageviews: 3 (+200%)", "Bounce rate: 50%", "2  /new", "1  /more"} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "/old") {
		t.Errorf("the week before is in\n%s", text)
	}
}

func TestTheTeamMakesTriesAndEndsNoticesOnThePageOfItsSite(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("mine.example", "UTC")
	h.addSite("other.example", "UTC")
	h.user("ada@example.com", "--role", "editor", "--site", "mine.example")
	receiver := openChat(t)
	h.addNotice(receiver.URL+"\n", "weekly", "--site", "other.example", "--hook", "slack") // number 1
	s := h.serve("--private-hooks", "--local-access=false")
	ada := s.teammate().signIn("ada@example.com")
	const page = "/mine.example/notices"
	r := ada.post(page, page, "kind", "spike", "level", "7", "channel", "webhook", "to", receiver.URL+"/secret-path", "lang", "de")
	if r.status != 200 || !strings.Contains(r.body, "(7)") || strings.Contains(r.body, "secret-path") || !strings.Contains(r.body, `id="shown"`) {
		t.Errorf("a new notice: status %d\n%s", r.status, r.body)
	}
	if again := ada.get(page); strings.Contains(again.body, `id="shown"`) || !strings.Contains(again.body, "127.0.0.1:") {
		t.Errorf("later the page shows the secret again, or not the host")
	}
	if r := ada.post(page, page+"/try", "notice", "2"); r.status != 200 || receiver.told() != 1 {
		t.Errorf("trying it: status %d, the chat heard %d", r.status, receiver.told())
	}
	for _, wrong := range [][]string{
		{"kind", "spike", "level", "0", "channel", "slack", "to", receiver.URL}, {"kind", "weekly", "channel", "mail", "to", "ada"},
		{"kind", "daily", "channel", "mail", "to", "ada@example.com"}, {"kind", "weekly", "channel", "slack", "to", "javascript:alert(1)"},
	} {
		if r := ada.post(page, page, wrong...); r.status != 422 {
			t.Errorf("%q: status %d, want 422", wrong, r.status)
		}
	}
	ada.post(page, page+"/try", "notice", "1")
	ada.post(page, page+"/end", "notice", "1") // of the other site
	if list := h.must("notice", "list"); receiver.told() != 1 || !strings.Contains(list, "other.example") {
		t.Errorf("a notice of another site was tried or ended; the list is\n%s", list)
	}
	if r := ada.post(page, page+"/end", "notice", "2"); r.status != 200 || strings.Contains(r.body, "(7)") {
		t.Errorf("ending it: status %d\n%s", r.status, r.body)
	}
	s.stop()
	if strings.Contains(s.log.String(), "secret-path") {
		t.Error("the log tells the address of the hook")
	}
}
