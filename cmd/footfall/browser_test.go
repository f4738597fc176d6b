//go:build linux

package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// chromium finds the browser, under the names that systems give it.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{os.Getenv("CHROMIUM"), "chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); name != "" && err == nil {
			return path
		}
	}
	t.Fatal("this test needs Chromium and found none: install it (Debian, Ubuntu: apt-get install chromium) or name it in $CHROMIUM")
	return ""
}

// browse starts a Chromium for which every name is this machine.
func browse(t *testing.T) context.Context {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium(t)), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("enable-automation", false), chromedp.Flag("disable-blink-features", "AutomationControlled"),
		chromedp.Flag("user-agent", browsers[0]), // that of Chromium without a window is a robot's
		chromedp.Flag("host-resolver-rules", "MAP * 127.0.0.1"))
	root, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	browser, quit := chromedp.NewContext(root)
	t.Cleanup(quit)
	if err := chromedp.Do(browser, chromedp.Navigate("about:blank")); err != nil {
		t.Fatal(err)
	}
	return browser
}

// website serves three pages that link to each other, under any name.
func website(t *testing.T, tag string) (port string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, `<!doctype html><html><head><title>%s</title>%s</head><body><a id="next" href="%s">next</a></body></html>`,
			r.URL.Path, tag, map[string]string{"/": "/second?secret=1", "/second": "/third#part", "/third": "/"}[r.URL.Path])
	})}
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return port
}

// TestAVisitInABrowserShowsOnTheDashboard is the way of a beacon from end to end:
// a page with the script, three clicks, and a second tab that tells of them by
// itself.
func TestAVisitInABrowserShowsOnTheDashboard(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("site.test", noonZone())
	s := h.serve()
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(s.url, "http://"))
	web := website(t, `<script defer data-domain="site.test" src="http://stats.test:`+port+`/js/script.js"></script>`)
	browser := browse(t)

	open := func(url string) context.Context {
		t.Helper()
		tab, closeTab := chromedp.NewContext(browser)
		t.Cleanup(closeTab)
		tab, cancel := context.WithTimeout(tab, patience)
		t.Cleanup(cancel)
		if err := chromedp.Do(tab, chromedp.Navigate(url)); err != nil {
			t.Fatalf("%s: %v", url, err)
		}
		return tab
	}
	text := func(tab context.Context) string {
		t.Helper()
		shown, err := chromedp.Run(tab, chromedp.Evaluate[string]("document.body.innerText"))
		if err != nil {
			t.Fatal(err)
		}
		return shown
	}
	dashboard := open(s.url + "/site.test")
	// A mark on the page tells whether it was loaded again.
	if _, err := chromedp.Run(dashboard, chromedp.Evaluate[bool]("window.mark = true")); err != nil {
		t.Fatal(err)
	}
	if shown := text(dashboard); !strings.Contains(shown, "Waiting for the first visit") {
		t.Errorf("before the first visit the dashboard says\n%s", shown)
	}

	page := open("http://site.test:" + web + "/")
	for _, path := range []string{"/second", "/third"} {
		if err := chromedp.Do(page, chromedp.Click("#next")); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the page is "+path, func() bool {
			at, err := chromedp.Run(page, chromedp.Evaluate[string]("document.readyState + location.pathname"))
			return err == nil && at == "complete"+path
		})
	}
	eventually(t, "three pageviews are counted", func() bool { return s.today("site.test")[2] == 3 })
	counted := time.Now()
	shows := func() bool {
		shown, err := chromedp.Run(dashboard, chromedp.Evaluate[string](
			`[...document.querySelectorAll('.figure')].map(f => f.querySelector('.name').innerText + '=' + f.querySelector('.value').innerText.trim()).join(' ').toLowerCase()`))
		return err == nil && strings.Contains(shown, "visitors=1 ") && strings.Contains(shown, "pageviews=3")
	}
	eventually(t, "the dashboard shows one visitor and three pageviews", shows)
	if took := time.Since(counted); took > 2*time.Second {
		t.Errorf("the dashboard took %v to show the visit, want two seconds at most", took)
	}
	shown := text(dashboard)
	for _, want := range []string{"/second", "/third", "Chrome", "Direct"} {
		if !strings.Contains(shown, want) {
			t.Errorf("the dashboard lacks %q:\n%s", want, shown)
		}
	}
	if strings.Contains(shown, "secret") {
		t.Errorf("the dashboard shows a query:\n%s", shown)
	}
	marked, err := chromedp.Run(dashboard, chromedp.Evaluate[bool]("window.mark === true"))
	if err != nil || !marked {
		t.Errorf("the dashboard was loaded again (%v), want it to have changed by itself", err)
	}
	if got := fmt.Sprint(s.today("site.test")); got != "[1 1 3 3]" {
		t.Errorf("visitors, visits, pageviews, events are %s, want [1 1 3 3]", got)
	}
	nothingIsStored(t, page, "")
	s.stop()
}

// nothingIsStored proves P6 for a page that was visited and has these cookies of
// its own.
func nothingIsStored(t *testing.T, page context.Context, cookies string) {
	t.Helper()
	stored, err := chromedp.Run(page, chromedp.Evaluate[string](
		`document.cookie + '|' + localStorage.length + '|' + sessionStorage.length`))
	if err != nil || stored != cookies+"|0|0" {
		t.Errorf("cookies, local and session storage hold %q (%v), want no more than the page's own %q", stored, err, cookies)
	}
}
