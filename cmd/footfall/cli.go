package main

import (
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// cli is the command line. Every flag has an environment variable: --data is
// FOOTFALL_DATA. Flags win.
type cli struct {
	Data string `help:"Data directory." default:"./footfall-data" placeholder:"DIR"`

	Serve   serveCmd   `cmd:"" help:"Run the server."`
	Demo    demoCmd    `cmd:"" help:"Run a server on throw-away data, with a sample site and visitors, for a first look."`
	Site    siteCmd    `cmd:"" help:"Add, list, change and remove sites."`
	Token   tokenCmd   `cmd:"" help:"Make, list and end tokens for the stats API."`
	User    userCmd    `cmd:"" help:"Add, list and remove accounts, and set their passwords."`
	Goal    goalCmd    `cmd:"" help:"Add, list and end goals of a site."`
	Import  importCmd  `cmd:"" help:"Import events or access logs; list and remove imports."`
	Export  exportCmd  `cmd:"" help:"Write what is stored of a site to a file: for Plausible, as JSON, as CSV."`
	Notice  noticeCmd  `cmd:"" help:"Reports and alerts by mail or to a chat's hook."`
	Backup  backupCmd  `cmd:"" help:"Copy the database, also of a running server."`
	Restore restoreCmd `cmd:"" help:"Put a copy of the database back; the server must be stopped."`
	Compact compactCmd `cmd:"" help:"Rewrite the database without old pages."`
	Check   checkCmd   `cmd:"" help:"Prove the database: checksums, layout, and that every number adds up."`
	Audit   auditCmd   `cmd:"" help:"Show every kind of record on disk, and prove that none is about a person."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

// serverFlags are the flags of serve, and most of demo's.
type serverFlags struct {
	entranceFlags
	noticeFlags
	ownPathFlags
	StateDir       string        `help:"Directory on a memory file system for what must survive a restart but never reach a disk (default: under /dev/shm; none = process memory only)." placeholder:"DIR"`
	CommitInterval time.Duration `help:"How often counters are written to disk; a power cut costs at most this much." default:"10s"`
	TrustedProxies string        `help:"Proxies whose word on a client's address is believed: networks, or loopback, private, none." default:"loopback" placeholder:"LIST"`
	ClientIPHeader string        `name:"client-ip-header" help:"The one header in which they tell it (default: X-Forwarded-For, Forwarded)." placeholder:"NAME"`
	GeoIP          string        `name:"geoip" env:"FOOTFALL_GEOIP" help:"Country or city database (.mmdb), used before the built-in countries; read anew when it changes." placeholder:"FILE"`
	ASN            string        `name:"asn" env:"FOOTFALL_ASN" help:"Database of networks (.mmdb), which makes an address in a data centre a sign of a bot; read anew when it changes." placeholder:"FILE"`
	CountryHeader  string        `help:"Header in which a trusted proxy tells the visitor's country, such as CF-IPCountry; it must replace what visitors send." placeholder:"NAME"`
	BasePath       string        `help:"Path under which everything is served, such as /stats." placeholder:"PATH"`
	PublicURL      string        `name:"public-url" env:"FOOTFALL_PUBLIC_URL" help:"Where visitors' browsers reach this server; it stands in the script tag to embed." placeholder:"URL"`
	Rate           int           `help:"Beacons a minute, and at once, from one address (IPv6: one /64); more are dropped, far more refused. 0 = no limit." default:"12000" placeholder:"N"`
	APIRate        int           `name:"api-rate" env:"FOOTFALL_API_RATE" help:"Requests a minute, and at once, that the API answers to one token. 0 = no limit." default:"3000" placeholder:"N"`
	SpamList       string        `help:"Hosts of referrer spam besides the built-in ones: one a line, # begins a comment, ! takes a host off the list." placeholder:"FILE"`
	LocalAccess    bool          `help:"Let readers on this machine in without an account, as if they owned everything."`
	OIDCIssuer     string        `name:"oidc-issuer" env:"FOOTFALL_OIDC_ISSUER" help:"Address of the OpenID provider that the team signs in with; it is asked when somebody does." placeholder:"URL"`
	OIDCClient     string        `name:"oidc-client" env:"FOOTFALL_OIDC_CLIENT" help:"What the provider knows this server as; it sends people back to /sign-in/provider/back." placeholder:"ID"`
	OIDCSecretFile string        `name:"oidc-secret-file" env:"FOOTFALL_OIDC_SECRET_FILE" help:"File with the secret that goes with it (or FOOTFALL_OIDC_SECRET in the environment)." placeholder:"FILE"`
	PlainSignIn    bool          `help:"Let people sign in over connections that are not encrypted; passwords can be read on their way then."`
	exportFlags
	LogLevel string `help:"How much is logged: debug, info, warn, error." default:"info" enum:"debug,info,warn,error"`
}

// machines is the flag of every command that says something.
type machines struct {
	JSON bool `help:"For machines."`
}

// tell says what was done: an object for machines, a sentence for people.
func (m machines) tell(w io.Writer, object any, sentence string, args ...any) error {
	if m.JSON {
		return printJSON(w, object)
	}
	_, err := fmt.Fprintf(w, sentence, args...)
	return err
}

// removed is told to machines of what is gone: its name or its number.
type removed struct {
	Removed any `json:"removed"`
}

// printJSON is the output for machines.
func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
