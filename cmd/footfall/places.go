package main

import (
	"context"
	"time"

	"footfall/ingest/geo"
)

// openPlaces opens the tables of places and networks. Private copies of the
// operator's files lie in the data directory, where there is room.
func (s *Server) openPlaces() (err error) {
	s.places = new(geo.Places)
	if s.flags.GeoIP != "" {
		if s.places, err = geo.OpenIn(s.flags.GeoIP, s.data); err != nil {
			return hint(err, "--geoip takes a country or city database in .mmdb format")
		}
	}
	if s.flags.ASN != "" {
		if s.networks, err = geo.OpenNetworks(s.flags.ASN, s.data); err != nil {
			return hint(err, "--asn takes a database of networks (ASN) in .mmdb format")
		}
	}
	return nil
}

// placesPace is how often the operator's databases are looked at. A new one is taken
// when two looks in a row saw it alike.
const placesPace = 5 * time.Second

// placesLoop changes over to newer databases.
func (s *Server) placesLoop(ctx context.Context) {
	every(ctx, placesPace, s.refreshPlaces)
}

func (s *Server) refreshPlaces() {
	s.refreshed("places", s.places.Type, s.places.Refresh)
	s.refreshed("networks", s.networks.Type, s.networks.Refresh)
}

func (s *Server) refreshed(what string, kind func() string, refresh func() (bool, error)) {
	switch changed, err := refresh(); {
	case changed:
		s.log.Info("a new database serves", "of", what, "type", kind())
	case err != nil:
		s.log.Error("the database is refused; the one before goes on serving", "of", what, "error", err)
	}
}
