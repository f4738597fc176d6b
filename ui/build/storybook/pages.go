//go:build storybook

package main

import "footfall/ui"

func init() { storybook = ui.Storybook() }
