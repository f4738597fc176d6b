package snippet_test

import "testing"

func TestFirstViewIsCountedOnce(t *testing.T) {
	s := newSite(t, map[string]string{"/": "TAG"})
	s.open("/")
	s.expect("pageview /")
}

func TestInAppNavigationIsCountedWhenThePathChanges(t *testing.T) {
	s := newSite(t, map[string]string{"/": "TAG"})
	s.open("/")
	s.js(`history.pushState(0, '', '/a'); history.pushState(0, '', '/a?x=1'); history.replaceState(0, '', '/b'); history.replaceState({}, '')`)
	s.expect("pageview /", "pageview /a", "pageview /b")
	s.js(`history.back()`)
	s.expect("pageview /", "pageview /a", "pageview /b", "pageview /a")
}
