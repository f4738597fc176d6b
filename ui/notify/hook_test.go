package notify

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"footfall/aggregate/team"
	"footfall/ui/words"
)

var sample = &News{Site: "example.com", Kind: team.Spike, Title: "example.com: 120 visitors right now", Lead: "Within the last 30 minutes.",
	Figures: []Figure{{"Visitors", "120", "+20%", 1}}, Tables: []Table{{"Pages", []Row{{"/<b>@everyone</b>", "90"}}}},
	Link: "https://stats.example.com/example.com", locale: words.For("en"), Values: map[string]float64{"visitors": 120}}

func TestHooksLeadToThePublicInternetOnly(t *testing.T) {
	called := false
	inside := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called = true }))
	defer inside.Close()
	_, port, _ := net.SplitHostPort(inside.Listener.Addr().String())
	h := NewHooks(HookOptions{Clock: time.Now})
	for _, to := range []string{inside.URL, "https://localhost:" + port, "https://[::1]:" + port, "https://[::ffff:127.0.0.1]:" + port,
		"https://127.1:" + port, "https://0.0.0.0:" + port, "http://192.0.2.1/", "ftp://example.com/", "https://169.254.169.254/latest/meta-data"} {
		err := h.Send(context.Background(), &team.Notice{Channel: team.BySlack, To: to}, sample)
		if err == nil {
			t.Errorf("a hook at %s was called", to)
		}
		if err != nil && strings.Contains(err.Error(), "127.0.0.1") {
			t.Errorf("the error tells the address: %v", err)
		}
	}
	if called {
		t.Error("somebody inside was called")
	}
	if err := h.Send(context.Background(), &team.Notice{Channel: team.BySlack, To: inside.URL}, sample); !errors.Is(err, ErrGuarded) {
		t.Errorf("got %v, want ErrGuarded", err)
	}
}

func TestPublicAddresses(t *testing.T) {
	for text, want := range map[string]bool{
		"9.9.9.9": true, "2620:fe::fe": true, "172.15.0.1": true,
		"10.1.2.3": false, "172.16.0.1": false, "192.168.1.1": false, "127.0.0.2": false, "100.64.0.1": false, "169.254.1.1": false,
		"0.0.0.0": false, "255.255.255.255": false, "224.0.0.1": false, "198.18.0.1": false, "::": false, "::1": false, "fe80::1": false,
		"fc00::1": false, "ff02::1": false, "::ffff:10.0.0.1": false, "64:ff9b::a00:1": false, "2002:a00:1::": false, "::127.0.0.1": false,
	} {
		if got := public(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s is public: %v, want %v", text, got, want)
		}
	}
}

// receiver takes what hooks send.
type receiver struct {
	*httptest.Server
	header http.Header
	body   []byte
}

func receive(t *testing.T, status int, location string) *receiver {
	r := new(receiver)
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.header = req.Header.Clone()
		r.body, _ = io.ReadAll(req.Body)
		if location != "" {
			w.Header().Set("Location", location)
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(r.Close)
	return r
}

func TestEachChannelGetsItsForm(t *testing.T) {
	now := time.Unix(1_780_000_000, 0)
	h := NewHooks(HookOptions{Private: true, Clock: func() time.Time { return now }})
	for _, c := range team.NoticeChannels() {
		if c == team.ByMail {
			continue
		}
		r := receive(t, 204, "")
		if err := h.Send(context.Background(), &team.Notice{Channel: c, To: r.URL, Secret: "s3cret"}, sample); err != nil {
			t.Fatalf("%s: %v", c, err)
		}
		var v map[string]any
		if err := json.Unmarshal(r.body, &v); err != nil {
			t.Fatalf("%s: %v", c, err)
		}
		text := string(r.body)
		for _, want := range map[team.NoticeChannel][]string{
			team.BySlack: {`"type":"plain_text"`}, team.ByDiscord: {`"parse":[]`, `"content":`}, team.ByTeams: {"AdaptiveCard"},
			team.ByWebhook: {`"site":"example.com"`, `"kind":"spike"`, `"visitors":120`},
		}[c] {
			if !strings.Contains(text, want) {
				t.Errorf("%s: there is no %s in %s", c, want, text)
			}
		}
		if !strings.Contains(text, "120 visitors right now") {
			t.Errorf("%s does not say what happened", c)
		}
		signature := r.header.Get("X-Footfall-Signature")
		if c != team.ByWebhook {
			if signature != "" {
				t.Errorf("%s is signed", c)
			}
			continue
		}
		if stamp := r.header.Get("X-Footfall-Timestamp"); stamp != "1780000000" || signature != "sha256="+Signature("s3cret", stamp, r.body) {
			t.Errorf("signature %q of %q does not fit", signature, stamp)
		}
	}
}

func TestAReceiverThatRefusesOrSendsOnIsAnError(t *testing.T) {
	h := NewHooks(HookOptions{Private: true, Clock: time.Now})
	elsewhere := receive(t, 200, "")
	for _, r := range []*receiver{receive(t, 500, ""), receive(t, 302, elsewhere.URL), receive(t, 307, elsewhere.URL)} {
		err := h.Send(context.Background(), &team.Notice{Channel: team.BySlack, To: r.URL + "/secret-path"}, sample)
		if !errors.Is(err, ErrRefused) || strings.Contains(err.Error(), "secret-path") {
			t.Errorf("got %v, want ErrRefused without the address", err)
		}
	}
	if elsewhere.body != nil {
		t.Error("a hook was sent on elsewhere")
	}
	closed := receive(t, 200, "")
	closed.Close()
	if err := h.Send(context.Background(), &team.Notice{Channel: team.BySlack, To: closed.URL + "/secret-path"}, sample); err == nil || strings.Contains(err.Error(), "secret-path") {
		t.Errorf("nobody there: %v, want an error without the address", err)
	}
}

func TestLongNewsFitWhatChatsTake(t *testing.T) {
	long := *sample
	long.Tables = []Table{{"Pages", nil}}
	for range 400 {
		long.Tables[0].Rows = append(long.Tables[0].Rows, Row{strings.Repeat("ä", 50), "1"})
	}
	body, err := payload(team.ByDiscord, &long)
	var v struct{ Content string }
	if err != nil || json.Unmarshal(body, &v) != nil || len([]rune(v.Content)) != discordText {
		t.Errorf("%v: %d characters, want %d", err, len([]rune(v.Content)), discordText)
	}
}
