package geo

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

var somewhere = netip.MustParseAddr("203.0.113.7")

func inCountry(t testing.TB, code string) []byte {
	return build(t, "GeoLite2-Country", map[string]m{"203.0.113.0/24": countryRecord(code)})
}

// replaceFile puts another file into the place of the first, of another time.
func replaceFile(t testing.TB, path string, content []byte, at time.Time) {
	t.Helper()
	next := write(t, content)
	if err := errors.Join(os.Chtimes(next, at, at), os.Rename(next, path)); err != nil {
		t.Fatal(err)
	}
}

// overwrite changes a file where it lies.
func overwrite(t testing.TB, path string, content []byte, at time.Time) {
	t.Helper()
	if err := errors.Join(os.WriteFile(path, content, 0o600), os.Chtimes(path, at, at)); err != nil {
		t.Fatal(err)
	}
}

// look refreshes and wants that to go as said.
func look(t *testing.T, p *Places, wantChanged bool, wantErr string) {
	t.Helper()
	changed, err := p.Refresh()
	told := ""
	if err != nil {
		told = err.Error()
	}
	if changed != wantChanged || (wantErr == "") != (err == nil) || !strings.Contains(told, wantErr) {
		t.Errorf("Refresh says %v, %q, want %v, %q", changed, told, wantChanged, wantErr)
	}
}

func wantIn(t *testing.T, p *Places, want, when string) {
	t.Helper()
	if got := p.Find(somewhere).Country; got != want {
		t.Errorf("%s: %q, want %q", when, got, want)
	}
}

func TestANewFileIsTakenWhenTwoLooksSawItAlike(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, change := range map[string]func(testing.TB, string, []byte, time.Time){"moved there": replaceFile, "overwritten": overwrite} {
		t.Run(name, func(t *testing.T) {
			path := write(t, inCountry(t, "DE"))
			p := open(t, path)
			look(t, p, false, "")
			change(t, path, inCountry(t, "AT"), at)
			wantIn(t, p, "DE", "changed, and not looked at")
			look(t, p, false, "")
			change(t, path, inCountry(t, "CH"), at.Add(time.Second))
			look(t, p, false, "") // still being written
			wantIn(t, p, "DE", "seen once")
			look(t, p, true, "")
			wantIn(t, p, "CH", "seen twice")
			look(t, p, false, "")
		})
	}
}

func TestABrokenNewFileIsRefusedOnceAndTheOldOneServes(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	path := write(t, inCountry(t, "DE"))
	p := open(t, path)
	whole := inCountry(t, "AT")
	for i, broken := range [][]byte{nil, []byte("<html>"), whole[:len(whole)/2], build(t, "GeoLite2-ASN", nil)} {
		overwrite(t, path, broken, at.Add(time.Duration(i)*time.Second))
		look(t, p, false, "")
		look(t, p, false, path)
		look(t, p, false, "")
		wantIn(t, p, "DE", fmt.Sprintf("broken file %d", i))
	}
	overwrite(t, path, whole, at.Add(time.Minute))
	look(t, p, false, "")
	look(t, p, true, "")
	wantIn(t, p, "AT", "whole again")
}

func TestAFileThatGoesAndComesBack(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	path := write(t, inCountry(t, "DE"))
	p := open(t, path)
	aside := path + ".aside"
	if err := os.Rename(path, aside); err != nil {
		t.Fatal(err)
	}
	look(t, p, false, "no such file")
	look(t, p, false, "")
	wantIn(t, p, "DE", "gone")
	if err := os.Rename(aside, path); err != nil {
		t.Fatal(err)
	}
	look(t, p, false, "")
	look(t, p, false, "")
	replaceFile(t, path, inCountry(t, "AT"), at)
	look(t, p, false, "")
	look(t, p, true, "")
	wantIn(t, p, "AT", "another one")
}

func TestACutFileHurtsNobodyWhoLooksUp(t *testing.T) {
	path := write(t, inCountry(t, "DE"))
	p := open(t, path)
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	wantIn(t, p, "DE", "cut to nothing")
}

func TestPrivateCopiesHaveNoNameAndLeftOnesAreRemoved(t *testing.T) {
	scratch, path := t.TempDir(), write(t, inCountry(t, "DE"))
	left := filepath.Join(scratch, "geo-copy-1.mmdb")
	if err := os.WriteFile(left, []byte("of a process that died"), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := OpenIn(path, scratch)
	if err != nil {
		t.Fatal(err)
	}
	overwrite(t, path, []byte("broken"), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	look(t, p, false, "")
	look(t, p, false, path)
	if names, err := os.ReadDir(scratch); err != nil || len(names) != 0 {
		t.Errorf("%v (%v) lie about, want nothing", names, err)
	}
	wantIn(t, p, "DE", "copied")
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	look(t, p, false, "")
	wantIn(t, p, "", "closed")
	if p.Type() != "" {
		t.Errorf("type %q after Close", p.Type())
	}
}

func TestWithoutRoomForACopyTheHintSaysSo(t *testing.T) {
	path := write(t, inCountry(t, "DE"))
	_, err := OpenIn(path, filepath.Join(t.TempDir(), "none"))
	if !errors.Is(err, ErrDatabase) || !strings.Contains(err.Error(), "make room") {
		t.Errorf("%v, want a hint at the copy", err)
	}
}

// TestFindSurvivesRefreshAndClose is for the race detector.
func TestFindSurvivesRefreshAndClose(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	path := write(t, inCountry(t, "DE"))
	p := open(t, path)
	contents := [][]byte{inCountry(t, "AT"), inCountry(t, "CH"), []byte("broken")}
	var readers, writers sync.WaitGroup
	done := make(chan struct{})
	for range 4 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				switch got := p.Find(somewhere).Country; got {
				case "DE", "AT", "CH", "":
				default:
					t.Errorf("country %q", got)
				}
				p.Type()
			}
		})
	}
	for range 2 {
		writers.Go(func() {
			for range 40 {
				_, _ = p.Refresh() // broken files among them
			}
		})
	}
	for i := range 60 {
		overwrite(t, path, contents[i%3], at.Add(time.Duration(i)*time.Second))
		_, _ = p.Refresh()
		_, _ = p.Refresh()
	}
	writers.Wait()
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	close(done)
	readers.Wait()
	wantIn(t, p, "", "after Close")
}
