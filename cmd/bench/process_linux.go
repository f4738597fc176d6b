package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Signals of the build with the tag bench.
const (
	profileOn  = syscall.SIGUSR1
	profileOff = syscall.SIGUSR2
)

// tick is the unit of times in /proc/<pid>/stat: USER_HZ, 100 on every Linux that
// Go runs on (proc(5)).
const tick = 10 * time.Millisecond

// cpu is the time that a process has spent, in user and system.
func (p *process) cpu() (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	// The name, in brackets, may hold anything; the fields after it are counted
	// from the third.
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	user, err := strconv.ParseInt(fields[14-3], 10, 64)
	if err != nil {
		return 0, err
	}
	system, err := strconv.ParseInt(fields[15-3], 10, 64)
	return time.Duration(user+system) * tick, err
}

// memory is a line of /proc/<pid>/status such as VmRSS, in bytes.
func (p *process) memory(name string) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			n, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return n << 10, err
		}
	}
	return 0, fmt.Errorf("no %s in /proc", name)
}

// hold stops a process where it is, so that it takes nothing from another that is
// being measured; the function that is returned lets it go on.
func (p *process) hold() (release func() error, err error) {
	if err := p.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		return nil, err
	}
	return func() error { return p.cmd.Process.Signal(syscall.SIGCONT) }, nil
}

// threadTime is the processor time that the calling thread has spent: what else the
// machine does is not in it.
func threadTime() (time.Duration, error) {
	const thread = 1 // RUSAGE_THREAD, getrusage(2)
	var use syscall.Rusage
	if err := syscall.Getrusage(thread, &use); err != nil {
		return 0, err
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano()), nil
}
