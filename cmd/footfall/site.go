package main

import (
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"footfall/aggregate"
	"footfall/storage"
)

type siteCmd struct {
	Add    siteAddCmd    `cmd:"" help:"Count a site."`
	List   siteListCmd   `cmd:"" help:"List the sites."`
	Set    siteSetCmd    `cmd:"" help:"Change settings; without any, list them with their values and meanings."`
	Reset  siteResetCmd  `cmd:"" help:"Delete a site's figures: of months that are over, or all."`
	Remove siteRemoveCmd `cmd:"" help:"Remove a site with all its counters."`
}

type siteAddCmd struct {
	Domain   string `arg:"" help:"Domain, such as example.com."`
	Timezone string `help:"IANA zone in which the site's days begin." default:"UTC" placeholder:"ZONE"`
	machines
}

type siteListCmd struct{ machines }

type siteSetCmd struct {
	Domain   string   `arg:"" help:"The site."`
	Settings []string `arg:"" optional:"" help:"Settings, such as floor=5." placeholder:"KEY=VALUE"`
	machines
}

type siteRemoveCmd struct {
	Domain string `arg:"" help:"The site."`
	machines
}

type siteQuestion struct {
	Domain   string
	Timezone string
	Pairs    []string
}

// settingLine is a setting as it is listed.
type settingLine struct {
	Key     string `json:"key"`
	Value   string `json:"value"`
	Meaning string `json:"meaning"`
}

// newSite is the site that a question is to add.
func (q *siteQuestion) newSite() (r storage.SiteRecord, err error) {
	r.Settings = aggregate.DefaultSettings()
	if r.Site, err = aggregate.ParseSite(q.Domain); err != nil {
		return r, hint(err, "give a domain such as example.com")
	}
	if err = r.Settings.Set("timezone", q.Timezone); err != nil {
		err = hint(err, "--timezone takes a name such as America/New_York")
	}
	return r, err
}

func (c *control) addSite(q siteQuestion) (storage.SiteRecord, error) {
	r, err := q.newSite()
	if err != nil {
		return r, err
	}
	if err = c.db.AddSite(r.Site, r.Settings); errors.Is(err, storage.ErrSiteExists) {
		err = hint(err, "footfall site set %s shows and changes its settings", r.Site)
	}
	return r, err
}

func (c *control) listSites(struct{}) ([]storage.SiteRecord, error) { return c.db.Sites(), nil }

// known finds a site, or says how to add it.
func (c *control) known(domain string) (storage.SiteRecord, error) {
	site, err := aggregate.ParseSite(domain)
	if err != nil {
		return storage.SiteRecord{}, hint(err, "give a domain such as example.com")
	}
	record, ok := c.db.Site(site)
	if !ok {
		return record, hint(fmt.Errorf("%s: %w", site, storage.ErrNoSite), "footfall site list shows the sites, footfall site add %s adds this one", site)
	}
	return record, nil
}

func (c *control) removeSite(q siteQuestion) (struct{}, error) {
	record, err := c.known(q.Domain)
	if err != nil {
		return struct{}{}, err
	}
	if err := c.db.RemoveSite(record.Site); err != nil {
		return struct{}{}, err
	}
	if c.engine != nil {
		c.engine.Forget(record.Site)
		c.salts.Forget(record.Site)
		c.asker.InvalidateSite(record.Site)
	}
	return struct{}{}, c.db.Compact() // nothing of the site stays in old pages
}

func (c *control) setSite(q siteQuestion) ([]settingLine, error) {
	record, err := c.known(q.Domain)
	if err != nil {
		return nil, err
	}
	before := record.Settings.ShieldIPs
	for _, pair := range q.Pairs {
		key, value, ok := strings.Cut(pair, "=")
		if !ok {
			return nil, hint(fmt.Errorf("%q is no KEY=VALUE", pair), "for instance floor=5")
		}
		if err := record.Settings.Set(key, value); err != nil {
			return nil, hint(err, "footfall site set %s lists all settings", record.Site)
		}
	}
	if len(q.Pairs) > 0 {
		if err := c.db.SetSettings(record.Site, record.Settings); err != nil {
			return nil, err
		}
	}
	if takesAddressBack(before, record.Settings.ShieldIPs) {
		if err := c.db.Compact(); err != nil { // what the owner takes back stays in no old page
			return nil, err
		}
	}
	var lines []settingLine
	for _, k := range aggregate.SettingKeys() {
		lines = append(lines, settingLine{k.Key, k.Get(&record.Settings), k.Meaning})
	}
	return lines, nil
}

func (c *siteAddCmd) Run(root *cli, io *streams) error {
	q := siteQuestion{Domain: c.Domain, Timezone: c.Timezone}
	if _, err := q.newSite(); err != nil { // before a data directory is made for nothing
		return err
	}
	record, err := askOnce[storage.SiteRecord](root.Data, toCreate, "/site/add", q)
	if err != nil {
		return err
	}
	return c.tell(io.out, record, "%s is counted; its days begin in %s\n", record.Site, record.Settings.Timezone)
}

func (c *siteListCmd) Run(root *cli, io *streams) error {
	records, err := askOnce[[]storage.SiteRecord](root.Data, toRead, "/site/list", struct{}{})
	if err != nil {
		return err
	}
	if c.JSON {
		if records == nil {
			records = []storage.SiteRecord{}
		}
		return printJSON(io.out, records)
	}
	w := tabwriter.NewWriter(io.out, 0, 0, 2, ' ', 0)
	for _, r := range records {
		fmt.Fprintf(w, "%s\t%s\n", r.Site, r.Settings.Timezone)
	}
	return w.Flush()
}

func (c *siteSetCmd) Run(root *cli, io *streams) error {
	lines, err := askOnce[[]settingLine](root.Data, toWrite, "/site/set", siteQuestion{Domain: c.Domain, Pairs: c.Settings})
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(io.out, lines)
	}
	w := tabwriter.NewWriter(io.out, 0, 0, 2, ' ', 0)
	for _, l := range lines {
		fmt.Fprintf(w, "%s\t%s\t%s\n", l.Key, l.Value, l.Meaning)
	}
	return w.Flush()
}

func (c *siteRemoveCmd) Run(root *cli, io *streams) error {
	if _, err := askOnce[struct{}](root.Data, toWrite, "/site/remove", siteQuestion{Domain: c.Domain}); err != nil {
		return err
	}
	return c.tell(io.out, removed{c.Domain}, "%s and all its counters are gone\n", c.Domain)
}

type tokenCmd struct {
	Add    tokenAddCmd    `cmd:"" help:"Make a token; it is printed once."`
	List   tokenListCmd   `cmd:"" help:"List the tokens (never the secrets)."`
	Remove tokenRemoveCmd `cmd:"" help:"End a token."`
}

type tokenAddCmd struct {
	Name  string   `arg:"" help:"What the token is for."`
	Site  []string `help:"Site it opens; may be repeated (default: every site)." placeholder:"DOMAIN"`
	Scope []string `help:"What it may do: stats, send, sites." default:"stats" enum:"stats,send,sites"`
	machines
}

type tokenListCmd struct{ machines }

type tokenRemoveCmd struct {
	Name string `arg:"" help:"The token's name."`
	machines
}

type tokenQuestion struct {
	Name   string
	Sites  []string
	Scopes []string
}

// tokenLine is a token as it is listed.
type tokenLine struct {
	Name   string           `json:"name"`
	Sites  []aggregate.Site `json:"sites"` // null: every site
	Scopes []string         `json:"scopes"`
	Used   string           `json:"used,omitempty"`  // the last day, in UTC
	Secret string           `json:"token,omitempty"` // once, when it was made
}

func (c *control) addToken(q tokenQuestion) (tokenLine, error) {
	made := tokenLine{Name: q.Name, Scopes: q.Scopes}
	for _, domain := range q.Sites {
		record, err := c.known(domain)
		if err != nil {
			return made, err
		}
		made.Sites = append(made.Sites, record.Site)
	}
	var err error
	made.Secret, err = c.db.AddToken(q.Name, made.Sites, q.Scopes)
	if errors.Is(err, storage.ErrTokenExists) {
		err = hint(err, "choose another name, or footfall token remove %s first", q.Name)
	}
	return made, err
}

func (c *control) listTokens(struct{}) ([]tokenLine, error) {
	lines := []tokenLine{}
	for _, t := range c.db.Tokens() {
		l := tokenLine{Name: t.Name, Sites: t.Sites, Scopes: t.Scopes}
		if t.Used != 0 {
			l.Used = t.Used.String()
		}
		lines = append(lines, l)
	}
	return lines, nil
}

func (c *control) removeToken(q tokenQuestion) (struct{}, error) {
	err := c.db.RemoveToken(q.Name)
	if errors.Is(err, storage.ErrNoToken) {
		err = hint(err, "footfall token list shows the tokens")
	}
	return struct{}{}, err
}

func (c *tokenAddCmd) Run(root *cli, io *streams) error {
	token, err := askOnce[tokenLine](root.Data, toCreate, "/token/add", tokenQuestion{c.Name, c.Site, c.Scope})
	if err != nil {
		return err
	}
	return c.tell(io.out, token, "%s\n", token.Secret)
}

func (c *tokenListCmd) Run(root *cli, io *streams) error {
	tokens, err := askOnce[[]tokenLine](root.Data, toRead, "/token/list", struct{}{})
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(io.out, tokens)
	}
	w := tabwriter.NewWriter(io.out, 0, 0, 2, ' ', 0)
	for _, t := range tokens {
		sites := "every site"
		if len(t.Sites) > 0 {
			sites = fmt.Sprint(t.Sites)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", t.Name, strings.Join(t.Scopes, ","), sites)
	}
	return w.Flush()
}

func (c *tokenRemoveCmd) Run(root *cli, io *streams) error {
	_, err := askOnce[struct{}](root.Data, toWrite, "/token/remove", tokenQuestion{Name: c.Name})
	if err != nil {
		return err
	}
	return c.tell(io.out, removed{c.Name}, "")
}
