package ingest

import (
	"footfall/aggregate"
	"footfall/ingest/source"
)

// Cleaner makes values of texts that somebody else has counted already, by the
// rules that hold for beacons. It serves one row after the other, one at a time:
// Reset voids all texts that came out of it.
type Cleaner struct {
	Settings *aggregate.Settings
	text     scratch
}

// Reset begins the next row.
func (c *Cleaner) Reset() { c.text.reset() }

// Page is a path as it is counted: masked and tidied as the site has it.
func (c *Cleaner) Page(path string) string {
	path = cut(c.text.clean(path), maxPath)
	if c.Settings.Mask {
		path = cut(c.text.mask(path), maxPath)
	}
	if c.Settings.TidyPaths {
		path = cut(c.text.tidy(path), maxPath)
	}
	return path
}

// Address is that of a link or a referrer, masked like a page.
func (c *Cleaner) Address(address string) string {
	address = cut(c.text.clean(address), maxPropValue)
	if c.Settings.Mask {
		address = cut(c.text.mask(address), maxPropValue)
	}
	return address
}

// Plain is a value that the site itself made up, such as that of a property.
func (c *Cleaner) Plain(value string) string { return cut(c.text.clean(value), maxPropValue) }

// Text is any other value, at most 2,000 bytes. Mail addresses are masked where
// the site masks them in tags.
func (c *Cleaner) Text(value string) string {
	value = cut(c.text.clean(value), maxPropValue)
	if c.Settings.Mask {
		value = c.text.maskMails(value)
	}
	return value
}

// Name is an event's name, or a property's key.
func (c *Cleaner) Name(name string) string { return cutRunes(c.text.clean(name), maxName) }

// Language is a tag of a language as it is counted.
func (c *Cleaner) Language(tag string) string { return c.text.language(tag) }

// Named fills in source, referrer and channel where a source is told as others spell
// it: by a name, an alias or a host.
func (c *Cleaner) Named(f *aggregate.Facts, said string) {
	name := source.NameOf(said)
	f[aggregate.Source], f[aggregate.Referrer] = name, name
	f[aggregate.Channel] = source.ChannelOf(name, "", "", "")
}

// Origin fills in source, referrer, channel and tags where the source is known by
// its name. tag is utm_source, address the referrer's host and path.
func (c *Cleaner) Origin(f *aggregate.Facts, name, address, tag, medium, campaign string) {
	o := source.Origin{Source: name, Address: address}
	mark := len(c.text.b)
	c.text.b = o.AppendReferrer(c.text.b)
	f[aggregate.Referrer] = c.text.from(mark)
	f[aggregate.Source], f[aggregate.Channel] = name, source.ChannelOf(name, tag, medium, campaign)
	f[aggregate.UTMSource], f[aggregate.UTMMedium], f[aggregate.UTMCampaign] = tag, medium, campaign
}
