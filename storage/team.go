package storage

import "footfall/aggregate/team"

// The shelves of the team: accounts, what they may, and where they are signed in.
// Their texts are those that the team itself typed.
var (
	// Accounts are the people who run the sites.
	Accounts = NewShelf[team.Account]("accounts", "an account of the team: its mail address, the hash of its password, its role", 2000)
	// Memberships are roles on single sites.
	Memberships = NewShelf[team.Membership]("memberships", "the role of an account on one site", 20_000)
	// Passkeys are what accounts can sign in with besides a password.
	Passkeys = NewShelf[team.Passkey]("passkeys", "a passkey of an account: its name, id and public key", 20_000)
	// Sessions are browsers that are signed in.
	Sessions = NewShelf[team.Session]("sessions", "a browser of the team that is signed in: the SHA-256 of its token, and times", 20_000)
	// Links are secret addresses of sites.
	Links = NewShelf[team.Link]("links", "a secret link to a site's figures: the SHA-256 of its token, its name and its filter", 20_000)
	// Invitations are links by which people join.
	Invitations = NewShelf[team.Invitation]("invitations", "an invitation: the SHA-256 of its token, and the role it gives", 2000)
	// Changes are the activity log.
	Changes = NewShelf[team.Change]("changes", "a line of the activity log: who of the team changed what", team.ChangesAtMost)
)
