//go:build !linux

package main

import (
	"errors"
	"syscall"
	"time"
)

const (
	profileOn  = syscall.Signal(0)
	profileOff = syscall.Signal(0)
)

func (p *process) cpu() (time.Duration, error)             { return 0, errors.ErrUnsupported }
func (p *process) memory(string) (int64, error)            { return 0, errors.ErrUnsupported }
func (p *process) hold() (release func() error, err error) { return nil, errors.ErrUnsupported }
func threadTime() (time.Duration, error)                   { return 0, errors.ErrUnsupported }
