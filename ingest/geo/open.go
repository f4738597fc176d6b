package geo

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"strings"

	"github.com/oschwald/geoip2-golang/v2"
	"github.com/oschwald/maxminddb-golang/v2"
)

// ErrDatabase is wrapped by every error of Open and Reload.
var ErrDatabase = errors.New("geo database")

func openFile(path string) (*file, error) {
	db, err := geoip2.Open(path)
	if err != nil {
		return nil, explain(path, db, err)
	}
	index, err := maxminddb.Open(path)
	if err != nil {
		return nil, explain(path, db, err)
	}
	if index.Metadata.BuildEpoch != db.Metadata().BuildEpoch || index.Metadata.NodeCount != db.Metadata().NodeCount {
		_ = index.Close()
		return nil, explain(path, db, errors.New("it was replaced while it was opened"))
	}
	f := &file{db: db, index: index, cities: true}
	// Only the reader knows which of its methods the type allows, and of a
	// damaged file the first look-up may be the first to notice.
	probe := netip.MustParseAddr("1.1.1.1")
	if strings.Contains(db.Metadata().DatabaseType, "Country") {
		f.cities = false
		_, err = db.Country(probe)
	} else {
		_, err = db.City(probe)
	}
	if err != nil {
		_ = index.Close()
		return nil, explain(path, db, err)
	}
	return f, nil
}

// explain makes one line of why a file cannot be used, and closes it.
func explain(path string, db *geoip2.Reader, err error) error {
	kind := ""
	if db != nil {
		kind = db.Metadata().DatabaseType
		_ = db.Close() // the first error says more
	}
	var unknown geoip2.UnknownDatabaseTypeError
	var method geoip2.InvalidMethodError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w %s: no such file; give the path of a country or city database (.mmdb)", ErrDatabase, path)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w %s: not readable; let the server's user read it", ErrDatabase, path)
	case errors.As(err, &unknown), errors.As(err, &method):
		return fmt.Errorf("%w %s: it is of type %q; a country or city database is needed, such as GeoLite2-Country or DBIP-City-Lite",
			ErrDatabase, path, kind)
	default:
		reason, _, _ := strings.Cut(err.Error(), "\n")
		return fmt.Errorf("%w %s: no MaxMind database, or damaged (%s); download it again", ErrDatabase, path, reason)
	}
}
