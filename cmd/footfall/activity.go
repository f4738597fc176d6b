package main

import (
	"slices"
	"strconv"
	"strings"

	"footfall/aggregate"
	"footfall/aggregate/team"
	"footfall/storage"
)

// operator is who changes things on the command line, in the activity log.
const operator = "(command line)"

// noted is a command whose work is written into the activity log. about says, of a
// question, which site it is about and what is changed, a line each; none: nothing.
func noted[Q, A any](c *control, what string, do func(Q) (A, error), about func(Q) (domain string, details []string)) func(Q) (A, error) {
	return func(q Q) (A, error) {
		domain, details := about(q) // before what it names is gone
		answer, err := do(q)
		if err != nil {
			return answer, err
		}
		site, _ := aggregate.ParseSite(domain) // blank: the installation
		for _, detail := range details {
			if err := c.book.Log(operator, site, what, detail); err != nil {
				return answer, err
			}
		}
		return answer, nil
	}
}

func aboutSite(q siteQuestion) (string, []string) { return q.Domain, []string{""} }

// aboutSettings names changed settings with their values, addresses apart.
func aboutSettings(q siteQuestion) (string, []string) {
	lines := slices.Clone(q.Pairs)
	for i, pair := range lines {
		key, value, _ := strings.Cut(pair, "=")
		if lines[i] = key; key != "shield_ip" {
			lines[i] = key + " = " + strings.TrimSpace(value)
		}
	}
	return q.Domain, lines
}

func aboutGoal(q goalQuestion) (string, []string) {
	name := q.Name
	if name == "" {
		if name = q.Goal.Name; name == "" {
			name = q.Goal.Condition.String()
		}
	}
	return q.Domain, []string{name}
}

func aboutUser(q userQuestion) (string, []string) { return "", []string{q.Email} }

func aboutToken(q tokenQuestion) (string, []string) {
	domain := ""
	if len(q.Sites) == 1 {
		domain = q.Sites[0]
	}
	return domain, []string{q.Name}
}

// aboutNotice does not name who is told: that is an address.
func aboutNotice(n team.Notice) (string, []string) {
	return string(n.Site), []string{string(n.Kind) + " " + string(n.Channel)}
}

func (c *control) aboutNoticeID(id uint32) (string, []string) {
	n, _ := storage.Notices.Get(c.db, id)
	return aboutNotice(n)
}

// noteImports writes a line for each of some imports.
func (c *control) noteImports(what string, imports []storage.Import) error {
	for _, i := range imports {
		if err := c.book.Log(operator, i.Site, what, i.Format+" "+strconv.FormatUint(uint64(i.ID), 10)); err != nil {
			return err
		}
	}
	return nil
}
