package team

import (
	"footfall/aggregate"
)

// Times in records are seconds since 1970: shorter than words, and nothing that
// looks like an address to an audit. Zero = never.

// Account is somebody of the team.
type Account struct {
	Email    string `json:"email"`    // as typed, but in lower case; names the account
	Password string `json:"password"` // argon2id in PHC form; blank = no sign-in by password
	Role     Role   `json:"role"`     // in the whole installation; blank = on its sites only
	Created  int64  `json:"created"`
	// Handle names the account to authenticators: random, so that a key gives no
	// mail address away.
	Handle []byte `json:"handle"`
	// TOTP is the secret of the second factor; blank = none is set up.
	TOTP string `json:"totp,omitempty"`
	// Step is that of the last code that was taken: no code is taken twice.
	Step int64 `json:"step,omitempty"`
	// Recovery are SHA-256 of the recovery codes that are left.
	Recovery [][]byte `json:"recovery,omitempty"`
	// Devices are SHA-256 of what browsers keep in which the account has signed in:
	// they are not slowed down by strangers who guess.
	Devices [][]byte `json:"devices,omitempty"`
	// Subject is who the account is to the OpenID provider: issuer and subject.
	Subject string `json:"subject,omitempty"`
}

// OfSite is blank: accounts belong to the installation.
func (Account) OfSite() aggregate.Site { return "" }

// Membership is the role of an account on one site. It goes with the site, so that
// a site that is added again under the same name is nobody's.
type Membership struct {
	Account uint32         `json:"account"`
	Site    aggregate.Site `json:"site"`
	Role    Role           `json:"role"`
}

// OfSite is the site that the membership is of.
func (m Membership) OfSite() aggregate.Site { return m.Site }

// Session is a browser that is signed in.
type Session struct {
	Account uint32 `json:"account"`
	Token   []byte `json:"token"` // SHA-256
	Method  string `json:"method"`
	Started int64  `json:"started"`
	Seen    int64  `json:"seen"` // to within an hour
}

// OfSite is blank.
func (Session) OfSite() aggregate.Site { return "" }

// Passkey is a key of an account that lives in an authenticator: here is what
// recognizes it, and no secret.
type Passkey struct {
	Account uint32 `json:"account"`
	Name    string `json:"name"` // for its owner, who has typed it
	Key     []byte `json:"key"`  // its id
	Public  []byte `json:"public"`
	Flags   byte   `json:"flags"` // of the authenticator, as WebAuthn has them
	Count   uint32 `json:"count"` // of signatures
	Created int64  `json:"created"`
	Used    int64  `json:"used"`
}

// OfSite is blank.
func (Passkey) OfSite() aggregate.Site { return "" }

// Link is a secret address under which a site's figures can be read.
type Link struct {
	Site     aggregate.Site `json:"site"`
	Name     string         `json:"name"`
	Token    []byte         `json:"token"`              // SHA-256
	Password string         `json:"password,omitempty"` // argon2id in PHC form; blank = none
	Expires  int64          `json:"expires,omitempty"`
	// Filter is what its readers see at most, as the address of a dashboard has it;
	// blank = all of the site.
	Filter  string `json:"filter,omitempty"`
	Created int64  `json:"created"`
}

// OfSite is the site that the link shows.
func (l Link) OfSite() aggregate.Site { return l.Site }

// Invitation is a link by which somebody joins the team, once.
type Invitation struct {
	Site    aggregate.Site `json:"site"` // blank = the whole installation
	Role    Role           `json:"role"`
	Token   []byte         `json:"token"` // SHA-256
	Note    string         `json:"note"`  // for whom it is, in the words of who made it
	Expires int64          `json:"expires"`
}

// OfSite is the site that the invitation is for.
func (i Invitation) OfSite() aggregate.Site { return i.Site }

// ChangesAtMost is how many lines the activity log has; the oldest make room.
const ChangesAtMost = 2000

// Change is a line of the activity log: somebody of the team changed something.
type Change struct {
	At   int64          `json:"at"`
	Site aggregate.Site `json:"about"` // blank = the installation; it need not exist any more
	Who  string         `json:"who"`   // a mail address, or "command line"
	What string         `json:"what"`  // the kind of change: a word of the code
	// Detail is what was changed: the key of a setting, a role, a name.
	Detail string `json:"detail,omitempty"`
}

// OfSite is blank: what was done to a site is known after its end.
func (Change) OfSite() aggregate.Site { return "" }
