package main

import (
	"os"
	"os/exec"
	"testing"
	"time"
)

func TestTimeAndMemoryOfAProcessAreRead(t *testing.T) {
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: &exec.Cmd{Process: self}}
	before, err := p.cpu()
	if err != nil {
		t.Fatal(err)
	}
	for start := time.Now(); time.Since(start) < 10*time.Second; { // busy, until it shows
		if after, err := p.cpu(); err != nil || after > before {
			break
		}
	}
	if after, err := p.cpu(); err != nil || after <= before {
		t.Errorf("got %v before and %v after work (%v), want more", before, after, err)
	}
	if n, err := p.memory("VmRSS"); err != nil || n < mebi {
		t.Errorf("got %d bytes resident (%v), want at least a mebibyte", n, err)
	}
	if _, err := p.memory("VmNothing"); err == nil {
		t.Error("a line that is not there was read")
	}
}
