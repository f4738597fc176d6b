package storage

import (
	"footfall/aggregate"
)

// SiteRecord is a site with its settings.
type SiteRecord struct {
	Site     aggregate.Site     `json:"site"`
	Settings aggregate.Settings `json:"settings"`
}

// Token is what is known of a token: everything but the token.
type Token struct {
	Name   string           `json:"name"`
	Sites  []aggregate.Site `json:"sites"` // empty: every site
	Scopes []string         `json:"scopes"`
}

// Import is the record of an import.
type Import struct {
	ID       aggregate.ImportID `json:"id"`
	Site     aggregate.Site     `json:"site"`
	Format   string             `json:"format"`
	Note     string             `json:"note"` // for people: a file name, say
	Finished bool               `json:"finished"`
}

// BlockRange names blocks of one site, span and pair of dimensions over days.
type BlockRange struct {
	Site aggregate.Site
	// Import is aggregate.Live or the import to read. AllImports reads the live
	// blocks and those of every finished import instead.
	Import     aggregate.ImportID
	AllImports bool
	Span       aggregate.Span
	A, B       aggregate.Dimension
	// First and Last day, both included. Months are named by their first day.
	First, Last aggregate.Day
	// Columns are the columns to decode; nil decodes all. The others are zero.
	Columns []aggregate.Column
}

// Stats are figures for metrics.
type Stats struct {
	FileBytes  int64  `json:"file_bytes"`
	FreeBytes  int64  `json:"free_bytes"` // in free pages, old content included
	LastCommit uint64 `json:"last_commit"`
	Sites      int    `json:"sites"`
	// Orphans counts blocks that were not written because their site was removed
	// before the commit, since Open.
	Orphans uint64 `json:"orphans"`
}
