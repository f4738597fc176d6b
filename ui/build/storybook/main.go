//go:build storybook

// Command storybook serves every part of the interface in every state, for those
// who work on it.
package main

import (
	"fmt"
	"os"

	"footfall/ui"

	"github.com/valyala/fasthttp"
)

func main() {
	const address = "127.0.0.1:8090"
	fmt.Println("http://" + address + "/")
	if err := fasthttp.ListenAndServe(address, ui.Storybook()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
