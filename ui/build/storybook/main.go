// Command storybook serves every part of the interface in every state, for those
// who work on it. It is built with -tags storybook, as "make storybook" does.
package main

import (
	"fmt"
	"os"

	"github.com/valyala/fasthttp"
)

// storybook are the pages; nil in builds without the tag.
var storybook fasthttp.RequestHandler

func main() {
	if storybook == nil {
		fmt.Fprintln(os.Stderr, "storybook: built without its pages\nhint: make storybook")
		os.Exit(2)
	}
	const address = "127.0.0.1:8090"
	fmt.Println("http://" + address + "/")
	if err := fasthttp.ListenAndServe(address, storybook); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
