package notify

import (
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-smtp"

	"footfall/ui/words"
)

// postOffice is a real mail server that keeps what it gets.
type postOffice struct {
	address string
	mu      sync.Mutex
	letters []posted
}

type posted struct {
	from, to, data string
}

func (p *postOffice) NewSession(*smtp.Conn) (smtp.Session, error) {
	return &postSession{office: p}, nil
}

type postSession struct {
	office *postOffice
	letter posted
}

func (s *postSession) Reset()                                      {}
func (s *postSession) Logout() error                               { return nil }
func (s *postSession) Mail(from string, _ *smtp.MailOptions) error { s.letter.from = from; return nil }
func (s *postSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	if s.letter.to = to; strings.HasPrefix(to, "nobody@") {
		return &smtp.SMTPError{Code: 550, Message: "there is no <" + to + "> here"}
	}
	return nil
}
func (s *postSession) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	s.letter.data = string(data)
	s.office.mu.Lock()
	defer s.office.mu.Unlock()
	s.office.letters = append(s.office.letters, s.letter)
	return err
}

func openPostOffice(t *testing.T) *postOffice {
	t.Helper()
	p := new(postOffice)
	server := smtp.NewServer(p)
	server.Domain = "post.example"
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.address = l.Addr().String()
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
	return p
}

func TestALetterArrivesInBothForms(t *testing.T) {
	office := openPostOffice(t)
	m, err := NewMail("smtp://"+office.address, "", "Footfall <footfall@example.com>")
	if err != nil {
		t.Fatal(err)
	}
	news := *sample
	news.locale = words.For("de")
	page, err := news.HTML()
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Send(context.Background(), Letter{To: "ada@example.com", Subject: "Besucher: üblich", Text: news.Text(), HTML: page}); err != nil {
		t.Fatal(err)
	}
	if len(office.letters) != 1 || office.letters[0].from != "footfall@example.com" || office.letters[0].to != "ada@example.com" {
		t.Fatalf("arrived: %+v", office.letters)
	}
	msg, err := mail.ReadMessage(strings.NewReader(office.letters[0].data))
	if err != nil {
		t.Fatal(err)
	}
	subject, _ := new(mime.WordDecoder).DecodeHeader(msg.Header.Get("Subject"))
	if subject != "Besucher: üblich" || msg.Header.Get("Auto-Submitted") != "auto-generated" || msg.Header.Get("Message-ID") == "" {
		t.Errorf("the headers are %v", msg.Header)
	}
	kind, params, err := mime.ParseMediaType(msg.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("the letter is %s (%v)", kind, err)
	}
	forms := map[string]string{}
	for parts := multipart.NewReader(msg.Body, params["boundary"]); ; {
		part, err := parts.NextRawPart()
		if err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(quotedprintable.NewReader(part))
		if err != nil {
			t.Fatal(err)
		}
		form, _, _ := mime.ParseMediaType(part.Header.Get("Content-Type"))
		forms[form] = string(text)
	}
	if got := strings.ReplaceAll(forms["text/plain"], "\r\n", "\n"); strings.TrimSpace(got) != strings.TrimSpace(news.Text()) {
		t.Errorf("the text is %q", got)
	}
	if got := forms["text/html"]; !strings.Contains(got, `lang="de"`) || !strings.Contains(got, "/&lt;b&gt;@everyone") || strings.Contains(got, "<img") {
		t.Errorf("the page is %s", got)
	}
}

func TestTheErrorOfALetterThatWasRefusedDoesNotNameTheReceiver(t *testing.T) {
	m, err := NewMail("smtp://"+openPostOffice(t).address, "", "footfall@example.com")
	if err != nil {
		t.Fatal(err)
	}
	err = m.Send(context.Background(), Letter{To: "nobody@example.com", Subject: "x", Text: "x"})
	if err == nil || strings.Contains(err.Error(), "nobody@") || !strings.Contains(err.Error(), "550") {
		t.Errorf("the error is %v", err)
	}
}

func TestMailThatCannotBeMeantIsRefused(t *testing.T) {
	for _, c := range [][2]string{
		{"mail.example.com", "a@example.com"}, {"http://mail.example.com", "a@example.com"}, {"smtp://", "a@example.com"},
		{"smtp://u:p@mail.example.com", "a@example.com"}, {"smtp://mail.example.com/x", "a@example.com"},
		{"smtp://mail.example.com:x", "a@example.com"}, {"smtp://mail.example.com", "nobody"}, {"smtp://mail.example.com", ""},
		{"smtp://mail.example.com", "a@example.com\r\nBcc: b@example.com"},
	} {
		if _, err := NewMail(c[0], "", c[1]); !errors.Is(err, ErrMail) {
			t.Errorf("%q from %q: %v, want ErrMail", c[0], c[1], err)
		}
	}
}

func TestALetterToACleverReceiverGoesNowhereElse(t *testing.T) {
	office := openPostOffice(t)
	m, err := NewMail("smtp://"+office.address, "", "footfall@example.com")
	if err != nil {
		t.Fatal(err)
	}
	for _, to := range []string{"", "x", "a@example.com\r\nBcc: b@example.com", "a@example.com, b@example.com"} {
		err := m.Send(context.Background(), Letter{To: to, Subject: "x", Text: "x"})
		if err == nil {
			t.Errorf("to %q: no error", to)
		}
	}
	if err := m.Send(context.Background(), Letter{To: "a@example.com", Subject: "x\r\nBcc: b@example.com", Text: "x"}); err != nil {
		t.Fatal(err)
	}
	if len(office.letters) != 1 || strings.Contains(office.letters[0].data, "\r\nBcc:") || office.letters[0].to != "a@example.com" {
		t.Errorf("arrived: %+v", office.letters)
	}
}
