// Package snippet owns the script that a website embeds: its one source (src),
// its builds (dist, made from the source by `go generate` and committed), their
// size budget, and how they are served.
//
// It must never see anything else of the project: no site, no setting, no beacon.
// The script is the same for everybody, and so are the validators it is served
// with; a file or a header that differed between visitors could mark them.
//
// What a name switches on is compiled into the file of that name, because a
// cache, a proxy or a copy on the site's own host keeps the bytes but not the
// name. Builds are committed ready compressed, so that the server links neither
// the bundler nor pays for compression when it starts.
package snippet

//go:generate go run ./build
