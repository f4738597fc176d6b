package snippet_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
	"github.com/valyala/fasthttp"

	"footfall/snippet"
)

// patience is how long a browser may take for anything before a test gives up.
const patience = 10 * time.Second

// browser is the one Chromium that all tests share, with one tab: a new one takes
// longer than most tests. Every site has a host of its own, and so a storage and
// beacons of its own.
var browser struct {
	once sync.Once
	ctx  context.Context
	err  error
	stop []func()
	web  *web
}

func TestMain(m *testing.M) {
	code := m.Run()
	for i := len(browser.stop) - 1; i >= 0; i-- {
		browser.stop[i]()
	}
	os.Exit(code)
}

// chromium finds the browser, under the names that systems give it.
func chromium() (string, error) {
	for _, name := range []string{os.Getenv("CHROMIUM"), "chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if name == "" {
			continue
		}
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("these tests need Chromium and found none: install it (Debian, Ubuntu: apt-get install chromium) or name it in $CHROMIUM")
}

func startBrowser() {
	path, err := chromium()
	if err != nil {
		browser.err = err
		return
	}
	browser.web, browser.err = startWeb()
	if browser.err != nil {
		return
	}
	flags := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.NoSandbox, // the tests run as root in containers
		chromedp.DisableGPU,
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("enable-automation", false),
		chromedp.Flag("disable-blink-features", "AutomationControlled"),
		// Every name is this machine, so that pages have real host names.
		chromedp.Flag("host-resolver-rules", "MAP * 127.0.0.1"),
	)
	ctx, stop := chromedp.NewExecAllocator(context.Background(), flags...)
	browser.stop = append(browser.stop, stop)
	browser.ctx, stop = chromedp.NewContext(ctx)
	browser.stop = append(browser.stop, stop)
	browser.err = chromedp.Do(browser.ctx)
}

// beacon is what the script sent, and what came with it.
type beacon struct {
	N         name              `json:"n"`
	U         string            `json:"u"`
	D         string            `json:"d"`
	R         string            `json:"r"`
	P         map[string]any    `json:"props"`
	Plausible map[string]any    `json:"p"` // properties under the name of Plausible's hooks
	S         map[string]string `json:"revenue"`
	T         [2][]string       `json:"t"` // words of the tag, and of the element
	L         *string           `json:"l"`
	K         *[2]*string       `json:"k"` // kinds of downloads, and whether other hosts count
	I         *bool             `json:"interactive"`
	SD        *float64          `json:"sd"`
	E         *float64          `json:"e"`

	body, path, header string
}

// name is a text or, of a missing page, a number.
type name string

func (n *name) UnmarshalJSON(text []byte) error {
	*n = name(strings.Trim(string(text), `"`))
	return nil
}

func (b beacon) String() string { return b.body }

// web is the network of the tests: a site of any name, made of the pages that a
// test gives it, the script, and an endpoint that writes down what arrives.
type web struct {
	addr  string
	mu    sync.Mutex
	pages map[string]string // by host and path; status first when not 200
	got   map[string][]beacon
	drop  map[string]string // host -> reason
	seen  map[string][]string
}

func startWeb() (*web, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	w := &web{
		addr:  l.Addr().String()[len("127.0.0.1:"):],
		pages: map[string]string{}, got: map[string][]beacon{}, drop: map[string]string{}, seen: map[string][]string{},
	}
	server := &fasthttp.Server{Handler: w.serve, NoDefaultServerHeader: true}
	go server.Serve(l)
	browser.stop = append(browser.stop, func() { l.Close() })
	return w, nil
}

func (w *web) serve(ctx *fasthttp.RequestCtx) {
	path := string(ctx.Path())
	host, _, _ := strings.Cut(string(ctx.Host()), ":")
	switch {
	case path == "/js/set.js":
		snippet.Serve(ctx, "script.js", map[string]string{"hash": "", "outbound": "off", "domain": "set.test"})
	case snippet.Match(path):
		snippet.Handler(ctx)
	case path == "/npm/index.js":
		// SendFile would leave a compressed copy beside the file.
		text, err := os.ReadFile("npm/index.js")
		if err != nil {
			ctx.SetStatusCode(fasthttp.StatusNotFound)
		}
		ctx.SetContentType("text/javascript")
		ctx.SetBody(text)
	case strings.HasSuffix(path, "/event"):
		w.take(ctx, path)
	default:
		w.mu.Lock()
		page, ok := w.pages[host+path]
		w.seen[host] = append(w.seen[host], string(ctx.RequestURI()))
		w.mu.Unlock()
		if !ok {
			ctx.SetStatusCode(fasthttp.StatusNotFound)
			page = w.pages[host+"/404"]
		}
		if path == "/strict" {
			ctx.Response.Header.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; connect-src 'self'; img-src data:; require-trusted-types-for 'script'")
		}
		ctx.SetContentType("text/html; charset=utf-8")
		ctx.SetBodyString(page)
	}
}

// take writes a beacon down under the host of its u.
func (w *web) take(ctx *fasthttp.RequestCtx, path string) {
	ctx.Response.Header.Set("Access-Control-Allow-Origin", "*")
	ctx.Response.Header.Set("Access-Control-Expose-Headers", "x-footfall-dropped")
	b := beacon{body: string(ctx.PostBody()), path: path, header: ctx.Request.Header.String()}
	if err := json.Unmarshal([]byte(b.body), &b); err != nil {
		b.N = name("unreadable: " + err.Error())
	}
	site := strings.SplitN(b.U+"///", "/", 4)[2]
	site, _, _ = strings.Cut(site, ":")
	w.mu.Lock()
	w.got[site] = append(w.got[site], b)
	if reason := w.drop[site]; reason != "" {
		ctx.Response.Header.Set("x-footfall-dropped", reason)
	}
	w.mu.Unlock()
	ctx.SetStatusCode(fasthttp.StatusAccepted)
	ctx.SetBodyString("ok")
}

// forget drops the beacons of a host that no test has for itself.
func (w *web) forget(host string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.got, host)
}

var sites atomic.Int64

// site is one website in one tab.
type site struct {
	t        *testing.T
	ctx      context.Context
	host     string
	packaged bool // its pages start the npm package where others have the tag
}

// newSite makes a website. A page's text is its body; "TAG" in it stands for the
// usual script tag.
func newSite(t *testing.T, pages map[string]string) *site {
	t.Helper()
	browser.once.Do(startBrowser)
	if browser.err != nil {
		t.Fatal(browser.err)
	}
	s := &site{t: t, ctx: browser.ctx, host: fmt.Sprintf("site%d.test", sites.Add(1)),
		packaged: strings.HasPrefix(t.Name(), packageTest+"/")}
	for path, body := range pages {
		s.page(path, body)
	}
	return s
}

// tag is what embeds the tracker: the script tag with these attributes, or what starts
// the package with options of the same meaning.
func (s *site) tag(attributes string) string {
	if s.packaged {
		return fmt.Sprintf(packageTag, s.host, attributes, browser.web.addr)
	}
	return s.tagOf("script.js", attributes)
}

func (s *site) tagOf(name, attributes string) string {
	return fmt.Sprintf(`<script defer data-domain="%s" %s src="http://stats.test:%s/js/%s"></script>`, s.host, attributes, browser.web.addr, name)
}

func (s *site) url(path string) string { return "http://" + s.host + ":" + browser.web.addr + path }

// do runs steps in the tab, within patience.
func (s *site) do(steps ...chromedp.Action[chromedp.Void]) {
	s.t.Helper()
	if err := chromedp.Do(s.ctx, steps...); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) open(path string) {
	s.t.Helper()
	s.do(chromedp.Navigate(s.url(path)))
}

func (s *site) js(code string) {
	s.t.Helper()
	s.do(chromedp.Evaluate[chromedp.Void](code))
}

func (s *site) beacons() []beacon {
	browser.web.mu.Lock()
	defer browser.web.mu.Unlock()
	return append([]beacon(nil), browser.web.got[s.host]...)
}

// brief says what matters of a beacon in one line: its name and path.
func (s *site) brief(b beacon) string {
	return string(b.N) + " " + strings.TrimPrefix(b.U, "http://"+s.host+":"+browser.web.addr)
}

// expect waits until the beacons that are no engagement are exactly those, in
// any order, then makes sure that nothing more was on its way.
func (s *site) expect(want ...string) {
	s.t.Helper()
	s.await(want)
	s.js(`plausible('the end', {u: 'http://` + s.host + `/'})`)
	s.await(append(want, "the end http://"+s.host+"/"))
	browser.web.mu.Lock()
	defer browser.web.mu.Unlock()
	kept := browser.web.got[s.host][:0]
	for _, b := range browser.web.got[s.host] {
		if b.N != "the end" {
			kept = append(kept, b)
		}
	}
	browser.web.got[s.host] = kept
}

func (s *site) await(want []string) {
	s.t.Helper()
	var got []string
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		got = got[:0]
		for _, b := range s.beacons() {
			if b.N != "engagement" {
				got = append(got, s.brief(b))
			}
		}
		if sameLines(got, want) {
			return
		}
		if len(got) > len(want) {
			break
		}
	}
	s.t.Fatalf("beacons\n got %q\nwant %q", got, want)
}

func sameLines(a, b []string) bool {
	count := map[string]int{}
	for _, line := range a {
		count[line]++
	}
	for _, line := range b {
		count[line]--
	}
	for _, n := range count {
		if n != 0 {
			return false
		}
	}
	return len(a) == len(b)
}

func itoa(n int) string { return strconv.Itoa(n) }

// page adds a page after the site was made, for bodies that name its host.
func (s *site) page(path, body string) {
	browser.web.mu.Lock()
	defer browser.web.mu.Unlock()
	browser.web.pages[s.host+path] = "<!doctype html><meta charset=utf-8><link rel=icon href=data:,>" + strings.ReplaceAll(body, "TAG", s.tag(""))
}

// inAWindow gives the site a window of its own, for tests with several tabs.
func (s *site) inAWindow() *site {
	ctx, cancel := chromedp.NewContext(browser.ctx, chromedp.WithNewBrowserContext())
	s.t.Cleanup(cancel)
	s.ctx = ctx
	s.do()
	return s
}

// before runs code in every page of the tab before the page's own.
func (s *site) before(code string) {
	s.t.Helper()
	script, err := chromedp.Call(s.ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: code})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		chromedp.Call(s.ctx, page.RemoveScriptToEvaluateOnNewDocument, page.RemoveScriptToEvaluateOnNewDocumentParams(script))
	})
}

// called runs code that has a function done, and returns what done was called
// with: an answer's status, an error, or a reason.
func (s *site) called(code string) string {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.ctx, patience)
	defer cancel()
	got, err := chromedp.Run(ctx, chromedp.Evaluate[string](`new Promise(resolve => {
		const done = value => resolve(String(value?.status || value))
		`+code+`
	})`, chromedp.EvalAwaitPromise))
	if err != nil {
		s.t.Fatalf("%s: %v", code, err)
	}
	return got
}

// nothing makes sure that nothing was sent: a request of the page's own, made
// now, has come through and no beacon before it.
func (s *site) nothing() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.ctx, patience)
	defer cancel()
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[int](`fetch('/marker').then(r => r.status)`, chromedp.EvalAwaitPromise)); err != nil {
		s.t.Fatal(err)
	}
	if got := s.beacons(); len(got) > 0 {
		s.t.Fatalf("got beacons %v, want none", got)
	}
}

// attach opens a context on a tab that is there already.
func (s *site) attach(id string) context.Context {
	ctx, cancel := chromedp.NewContext(s.ctx, chromedp.WithTargetID(target.ID(id)))
	s.t.Cleanup(cancel)
	return ctx
}
