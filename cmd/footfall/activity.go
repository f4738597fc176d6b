package main

import (
	"slices"
	"strings"

	"footfall/aggregate"
)

// operator is who changes things on the command line, in the activity log.
const operator = "(command line)"

// noted is a command whose work is written into the activity log. about says, of a
// question, which site it is about and what is changed, a line each; none: nothing.
func noted[Q, A any](c *control, what string, do func(Q) (A, error), about func(Q) (domain string, details []string)) func(Q) (A, error) {
	return func(q Q) (A, error) {
		answer, err := do(q)
		if err != nil {
			return answer, err
		}
		domain, details := about(q)
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
