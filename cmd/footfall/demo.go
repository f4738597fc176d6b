package main

// demoPath is where the sample site lies.
const demoPath = "/demo/"

type demoCmd struct{}

func (c *demoCmd) Run() error { return nil }
