// Package account knows who is at the door: accounts with their passwords and
// roles, and the sessions of those who are signed in.
//
// Book is the one way in. It must never see HTTP, a page, a counter or the
// database: records come and go through small shelves, and what they are is said
// in footfall/aggregate/team.
//
// What nobody may learn stays out of it where it can: a password is here only
// while it is hashed, of a token only the SHA-256 is kept. Finding out whether an
// account exists is made hard by doing the same work for one that does not.
package account
