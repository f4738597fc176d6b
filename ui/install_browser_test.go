package ui

import (
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"footfall/aggregate"

	"github.com/chromedp/chromedp"
	"github.com/valyala/fasthttp"
)

// optOutScript gives a stand the script of the opt-out page, which the server
// takes from another room.
func optOutScript(t *testing.T, s *stand) {
	t.Helper()
	script, err := os.ReadFile("../snippet/optout.js")
	if err != nil {
		t.Fatal(err)
	}
	s.beside = func(ctx *fasthttp.RequestCtx) bool {
		if string(ctx.Path()) != "/js/opt-out.js" {
			return false
		}
		ctx.SetContentType("text/javascript")
		ctx.SetBody(script)
		return true
	}
}

func installTurnsGreen(t *testing.T, b *tab) {
	asker := &fakeAsker{}
	ledger := &movingLedger{}
	s := serve(t, asker, func(o *Options) { o.Ledger = ledger })
	b.open(t, s.url+"/example.com/install")
	b.until(t, `document.querySelector('.arrival').dataset.state === 'waiting'`)
	evaluate[bool](t, b, `(document.querySelector('#recipe-nginx').closest('details').open = true)`)
	ledger.bots.Store(3)
	s.tick(mostAge)
	b.until(t, `document.querySelector('.arrival').dataset.state === 'refusing' && document.querySelector('.refusals').innerText.includes('3 × bot')`)
	asker.set(func(f *fakeAsker) { f.visitor = 28 })
	s.tick(mostAge)
	b.until(t, `document.querySelector('.arrival').dataset.state === 'counting' && document.title.startsWith('✓')`)
	if !evaluate[bool](t, b, `document.querySelector('#recipe-nginx').closest('details').open`) {
		t.Error("the recipe that the reader opened was closed")
	}
	b.quiet(t)
}

type movingLedger struct{ bots atomic.Int64 }

func (l *movingLedger) Refusals(aggregate.Site, aggregate.Day) (map[string]int64, error) {
	if n := l.bots.Load(); n > 0 {
		return map[string]int64{"bot": n}, nil
	}
	return nil, aggregate.ErrDayClosed
}

func switchesApplyByThemselves(t *testing.T, b *tab) {
	s := serve(t, &fakeAsker{})
	b.open(t, s.url+"/example.com/install")
	b.until(t, `document.querySelector('.apply').hidden`)
	if err := chromedp.Do(b, chromedp.Click(`[name=forms]`), chromedp.Click(`[name=own]`), chromedp.SendKeys(`[name=exclude]`, "/admin/**")); err != nil {
		t.Fatal(err)
	}
	b.until(t, `document.getElementById('tag').textContent === '<script defer data-domain="example.com" data-forms data-exclude="/admin/**" src="/footfall/js/script.js"></'+'script>'`)
	b.until(t, `location.search.includes('forms=on') && document.querySelector('[name=exclude]') === document.activeElement`)
	b.quiet(t)
}

func optOutPageInABrowser(t *testing.T, b *tab) {
	s := serve(t, fullAsker())
	optOutScript(t, s)
	url := strings.Replace(s.url, "127.0.0.1", "site.localhost", 1)
	b.open(t, url+"/opt-out?lang=de")
	b.until(t, `document.querySelector('[data-footfall-opt-out]').textContent === 'Meine Besuche nicht zählen'`)
	if err := chromedp.Do(b, chromedp.Click(`[data-footfall-opt-out]`)); err != nil {
		t.Fatal(err)
	}
	b.until(t, `localStorage.plausible_ignore === 'true' && document.querySelector('[role=status]').textContent.includes('nicht gezählt')`)
	b.open(t, url+"/opt-out?lang=en&site=site.localhost")
	b.until(t, `document.querySelector('[data-footfall-opt-out]').textContent === 'Count my visits again'`)
	if err := chromedp.Do(b, chromedp.Click(`[data-footfall-opt-out]`)); err != nil {
		t.Fatal(err)
	}
	b.until(t, `localStorage.length === 0 && document.cookie === ''`)
	b.open(t, url+"/opt-out?lang=en&site=example.com")
	b.until(t, `document.querySelector('[role=status]').textContent.includes('does not reach example.com') && document.querySelector('[data-footfall-opt-out]').hidden`)
	b.quiet(t)
}
