package ui

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"
)

func TestAReaderOnThisMachineNeedsNoAccountWhereThatIsSwitchedOn(t *testing.T) {
	s := serve(t, fullAsker())
	port := s.url[strings.LastIndex(s.url, ":"):]
	for _, host := range []string{"127.0.0.1" + port, "localhost" + port, "LOCALHOST", "[::1]" + port, "127.8.8.8"} {
		answer, _ := s.get(t, "/example.com", "Host: "+host)
		wantStatus(t, answer, 200)
	}
	shut := serve(t, fullAsker(), func(o *Options) { o.Access.Local = false })
	answer, _ := shut.get(t, "/example.com")
	wantStatus(t, answer, 401)
}

func TestAProxyOnThisMachineOpensNothing(t *testing.T) {
	s := serve(t, fullAsker())
	for _, header := range []string{"X-Forwarded-For: 203.0.113.5", "X-Forwarded-For: 127.0.0.1", "X-Forwarded-Proto: https", "x-forwarded-host: localhost",
		"Forwarded: for=127.0.0.1", "Via: 1.1 proxy", "X-Real-IP: 127.0.0.1", "CF-Connecting-IP: 127.0.0.1", "True-Client-IP: ::1"} {
		answer, body := s.get(t, "/example.com", header)
		if answer.StatusCode != 401 || strings.Contains(body, "18,342") {
			t.Errorf("with %q: status %d, want 401 and no figure", header, answer.StatusCode)
		}
	}
	// nginx without further settings: HTTP/1.0, and its upstream's address as the host.
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := fmt.Fprintf(conn, "GET /example.com HTTP/1.0\r\nHost: %s\r\nConnection: close\r\n\r\n", strings.TrimPrefix(s.url, "http://")); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil || !strings.Contains(line, " 401 ") {
		t.Errorf("HTTP/1.0 is answered %q (%v), want 401", line, err)
	}
}

func TestANameThatPointsHereOpensNothing(t *testing.T) {
	s := serve(t, fullAsker(), func(o *Options) { o.Access.Hosts = []string{"Counter.lan:8080"} })
	for host, want := range map[string]int{"evil.example": 401, "127.0.0.1.evil.example": 401, "localhost.evil.example": 401, "192.0.2.7": 401,
		"counter.lan": 200, "counter.lan:99": 200} {
		answer, _ := s.get(t, "/example.com", "Host: "+host)
		if answer.StatusCode != want {
			t.Errorf("host %s: status %d, want %d", host, answer.StatusCode, want)
		}
	}
	for mode, want := range map[string]int{"navigate": 200, "no-cors": 401, "cors": 401} {
		answer, _ := s.get(t, "/example.com", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: "+mode)
		if answer.StatusCode != want {
			t.Errorf("asked by another site, mode %s: status %d, want %d", mode, answer.StatusCode, want)
		}
	}
}

// away makes a request look like one that came through a proxy.
const away = "X-Forwarded-For: 203.0.113.5"

func TestATokenOpensItsSites(t *testing.T) {
	s := serve(t, fullAsker())
	for _, c := range []struct {
		token, path string
		want        int
	}{
		{"all", "/example.com", 200}, {"all", "/shop.example.com", 200}, {"all", "/", 200}, {"all", "/nothing.example", 404},
		{"one", "/example.com", 200}, {"one", "/shop.example.com", 403}, {"one", "/nothing.example", 403},
		{"wrong", "/example.com", 403}, {"wrong", "/", 403}, {"", "/example.com", 401}, {"", "/", 401},
	} {
		answer, _ := s.get(t, c.path, away, "Authorization: Bearer "+c.token)
		if answer.StatusCode != c.want {
			t.Errorf("token %q at %s: status %d, want %d", c.token, c.path, answer.StatusCode, c.want)
		}
	}
	_, body := s.get(t, "/", away, "Authorization: bearer one")
	wantText(t, body, `href="/example.com"`)
	if strings.Contains(body, "shop.example.com") {
		t.Error("the overview names a site that the token does not open")
	}
	answer, _ := s.get(t, "/example.com?token=all&key=all&access_token=all", away)
	wantStatus(t, answer, 401)
}
