package team

import (
	"testing"

	"footfall/aggregate"
)

func TestEachRoleMayAllThatTheOnesBeforeItMay(t *testing.T) {
	for action := See; action <= Watch; action++ {
		if _, known := least[action]; !known {
			t.Errorf("action %d is in no rule", action)
		}
		if Nobody.May(action) {
			t.Errorf("nobody may do action %d", action)
		}
		allowed := false
		for _, r := range Roles() {
			if allowed && !r.May(action) {
				t.Errorf("%v may not do action %d, though a lesser role may", r, action)
			}
			allowed = r.May(action)
		}
		if !allowed {
			t.Errorf("not even an owner may do action %d", action)
		}
	}
	if Owner.May(0) || Owner.May(Watch+1) {
		t.Error("an owner may do what is no action")
	}
}

func TestTheRoleOnASiteIsTheGreaterOfTwo(t *testing.T) {
	g := Grants{All: Editor, Sites: map[aggregate.Site]Role{"a.example": Owner, "b.example": Viewer}}
	for site, want := range map[aggregate.Site]Role{"": Editor, "a.example": Owner, "b.example": Editor, "c.example": Editor} {
		if got := g.Role(site); got != want {
			t.Errorf("the role on %q is %v, want %v", site, got, want)
		}
	}
	if got := (Grants{Sites: map[aggregate.Site]Role{"a.example": Owner}}).Role("b.example"); got != Nobody {
		t.Errorf("an owner of one site is %v on another, want nobody", got)
	}
}

func TestRolesAreReadAsTheyAreWritten(t *testing.T) {
	for _, r := range append(Roles(), Nobody) {
		text, err := r.MarshalText()
		var back Role
		if err != nil || back.UnmarshalText(text) != nil || back != r {
			t.Errorf("%v is written %q and read as %v", r, text, back)
		}
	}
	if _, err := ParseRole("root"); err == nil {
		t.Error("root is a role")
	}
}
