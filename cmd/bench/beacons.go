package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"footfall/cmd/bench/stream"
)

const (
	leastRate      = 0.6
	mostCPU        = 1.6
	mostAllocs     = 4
	mostFoldAllocs = 0.05 // "none": a table grows by a chunk now and then
)

// round is what one round of load cost a server.
type round struct {
	rate float64       // beacons per second
	cpu  time.Duration // of the server, per beacon
}

// contestant is a server in the comparison.
type contestant struct {
	*process
	sent   int64
	rounds []round
}

// measure sends one round of load.
func (c *contestant) measure(l load) error {
	l.addr = c.addr
	before, err := c.cpu()
	if err != nil {
		return err
	}
	t, err := l.run()
	c.sent += t.answered
	if err != nil {
		return err
	}
	after, err := c.cpu()
	c.rounds = append(c.rounds, round{t.rate(), (after - before) / time.Duration(t.answered)})
	return err
}

// measureBeacons compares the real server with the bare handler: in turns, the
// real one held while it is the other's, so that its commits cost nobody else.
func measureBeacons(b *bench) error {
	real, token, err := b.startReal()
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	p, addr, err := b.start("listening", self, bareRole)
	if err != nil {
		return err
	}
	p.addr = addr
	bare := &contestant{process: p}
	warm := load{conns: b.conns, even: b.even, seed: 1, last: b.round / 2}
	if err := errors.Join(real.measure(warm), bare.measure(warm)); err != nil {
		return err
	}
	real.rounds, bare.rounds = nil, nil
	for i := range b.rounds {
		if b.ctx.Err() != nil {
			return b.ctx.Err()
		}
		l := load{conns: b.conns, even: b.even, seed: uint64(i + 2), last: b.round}
		release, err := real.hold()
		if err != nil {
			return err
		}
		if err := errors.Join(bare.measure(l), release()); err != nil {
			return err
		}
		if err := real.measure(l); err != nil {
			return err
		}
	}
	b.reportBeacons(real, bare)
	if err := real.under(func() error { return real.measure(load{conns: b.conns, even: b.even, seed: 99, last: b.round}) }); err != nil {
		return err
	}
	if err := b.compareCount(real, token); err != nil {
		return err
	}
	return errors.Join(real.stop(), bare.stopAbruptly())
}

// stopAbruptly ends the bare handler, which has nothing to say any more.
func (c *contestant) stopAbruptly() error { c.kill(); return nil }

// startReal starts the real server with a site to count and a token to ask with.
func (b *bench) startReal() (*contestant, string, error) {
	dir, err := b.newSite()
	if err != nil {
		return nil, "", err
	}
	token, err := b.command("token", "add", "bench", "--data", dir)
	if err != nil {
		return nil, "", err
	}
	p, err := b.serve(dir)
	return &contestant{process: p}, token, err
}

func (b *bench) reportBeacons(real, bare *contestant) {
	var rates, cpus, realRate, realCPU, bareRate, bareCPU []float64
	for i := range real.rounds {
		r, o := real.rounds[i], bare.rounds[i]
		rates = append(rates, r.rate/o.rate)
		cpus = append(cpus, float64(r.cpu)/float64(o.cpu))
		realRate, bareRate = append(realRate, r.rate), append(bareRate, o.rate)
		realCPU, bareCPU = append(realCPU, float64(r.cpu)/1e3), append(bareCPU, float64(o.cpu)/1e3)
	}
	f := atLeast("beacons per second, of those of a bare handler", median(rates), leastRate, "%.2f")
	f.note = fmt.Sprintf("%.0f of %.0f, spread %.2f-%.2f", median(realRate), median(bareRate), lowest(rates), highest(rates))
	b.report(f)
	f = atMost("server CPU per beacon, times that of a bare handler", median(cpus), mostCPU, "%.2f")
	f.note = fmt.Sprintf("%.1f to %.1f microseconds, spread %.2f-%.2f", median(realCPU), median(bareCPU), lowest(cpus), highest(cpus))
	b.report(f)
}

func lowest(values []float64) float64 {
	low := values[0]
	for _, v := range values {
		low = min(low, v)
	}
	return low
}

func highest(values []float64) float64 {
	high := values[0]
	for _, v := range values {
		high = max(high, v)
	}
	return high
}

// compareCount asks the server how many pageviews it has counted: exactly those
// that it was sent.
func (b *bench) compareCount(real *contestant, token string) error {
	var answer struct {
		Results []struct{ Metrics []float64 }
	}
	query := fmt.Sprintf(`{"site_id":%q,"metrics":["pageviews"],"date_range":"7d"}`, stream.Site)
	today := fmt.Sprintf(`{"site_id":%q,"metrics":["pageviews"],"date_range":"day"}`, stream.Site)
	counted := 0.0
	for _, q := range []string{query, today} { // a run across midnight has two days
		body, err := ask(real.addr, token, q)
		if err != nil {
			return err
		}
		if err := json.Unmarshal(body, &answer); err != nil || len(answer.Results) != 1 {
			return fmt.Errorf("the stats API answered %s (%v)", body, err)
		}
		counted += answer.Results[0].Metrics[0]
	}
	if int64(counted) != real.sent {
		return fmt.Errorf("%d beacons were answered 202, %.0f pageviews are counted", real.sent, counted)
	}
	return nil
}

// ask posts a query to the stats API.
func ask(addr, token, query string) ([]byte, error) {
	req, err := http.NewRequest("POST", "http://"+addr+"/api/v2/query", bytes.NewReader([]byte(query)))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("the stats API answered %s: %s", resp.Status, body)
	}
	return body, err
}
