package ui

import (
	"footfall/aggregate"
	"footfall/ui/words"
)

// condition is one that the French authority (CNIL) sets for measuring an audience
// under its exemption, and how a site stands to it. The conditions are told in our
// own words from its recommendation on trackers and its guidance on audience
// measurement (https://www.cnil.fr/fr/cookies-et-autres-traceurs/regles/cookies-solutions-pour-les-outils-de-mesure-daudience).
type condition struct {
	Asked, Here string
	State       conditionState
	Verdict     string
}

// conditionState is how a site stands to a condition.
type conditionState string

const (
	asAsked conditionState = "as_asked"
	onOwner conditionState = "owner"   // it is for the operator to keep
	differs conditionState = "differs" // by a setting
)

// oldestAsked is how many months old data may be.
const oldestAsked = 25

// judge holds a site's settings against the conditions. reaches: what is chosen on
// the opt-out page of this server holds for the site.
func judge(l *words.Locale, settings *aggregate.Settings, told Disclosure, reaches bool) (all []condition) {
	add := func(name string, state conditionState, here string) {
		all = append(all, condition{Asked: l.Say("cnil." + name), Here: here, State: state, Verdict: l.Say("cnil.state." + string(state))})
	}
	add("purpose", onOwner, l.Say("cnil.purpose.here"))
	if settings.Floor > 1 {
		add("statistics", asAsked, l.Say("cnil.statistics.here", "n", settings.Floor))
	} else {
		add("statistics", differs, l.Say("cnil.statistics.off"))
	}
	add("sites", asAsked, l.Say("cnil.sites.here"))
	add("joined", onOwner, l.Say("cnil.joined.here"))
	add("others", onOwner, l.Say("cnil.others.here"))
	add("tracer", asAsked, l.Say("cnil.tracer.here"))
	add("address", asAsked, l.Say("cnil.address.here"))
	add("place", asAsked, l.Say("cnil.place.here."+string(told.Places)))
	add("detail", asAsked, l.Say("cnil.detail.here"))
	switch {
	case settings.Retention == 0:
		add("age", differs, l.Say("cnil.age.always"))
	default: // the first day of the oldest month is as many months old, and the current one in part
		state, oldest := asAsked, settings.Retention+1
		if oldest > oldestAsked {
			state = differs
		}
		add("age", state, l.Say("cnil.age.here", "n", settings.Retention, "old", oldest))
	}
	state, objection := asAsked, l.Say("cnil.objection.button")
	if settings.GPC {
		objection = l.Say("cnil.objection.here")
	}
	if !reaches {
		state, objection = onOwner, objection+" "+l.Say("cnil.objection.place")
	}
	add("objection", state, objection)
	add("told", onOwner, l.Say("cnil.told.here"))
	return all
}
