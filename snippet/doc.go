// Package snippet owns the script that a website embeds: its one source (src),
// its builds (dist, made from the source by `go generate` and committed), their
// size budget, how they are served, and the npm package made of the same source.
//
// It must never see anything else of the project: no site, no setting, no beacon.
// What an owner has set for the script of a site comes as attributes of its tag. The
// script is the same for everybody who opens a page, and so are the validators it is
// served with; a file or a header that differed between visitors could mark them.
//
// What a name switches on is compiled into the file of that name, because a
// cache, a proxy or a copy on the site's own host keeps the bytes but not the
// name. Builds are committed ready compressed, so that the server neither links
// the bundler nor pays for compression when it starts.
//
// The tag's attributes:
//
//	data-domain       the site; default: the host of the page
//	data-api          where beacons go; default: ../api/event, seen from the script
//	data-hash         the fragment belongs to the path
//	data-manual       no pageview by itself, only what the page calls for
//	data-local        count local hosts as well (names without a dot, addresses that
//	                  end in a number) and browsers that a program drives
//	data-forms        count submitted forms
//	data-debug        say in the console what became of each event: the answer, with
//	                  the reason for which the server did not count it, or why
//	                  nothing was sent
//	data-outbound     "off": no clicks on links to other hosts
//	data-downloads    file name extensions that are downloads (pdf|zip), or "off":
//	                  the server drops what it is told of others
//	data-404          "off": no event of its own for pages answered 404
//	data-include      only what happens on these paths: globs, separated by commas;
//	data-exclude      not these paths   * stops at a slash, ** does not
//	data-transform    name of a global function that is given each event as it would
//	                  leave (npm/index.d.ts says what is in it), and returns it,
//	                  changed or not, or nothing to drop it
//	event-KEY         a property of every event
//
// Served as script.js?site=example.com, the file holds what the owner of that site has
// set (footfall site set example.com script=forms,hash,outbound=off): attributes for
// a tag that does not have them.
//
// On any element of the page, data-footfall-event-name="Sign up", with
// data-footfall-event-KEY and data-footfall-revenue-amount and -currency, or the
// classes plausible-event-name=Sign+up and so on: an event when it is clicked, or
// submitted if it is a form.
//
// Of elements the script tells raw what happened: the words above as they stand in the
// page, the address of a link without its query, the kinds of downloads, and whether
// links to other hosts count. Clicks are told where an element is tagged, where a link
// leads to another host, and where it leads to something with an ending that is no
// page's. The server gives names to what counts, and drops the rest. So the names, the
// kinds and the reading of words are not in every page.
//
// The script reads localStorage.plausible_ignore, which Plausible's trackers read
// as well: any value means that this visitor objects. A browser that lets no page
// read it is not counted either. It writes nothing anywhere. It wants a browser of
// 2022 (Chrome 94, Firefox 93, Safari 15); an older one does not run it at all, so
// the part "compat" of old names has nothing to switch. Pages of an application
// are heard of by the Navigation API (Chrome 102, Firefox 147, Safari 26.2); where
// there is none, the address is looked at twice a second.
//
// The script itself only sets up its listeners; the first look at the page, and the
// first beacon, are a task of their own right after it.
//
// optout.js is a script of its own, for a button on the site's page about
// privacy: it writes plausible_ignore when a visitor says so, and at no other time.
package snippet

//go:generate go run ./build
