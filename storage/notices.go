package storage

import "footfall/aggregate/team"

// Notices is the shelf of what the team wants to be told.
var Notices = NewShelf[team.Notice]("notices", "what the team wants to be told of a site: when, how, and at which address of its own", 10_000)
