package notify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"syscall"
	"time"

	"footfall/aggregate/team"
)

// HookOptions are what a Hooks is made of.
type HookOptions struct {
	// Private lets hooks lead to addresses that are not on the public internet, and
	// be called without TLS.
	Private bool
	Clock   func() time.Time
}

// Hooks calls hooks.
type Hooks struct {
	client  *http.Client
	private bool
	clock   func() time.Time
}

// Errors of sending.
var (
	// ErrGuarded: the hook leads to where hooks must not.
	ErrGuarded = errors.New("hooks lead to the public internet, by https")
	// ErrRefused: whoever was called did not take it.
	ErrRefused = errors.New("the receiver refused it")
)

// hookTime is how long a call may take, everything included.
const hookTime = 15 * time.Second

// NewHooks makes one. Nothing is called before Send.
func NewHooks(o HookOptions) *Hooks {
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	if !o.Private {
		// Looked at is the address that is really dialled: names may change their mind.
		dialer.Control = func(_, address string, _ syscall.RawConn) error { return guard(address) }
	}
	return &Hooks{private: o.Private, clock: o.Clock, client: &http.Client{
		Timeout:       hookTime,
		Transport:     &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true, MaxResponseHeaderBytes: 64 << 10},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// guard refuses addresses that are not on the public internet.
func guard(address string) error {
	a, err := netip.ParseAddrPort(address)
	if err != nil || !public(a.Addr()) {
		return ErrGuarded
	}
	return nil
}

// special are networks that no public service is in, besides those that netip
// knows: RFC 6890 and its successors, and the ways to write IPv4 within IPv6.
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("64:ff9b::/96"),
	netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("2001::/23"), netip.MustParsePrefix("2001:db8::/32"),
	netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("100::/64"), netip.MustParsePrefix("fec0::/10"), netip.MustParsePrefix("::/96"),
}

func public(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() {
		return false
	}
	for _, p := range special {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// Send calls the hook of a notice. The error wraps ErrGuarded or ErrRefused, or is
// that of the network; it never names the address, which is a secret of a kind.
func (h *Hooks) Send(ctx context.Context, n *team.Notice, news *News) error {
	u, err := url.Parse(n.To)
	if err != nil || u.Scheme != "https" && !h.private {
		return ErrGuarded
	}
	body, err := payload(n.Channel, news)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, n.To, bytes.NewReader(body))
	if err != nil {
		return ErrGuarded
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "footfall")
	if n.Channel == team.ByWebhook {
		stamp := strconv.FormatInt(h.clock().Unix(), 10)
		req.Header.Set("X-Footfall-Timestamp", stamp)
		req.Header.Set("X-Footfall-Signature", "sha256="+Signature(n.Secret, stamp, body))
	}
	resp, err := h.client.Do(req)
	if err != nil {
		return plain(err)
	}
	defer resp.Body.Close()
	_, _ = io.CopyN(io.Discard, resp.Body, 4<<10) // what it says does not matter
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Errorf("%w: status %d", ErrRefused, resp.StatusCode)
	}
	return nil
}

// plain is a network error without the address that it happened at.
func plain(err error) error {
	var at *url.Error
	if errors.As(err, &at) {
		err = at.Err
	}
	if errors.Is(err, ErrGuarded) {
		return ErrGuarded
	}
	var op *net.OpError
	var name *net.DNSError
	switch {
	case errors.As(err, &name):
		return errors.New("the name of the receiver is not known")
	case errors.As(err, &op):
		return fmt.Errorf("the receiver cannot be reached: %w", op.Err)
	}
	return err
}

// Signature is what a webhook of ours is signed with: the HMAC-SHA-256, in hex, of
// its timestamp, a dot and its body. Whoever checks it should also refuse old
// timestamps.
func Signature(secret, stamp string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(stamp + "."))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

// Lengths at which chats refuse a text.
const (
	discordText = 1900 // of 2,000 characters
	slackText   = 2900 // of 3,000 in a section
)

// payload is the news as a channel takes them.
func payload(c team.NoticeChannel, n *News) ([]byte, error) {
	var v any
	switch c {
	case team.BySlack:
		v = map[string]any{"text": n.Title, "blocks": []any{map[string]any{"type": "section",
			"text": map[string]any{"type": "plain_text", "text": cut(n.Text(), slackText)}}}}
	case team.ByDiscord:
		// Nobody is called by a page whose path says @everyone.
		v = map[string]any{"content": cut(n.Text(), discordText), "allowed_mentions": map[string]any{"parse": []string{}}}
	case team.ByTeams:
		v = map[string]any{"type": "message", "attachments": []any{map[string]any{
			"contentType": "application/vnd.microsoft.card.adaptive",
			"content": map[string]any{"type": "AdaptiveCard", "version": "1.4", "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
				"body": []any{
					map[string]any{"type": "TextBlock", "size": "Medium", "weight": "Bolder", "wrap": true, "text": n.Title},
					map[string]any{"type": "RichTextBlock", "inlines": []any{map[string]any{"type": "TextRun", "text": n.Text()}}},
				}},
		}}}
	default:
		v = struct {
			Site    string             `json:"site"`
			Kind    team.NoticeKind    `json:"kind"`
			Title   string             `json:"title"`
			First   string             `json:"first,omitempty"`
			Last    string             `json:"last,omitempty"`
			Metrics map[string]float64 `json:"metrics"`
			Text    string             `json:"text"`
			Link    string             `json:"link,omitempty"`
		}{string(n.Site), n.Kind, n.Title, n.First, n.Last, n.Values, n.Text(), n.Link}
	}
	return json.Marshal(v)
}

// cut shortens a text to so many characters.
func cut(s string, most int) string {
	runes := []rune(s)
	if len(runes) <= most {
		return s
	}
	return string(runes[:most-1]) + "…"
}
