package snippet_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
)

func TestPackageDoesWhatTheTagDoes(t *testing.T) {
	s := newSite(t, nil)
	s.page("/", `<link rel=modulepreload href="/npm/index.js">`+stay+`<script type=module>
		import { init, track } from '/npm/index.js'
		track('early', {props: {a: 1}})
		init({domain: 'named.test', forms: true, outbound: false, downloads: ['iso'], exclude: ['/no', '/never/*'],
			props: n => ({of: n}), transform: e => e.n == 'dropped' ? null : e})
		init()
		track('late')
		track('dropped')
		window.track = track
	</script><a id=o href="https://elsewhere.test/">x</a><a id=d href="/x.iso">x</a><form><button id=b>x</button></form>`)
	s.open("/")
	s.await([]string{"pageview /", "early /", "late /"})
	s.js(`o.click(); d.click(); b.click(); history.pushState(0, '', '/no'); history.pushState(0, '', '/never/x'); history.pushState(0, '', '/yes')`)
	s.expect("pageview /", "early /", "late /", "click /", "submit /", "pageview /yes")
	s.props("early", `{"a":1,"of":"early"}`)
	if b := s.one("late"); b.D != "named.test" || b.path != "/api/event" {
		t.Errorf("got domain %q and path %q, want named.test and /api/event", b.D, b.path)
	}
}

func TestPackageIsLoadedWithoutAWindow(t *testing.T) {
	s := newSite(t, map[string]string{"/": ""})
	s.open("/")
	got, err := chromedp.Run(s.ctx, chromedp.Evaluate[string](fmt.Sprintf(`new Promise(resolve => {
		const worker = new Worker(URL.createObjectURL(new Blob([%q], {type: 'text/javascript'})), {type: 'module'})
		worker.onmessage = e => resolve(e.data)
		worker.onerror = e => resolve('error: ' + e.message)
	})`, `import { init, track } from '`+s.url("/npm/index.js")+`'; init(); track('x'); postMessage('quiet')`), chromedp.EvalAwaitPromise))
	if err != nil || got != "quiet" {
		t.Errorf("in a worker: got %q (%v), want quiet", got, err)
	}
}

// packageTest is the test below which sites embed the package instead of the script.
const packageTest = "TestPackageBehavesLikeTheScript"

// packageTag starts the package with the attributes of a tag.
const packageTag = `<meta id=options data-domain="%s" %s><script type=module>
	import { init } from '/npm/index.js'
	const options = {api: 'http://stats.test:%s/api/event', ...document.getElementById('options').dataset}
	for (const name in options) options[name] = {'': true, off: false}[options[name]] ?? options[name]
	if (options.downloads) options.downloads = options.downloads.split('|')
	if (options.transform) options.transform = window[options.transform]
	init(options)
</script>`

// TestPackageBehavesLikeTheScript runs the script's own tests on the package; left out
// are those of files by their names.
func TestPackageBehavesLikeTheScript(t *testing.T) {
	for name, test := range map[string]func(*testing.T){
		"first view":         TestFirstViewIsCountedOnce,
		"second start":       TestASecondTagOnThePageCountsNothing,
		"unused stub":        TestPageWithAnUnusedStubIsCounted,
		"in-app navigation":  TestInAppNavigationIsCountedWhenThePathChanges,
		"quick changes":      TestTwentyQuickPageChangesAreTwentyViews,
		"older browsers":     TestOlderBrowsersCountTheNextPageOfAnApplicationToo,
		"fragments":          TestFragmentsAreNoPagesUnlessAsked,
		"hash mode":          TestHashModeCountsRoutesWithoutTheirQueries,
		"hidden page":        TestHiddenPageIsCountedWhenItIsSeen,
		"background tab":     TestBackgroundTabIsCountedWhenItIsOpened,
		"back-forward cache": TestReturnFromTheBackForwardCacheIsAView,
		"manual mode":        TestManualModeCountsWhatThePageCalls,
		"query":              TestQueryIsReducedToTheCampaign,
		"referrer":           TestReferrerIsReducedAndDroppedInsideTheSite,
		"paths":              TestIncludedAndExcludedPaths,
		"request":            TestRequestCarriesNothingButTheBeacon,
		"endpoint":           TestEndpointFollowsTheScriptUnlessToldOtherwise,
		"storage":            TestNothingIsStoredInTheBrowser,
		"objectors":          TestObjectorsSendNothing,
		"change of mind":     TestObjectorsChangeTheirMind,
		"local hosts":        TestLocalHostsAreLeftOutUnlessAsked,
		"prerendering":       TestPrerenderedPageIsCountedWhenItIsVisited,
		"custom event":       TestCustomEventCarriesWhatItWasGiven,
		"early calls":        TestEarlyCallsAreSentInTheirOrder,
		"callback":           TestCallbackIsCalledOnceWhateverHappens,
		"outbound links":     TestOutboundLinksAreCounted,
		"middle clicks":      TestMiddleClicksCountAndRightClicksDoNot,
		"leaving clicks":     TestClickThatLeavesThePageIsCountedAndNotHeldUp,
		"downloads":          TestLinksThatMayBeDownloadsAreTold,
		"own downloads":      TestOwnKindsOfDownloadsAreTold,
		"parts turned off":   TestPartsCanBeTurnedOff,
		"forms":              TestFormsAreCountedWhenAsked,
		"tagged elements":    TestTaggedElementsSendTheirEventAndNoOther,
		"other attributes":   TestOtherAttributesStayInThePage,
		"only read":          TestTaggedElementsAreReadAndNotMadeAnew,
		"missing page":       TestMissingPageIsCountedOnceEvenIfItCallsForIt,
		"hook":               TestHookChangesAndDropsEvents,
		"debug":              TestDebugSaysWhyInTheConsole,
		"attention":          TestAttentionIsReportedInPartsThatAddUp,
		"pages of attention": TestAttentionBelongsToThePageItWasGivenTo,
		"closed tab":         TestAttentionOfAClosedTabArrives,
		"scroll depth":       TestScrollDepthIsTheDeepestPointOfThePage,
		"growing pages":      TestScrollDepthIsThatOfThePageThatWasRead,
		"hostile pages":      TestNothingIsThrownIntoHostilePages,
		"frozen prototypes":  TestPageWithFrozenPrototypesIsCounted,
	} {
		t.Run(name, test)
	}
}
