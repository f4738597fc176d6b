package notify

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"time"

	"github.com/wneessen/go-mail"
)

// Mail sends letters through the operator's SMTP server.
type Mail struct {
	host     string
	port     int
	user     string
	password string
	implicit bool // TLS from the first byte
	local    bool // on this machine, where TLS is optional
	from     string
}

// ErrMail is returned for settings that no mail can be sent with; the text says why.
var ErrMail = errors.New("mail")

// NewMail reads where mail goes: smtp://[user@]host[:587], where the connection
// must change to TLS unless the server is on this machine, or
// smtps://[user@]host[:465], which begins with it. The password does not stand in
// the address. from is the sender. Nothing is connected before Send.
func NewMail(address, password, from string) (*Mail, error) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.Scheme != "smtp" && u.Scheme != "smtps" || u.Path != "" && u.Path != "/" {
		return nil, fmt.Errorf("%w: want smtp://user@mail.example.com:587 or smtps://user@mail.example.com", ErrMail)
	}
	if _, has := u.User.Password(); has {
		return nil, fmt.Errorf("%w: the password does not belong into the address", ErrMail)
	}
	m := &Mail{host: u.Hostname(), port: 587, user: u.User.Username(), password: password, implicit: u.Scheme == "smtps", from: from}
	if m.implicit {
		m.port = 465
	}
	if p := u.Port(); p != "" {
		if m.port, err = strconv.Atoi(p); err != nil {
			return nil, fmt.Errorf("%w: %q is no port", ErrMail, p)
		}
	}
	ip := net.ParseIP(m.host)
	m.local = m.host == "localhost" || ip != nil && ip.IsLoopback()
	if err := mail.NewMsg().From(from); err != nil {
		return nil, fmt.Errorf("%w: the sender %q is no mail address", ErrMail, from)
	}
	return m, nil
}

// Letter is one mail.
type Letter struct {
	To, Subject string
	Text, HTML  string // HTML may be blank
}

// Send sends a letter. The error does not name the receiver.
func (m *Mail) Send(ctx context.Context, l Letter) error {
	msg := mail.NewMsg()
	if err := errors.Join(msg.From(m.from), msg.To(l.To)); err != nil {
		return fmt.Errorf("%w: sender or receiver is no mail address", ErrMail)
	}
	msg.Subject(l.Subject)
	msg.SetDate()
	msg.SetMessageID()
	// Answers by machines (out of office) are not wanted: RFC 3834.
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetBodyString(mail.TypeTextPlain, l.Text)
	if l.HTML != "" {
		msg.AddAlternativeString(mail.TypeTextHTML, l.HTML)
	}
	options := []mail.Option{mail.WithPort(m.port), mail.WithTimeout(20 * time.Second)}
	switch {
	case m.implicit:
		options = append(options, mail.WithSSL())
	case m.local:
		options = append(options, mail.WithTLSPolicy(mail.TLSOpportunistic))
	default:
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if m.user != "" {
		options = append(options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(m.user), mail.WithPassword(m.password))
	}
	client, err := mail.NewClient(m.host, options...)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrMail, err)
	}
	if err := client.DialAndSendWithContext(ctx, msg); err != nil {
		return fmt.Errorf("%w: %w", ErrMail, unaddressed(err))
	}
	return nil
}

// unaddressed is an error of sending without the receiver, whom both the library and
// the server's own words name.
func unaddressed(err error) error {
	var refused *mail.SendError
	if errors.As(err, &refused) {
		return fmt.Errorf("the server refused while %s (code %d)", refused.Reason, refused.ErrorCode())
	}
	return plain(err)
}
