// Package team is the part of the language that is about the people who run the
// sites: their accounts, what each may do where, and what they have handed out.
//
// It owns the roles and the rule who may do what, as one table, and the records
// that last. It must never see a visitor: what is kept here is about the team, and
// is there because somebody of the team typed it. No record holds an address or a
// user agent, the team's included (P1).
//
// Secrets are in no record: passwords are kept as argon2id hashes, tokens of
// sessions, links and invitations as SHA-256.
package team

import (
	"fmt"
	"strings"

	"footfall/aggregate"
)

// Role is what somebody is, on one site or in the whole installation. Each may do
// all that the ones before it may.
type Role uint8

// The roles. Nobody is the zero value.
const (
	Nobody Role = iota
	Viewer      // sees the figures
	Editor      // works on a site: goals, notes, settings
	Admin       // decides who else sees a site, and adds sites
	Owner       // may end things: sites, accounts, the data of years
)

var roleNames = [...]string{"", "viewer", "editor", "admin", "owner"}

// Roles are the roles that can be given, the least first.
func Roles() []Role { return []Role{Viewer, Editor, Admin, Owner} }

func (r Role) String() string {
	if int(r) < len(roleNames) {
		return roleNames[r]
	}
	return fmt.Sprintf("Role(%d)", uint8(r))
}

// ParseRole reads a role's name.
func ParseRole(s string) (Role, error) {
	for _, r := range Roles() {
		if strings.EqualFold(strings.TrimSpace(s), r.String()) {
			return r, nil
		}
	}
	return Nobody, fmt.Errorf("%q is no role: want owner, admin, editor or viewer", s)
}

// MarshalText writes the role's name; nobody is blank.
func (r Role) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (r *Role) UnmarshalText(text []byte) (err error) {
	*r = Nobody
	if len(text) > 0 {
		*r, err = ParseRole(string(text))
	}
	return err
}

// Action is what somebody wants to do: to a site, or to the installation.
type Action uint8

// Actions on a site.
const (
	See       Action = iota + 1 // read its figures
	Work                        // goals, notes, segments, reports of one's own
	Configure                   // change its settings
	Share                       // make figures public, hand out links and tokens
	People                      // say who works on it
	Reset                       // delete figures
	Delete                      // delete the site
	// Actions on the installation, where the site is blank.
	AddSite // count another site
	Staff   // see and change accounts, and roles in the whole installation
	Watch   // read who changed what
)

// least is the rule: what each action takes. An action that is not in it is
// nobody's.
var least = map[Action]Role{
	See: Viewer, Work: Editor, Configure: Editor, Share: Admin, People: Admin, Reset: Admin, Delete: Owner,
	AddSite: Admin, Staff: Admin, Watch: Admin,
}

// May reports whether the role is enough for the action.
func (r Role) May(a Action) bool {
	need, known := least[a]
	return known && r >= need
}

// Grants are the roles of one account.
type Grants struct {
	All   Role // in the whole installation
	Sites map[aggregate.Site]Role
}

// Role is the role on a site; for a blank site that in the installation.
func (g Grants) Role(site aggregate.Site) Role {
	if site == "" {
		return g.All
	}
	return max(g.All, g.Sites[site])
}
