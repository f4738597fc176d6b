// Command build makes the files in dist, and the npm package, from the source in
// src: bundled and minified by esbuild, then compressed as far as gzip and brotli
// go. `go generate ./snippet` runs it. A test fails when what is committed is not
// what the source makes.
package main
