package account

import (
	"cmp"
	"crypto/hmac"
	"errors"
	"slices"
	"time"

	"footfall/aggregate"
	"footfall/aggregate/team"
)

// InvitationLasts is how long an invitation can be used.
const InvitationLasts = 7 * 24 * time.Hour

// invitationsAtMost is how many may be open for a site.
const invitationsAtMost = 100

// ErrInvitation is returned for an invitation that opens nothing (any more).
var ErrInvitation = errors.New("this invitation is used up, too old or mistyped")

// Invitation is one that is open.
type Invitation struct {
	ID      uint32
	Site    aggregate.Site // blank: the whole installation
	Role    team.Role
	Note    string
	Expires time.Time
}

// Invite makes a link by which one person gets a role: on a site, or in the whole
// installation where it is blank. by is the role of who invites, which nobody can
// exceed. The errors are ErrRole and that of the shelf.
func (b *Book) Invite(site aggregate.Site, role, by team.Role, note string) (token string, err error) {
	if role == team.Nobody || role > by {
		return "", ErrRole
	}
	token, sum, err := b.token()
	if err != nil {
		return "", err
	}
	b.change.Lock()
	defer b.change.Unlock()
	now := b.o.Clock().Unix()
	for id, i := range b.o.Invitations.All() {
		if i.Expires <= now {
			if err := b.o.Invitations.Remove(id); err != nil {
				return "", err
			}
		}
	}
	if len(b.Invitations(site)) >= invitationsAtMost {
		return "", ErrInvitation
	}
	_, err = b.o.Invitations.Add(team.Invitation{Site: site, Role: role, Token: sum, Note: shortened(note, 100),
		Expires: now + int64(InvitationLasts/time.Second)})
	return token, err
}

// Invitations are those for a site that are open, the first made first.
func (b *Book) Invitations(site aggregate.Site) []Invitation {
	var all []Invitation
	for id, i := range b.o.Invitations.All() {
		if i.Site == site && i.Expires > b.o.Clock().Unix() {
			all = append(all, invitationOf(id, &i))
		}
	}
	slices.SortFunc(all, func(x, y Invitation) int { return cmp.Compare(x.ID, y.ID) })
	return all
}

func invitationOf(id uint32, i *team.Invitation) Invitation {
	return Invitation{id, i.Site, i.Role, i.Note, time.Unix(i.Expires, 0)}
}

// Uninvite takes an invitation for a site back; one for another site is none.
func (b *Book) Uninvite(site aggregate.Site, id uint32) error {
	b.change.Lock()
	defer b.change.Unlock()
	if i, ok := b.o.Invitations.All()[id]; !ok || i.Site != site {
		return nil
	}
	return b.o.Invitations.Remove(id)
}

// Invitation is the open one of a token.
func (b *Book) Invitation(token string) (Invitation, bool) {
	sum := digest(token)
	for id, i := range b.o.Invitations.All() {
		if hmac.Equal(i.Token, sum) {
			return invitationOf(id, &i), i.Expires > b.o.Clock().Unix()
		}
	}
	return Invitation{}, false
}

// Join makes an account by an invitation, which is used up. The errors are
// ErrInvitation and those of Add; after the latter it can be used again.
func (b *Book) Join(token, email, password string) (Member, error) {
	i, ok := b.Invitation(token)
	if !ok {
		return Member{}, ErrInvitation
	}
	g := team.Grants{All: i.Role}
	if i.Site != "" {
		g = team.Grants{Sites: map[aggregate.Site]team.Role{i.Site: i.Role}}
	}
	if password == "" {
		return Member{}, ErrShort
	}
	a, err := b.draft(email, password, g)
	if err != nil {
		return Member{}, err
	}
	b.change.Lock()
	defer b.change.Unlock()
	if i, ok = b.Invitation(token); !ok {
		return Member{}, ErrInvitation
	}
	m, err := b.add(a, g)
	if err == nil {
		err = b.o.Invitations.Remove(i.ID)
	}
	return m, err
}

// Accept adds the role of an invitation to an account that is there already. It
// takes nothing away. The errors are ErrInvitation and ErrNoAccount.
func (b *Book) Accept(token string, id uint32) error {
	b.change.Lock()
	defer b.change.Unlock()
	i, ok := b.Invitation(token)
	if !ok {
		return ErrInvitation
	}
	a, ok := b.o.Accounts.All()[id]
	if !ok {
		return ErrNoAccount
	}
	if b.grants(id, &a).Role(i.Site) < i.Role {
		if err := b.setRole(id, a, i.Site, i.Role); err != nil {
			return err
		}
	}
	return b.o.Invitations.Remove(i.ID)
}

// SetRole gives an account a role on a site, or in the whole installation where it
// is blank; team.Nobody takes it away. by is the role there of who decides: nobody
// gives more than they have, or touches somebody who has more. The errors are
// ErrRole, ErrNoAccount and ErrLastOwner.
func (b *Book) SetRole(id uint32, site aggregate.Site, role, by team.Role) error {
	b.change.Lock()
	defer b.change.Unlock()
	a, ok := b.o.Accounts.All()[id]
	if !ok {
		return ErrNoAccount
	}
	now := b.grants(id, &a).Sites[site]
	if site == "" {
		now = a.Role
	}
	switch {
	case role > by || now > by:
		return ErrRole
	case site == "" && now == team.Owner && role != team.Owner && b.owners() == 1:
		return ErrLastOwner
	}
	return b.setRole(id, a, site, role)
}

// setRole is SetRole without its questions. The caller holds change.
func (b *Book) setRole(id uint32, a team.Account, site aggregate.Site, role team.Role) error {
	if site == "" {
		a.Role = role
		return b.o.Accounts.Change(id, a)
	}
	if err := removeOwn(b.o.Memberships, func(m team.Membership) bool { return m.Account == id && m.Site == site }); err != nil {
		return err
	}
	if role == team.Nobody {
		return nil
	}
	_, err := b.o.Memberships.Add(team.Membership{Account: id, Site: site, Role: role})
	return err
}

// Log writes a line of the activity log; the oldest ones make room. What could not
// be logged is an error: a change that nobody can trace is none to rely on.
func (b *Book) Log(who string, site aggregate.Site, what, detail string) error {
	b.change.Lock()
	defer b.change.Unlock()
	all := b.o.Changes.All()
	if len(all) >= team.ChangesAtMost {
		ids := make([]uint32, 0, len(all))
		for id := range all {
			ids = append(ids, id)
		}
		slices.Sort(ids)
		for _, id := range ids[:len(all)-team.ChangesAtMost+1] {
			if err := b.o.Changes.Remove(id); err != nil {
				return err
			}
		}
	}
	_, err := b.o.Changes.Add(team.Change{At: b.o.Clock().Unix(), Site: site, Who: who, What: what, Detail: shortened(detail, 200)})
	return err
}

// Changes are the lines of the activity log about a site, or all where it is
// blank: the latest first, so many at most.
func (b *Book) Changes(site aggregate.Site, most int) []team.Change {
	all := b.o.Changes.All()
	ids := make([]uint32, 0, len(all))
	for id, c := range all {
		if site == "" || c.Site == site {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	slices.Reverse(ids)
	var lines []team.Change
	for _, id := range ids[:min(most, len(ids))] {
		lines = append(lines, all[id])
	}
	return lines
}
