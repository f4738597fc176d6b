package storage

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"footfall/aggregate"
)

// jotting is a record of a kind that exists in tests only.
type jotting struct {
	Site aggregate.Site `json:"site,omitempty"`
	Text string         `json:"text"`
}

func (j jotting) OfSite() aggregate.Site { return j.Site }

var jottings = NewShelf[jotting]("jottings", "a jotting of the tests", 3)

func addJotting(t *testing.T, db *DB, j jotting) (id uint32) {
	t.Helper()
	err := jottings.Edit(db, "add jotting", func(d *Drawer[jotting]) (err error) {
		id, err = d.Add(j)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestAShelfKeepsItsRecordsUnderNumbersThatNeverReturn(t *testing.T) {
	db := openTest(t, Options{})
	one, two := addJotting(t, db, jotting{"", "one"}), addJotting(t, db, jotting{"example.com", "two"})
	err := jottings.Edit(db, "edit", func(d *Drawer[jotting]) error {
		return errors.Join(d.Change(one, jotting{"", "first"}), d.Remove(two))
	})
	if err != nil {
		t.Fatal(err)
	}
	three := addJotting(t, db, jotting{"example.com", "three"})
	db.Close()
	db = reopen(t, db.dir, Options{})
	if got, ok := jottings.Get(db, one); !ok || got.Text != "first" || len(jottings.All(db)) != 2 {
		t.Errorf("the shelf holds %v", jottings.All(db))
	}
	if _, ok := jottings.Get(db, two); ok || three <= two {
		t.Errorf("number %d is back, or given again as %d", two, three)
	}
	if ids := jottings.OfSite(db, "example.com"); !slices.Equal(ids, []uint32{three}) {
		t.Errorf("the site has %v, want %v", ids, three)
	}
}

func TestAnEditThatFailsChangesNothing(t *testing.T) {
	db := openTest(t, Options{})
	one := addJotting(t, db, jotting{Text: "one"})
	stop := errors.New("changed my mind")
	for what, edit := range map[string]struct {
		change func(*Drawer[jotting]) error
		want   error
	}{
		"its own error": {func(d *Drawer[jotting]) error { return errors.Join(d.Remove(one), stop) }, stop},
		"no record":     {func(d *Drawer[jotting]) error { return errors.Join(d.Remove(one), d.Change(99, jotting{})) }, ErrNoRecord},
		"no site": {func(d *Drawer[jotting]) error {
			_, err := d.Add(jotting{Site: "b.example"})
			return errors.Join(d.Remove(one), err)
		}, ErrNoSite},
		"too many": {func(d *Drawer[jotting]) error {
			for n := range 3 {
				if _, err := d.Add(jotting{Text: fmt.Sprint(n)}); err != nil {
					return err
				}
			}
			return nil
		}, ErrShelfFull},
	} {
		if err := jottings.Edit(db, "edit", edit.change); !errors.Is(err, edit.want) {
			t.Errorf("%s: %v, want %v", what, err, edit.want)
		}
		if all := jottings.All(db); len(all) != 1 || all[one].Text != "one" {
			t.Errorf("%s: the shelf holds %v afterwards", what, all)
		}
	}
}

func TestASiteTakesItsRecordsAlong(t *testing.T) {
	db := openTest(t, Options{})
	kept := addJotting(t, db, jotting{Text: "of all"})
	addJotting(t, db, jotting{"example.com", "of the site"})
	if err := db.RemoveSite("example.com"); err != nil {
		t.Fatal(err)
	}
	if all := jottings.All(db); len(all) != 1 || all[kept].Text != "of all" {
		t.Errorf("the shelf holds %v", all)
	}
}

func TestShelvesAreCheckedAuditedAndCopied(t *testing.T) {
	db := openTest(t, Options{})
	addJotting(t, db, jotting{"example.com", "hello"})
	if err := db.Compact(); err != nil {
		t.Fatal(err)
	}
	report, err := db.Audit()
	if err != nil || len(report.Violations) > 0 {
		t.Fatalf("audit: %v %v", err, report.Violations)
	}
	if !slices.ContainsFunc(report.Kinds, func(k AuditKind) bool { return k.Kind == "jottings" && k.Count == 1 && k.Meaning != "" }) {
		t.Errorf("the audit does not tell of the shelf: %+v", report.Kinds)
	}
	db.Close()
	db = reopen(t, db.dir, Options{})
	if err := db.update("damage", func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte("jottings")).Put(number(7), []byte(`{"site":"gone.example","text":""}`))
	}); err != nil {
		t.Fatal(err)
	}
	if all := violations(t, db); len(all) != 1 || !strings.Contains(all[0], "gone.example") {
		t.Errorf("check says %v", all)
	}
	if err := db.update("mend", func(tx *bbolt.Tx) error { return tx.Bucket([]byte("jottings")).Delete(number(7)) }); err != nil {
		t.Fatal(err)
	}
}
