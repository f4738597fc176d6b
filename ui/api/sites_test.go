package api

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"
)

// listed asks for pages of a list of numbers until there is no next one.
func listed(t *testing.T, n, limit int) (pages [][]int) {
	t.Helper()
	all := make([]int, n)
	for i := range all {
		all[n-1-i] = i // in no order
	}
	r := &sitesRequest{values: map[string]string{"limit": strconv.Itoa(limit)}}
	for {
		page, meta, err := paginate(r, all, func(i int) string { return fmt.Sprintf("%04d", i) })
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, slices.Clone(page))
		if meta.After == nil {
			return pages
		}
		r.values["after"] = *meta.After
	}
}

func TestPagesOfAListHoldEveryMemberOnce(t *testing.T) {
	for _, c := range []struct{ n, limit int }{{0, 5}, {1, 1}, {5, 5}, {6, 5}, {23, 5}} {
		pages := listed(t, c.n, c.limit)
		all := slices.Concat(pages...)
		if len(all) != c.n || !slices.IsSorted(all) || len(slices.Compact(slices.Clone(all))) != c.n {
			t.Errorf("%d members in pages of %d: %v", c.n, c.limit, pages)
		}
	}
}

func TestACursorWhoseMemberIsGoneStillHasAPlace(t *testing.T) {
	key := func(i int) string { return fmt.Sprintf("%04d", i) }
	r := &sitesRequest{values: map[string]string{"limit": "2"}}
	_, meta, err := paginate(r, []int{1, 2, 3, 4}, key)
	if err != nil {
		t.Fatal(err)
	}
	r.values["after"] = *meta.After
	if page, _, err := paginate(r, []int{1, 3, 4}, key); err != nil || !slices.Equal(page, []int{3, 4}) {
		t.Errorf("after the second, which is gone: %v (%v), want 3 and 4", page, err)
	}
}

// FuzzSitesRequest: whatever is sent to the sites API is read or refused, and any
// text for a cursor leads to some page.
func FuzzSitesRequest(f *testing.F) {
	f.Add("application/json", `{"site_id":"example.com","custom_props":{"a":"b"},"scroll_threshold":50}`, "MDAwMQ", "3")
	f.Add("application/x-www-form-urlencoded", "goal_type=event&event_name=Signup", "", "")
	f.Add("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"goal_type\"\r\n\r\npage\r\n--x--\r\n", "!", "0")
	f.Fuzz(func(t *testing.T, kind, body, cursor, limit string) {
		var ctx fasthttp.RequestCtx
		ctx.Request.Header.SetMethod("PUT")
		ctx.Request.Header.SetContentType(kind)
		ctx.Request.SetBodyString(body)
		r := &sitesRequest{RequestCtx: &ctx}
		if err := r.read(); err != nil {
			return
		}
		if goal, err := r.goal(); err == nil {
			if _, err := json.Marshal(showGoal(&goal)); err != nil || goal.Clean() != nil {
				t.Errorf("%q became the goal %+v (%v)", body, goal, err)
			}
		}
		r.values["after"], r.values["limit"] = cursor, limit
		page, meta, err := paginate(r, []string{"a", "b", "c"}, strings.Clone)
		if err == nil && (meta.Limit < 1 || len(page) > meta.Limit) {
			t.Errorf("a page of %d members, of at most %d", len(page), meta.Limit)
		}
	})
}
