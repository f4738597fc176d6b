package team

import (
	"errors"
	"testing"
)

func TestNoticesThatCannotBeMeantAreRefused(t *testing.T) {
	good := []Notice{
		{Kind: Weekly, Channel: ByMail, To: "ada@example.com"}, {Kind: Spike, Channel: BySlack, To: "https://hooks.example.com/x", Level: 1},
		{Kind: Drop, Channel: ByWebhook, To: "http://example.com:8080/x?y", Level: MaxLevel},
	}
	for _, n := range good {
		if err := n.Check(); err != nil {
			t.Errorf("%+v: %v", n, err)
		}
	}
	for _, n := range []Notice{
		{Kind: "daily", Channel: ByMail, To: "ada@example.com"}, {Kind: Weekly, Channel: "fax", To: "ada@example.com"},
		{Kind: Weekly, Channel: ByMail, To: "Ada <ada@example.com>"}, {Kind: Weekly, Channel: ByMail, To: "ada"},
		{Kind: Weekly, Channel: ByMail, To: "ada@example.com\nBcc:b@example.com"}, {Kind: Weekly, Channel: BySlack, To: "ada@example.com"},
		{Kind: Weekly, Channel: BySlack, To: "file:///etc/passwd"}, {Kind: Weekly, Channel: BySlack, To: "https://u:p@example.com/"},
		{Kind: Spike, Channel: ByMail, To: "ada@example.com"}, {Kind: Weekly, Channel: ByMail, To: "ada@example.com", Level: 5},
		{Kind: Spike, Channel: ByMail, To: "ada@example.com", Level: MaxLevel + 1},
	} {
		if err := n.Check(); !errors.Is(err, ErrNotice) {
			t.Errorf("%+v: %v, want ErrNotice", n, err)
		}
	}
}
