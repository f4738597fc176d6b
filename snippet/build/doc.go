// Command build makes the files in dist from the source in src: bundled and
// minified by esbuild, then compressed as far as gzip and brotli go. `go
// generate ./snippet` runs it.
package main
