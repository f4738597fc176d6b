# The two commands are `make run` and `make test`; `make help` lists the rest.

GO         ?= go
DATA       ?= ./footfall-data
FUZZTIME   ?= 20s
AXE         = $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/footfall/axe
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOSEC       = github.com/securego/gosec/v2/cmd/gosec@v2.30.0
GOVULNCHECK = golang.org/x/vuln/cmd/govulncheck@v1.9.0
CYCLONEDX   = github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0
VERSION    ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS     = -s -w -X main.commit=$(shell git rev-parse --short=12 HEAD 2>/dev/null)
PLATFORMS   = linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64

.PHONY: help run demo build test tools check vulns bench fuzz generate geo release sbom storybook

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "%-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: build ## build the server and start it on ./footfall-data
	./footfall serve --data $(DATA)

demo: build ## build it and start it on throw-away data with a sample site
	./footfall demo

storybook: ## serve every part of the interface in every state, without a database
	$(GO) run -tags storybook ./ui/build/storybook

build: ## build ./footfall
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o footfall ./cmd/footfall

test: tools ## install what the tests need (a browser, two proxies) and run them all
	$(GO) vet ./...
	$(GO) test -timeout 30m ./...
	$(GO) test -tags storybook -run Story ./ui

# Tests open real pages in a real browser and put real proxies before the server,
# all from Debian's packages. The proxies are not left running as services.
tools:
	@npm=; cmp -s ui/testdata/axe/package-lock.json $(AXE)/package-lock.json || npm=npm; \
	missing=; for program in chromium nginx caddy $$npm; do \
		command -v $$program >/dev/null || [ -x /usr/sbin/$$program ] || missing="$$missing $$program"; done; \
	[ -z "$$missing" ] || { \
		echo "installing$$missing"; \
		sudo=$$(command -v sudo || true); [ "$$(id -u)" = 0 ] && sudo=; \
		$$sudo apt-get update -qq && \
		DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -y -qq --no-install-recommends $$missing >/dev/null && \
		for program in $$missing; do $$sudo systemctl disable --now $$program >/dev/null 2>&1 || true; done; }
	@cmp -s ui/testdata/axe/package-lock.json $(AXE)/package-lock.json || { \
		echo "fetching axe-core, which checks the pages for accessibility"; \
		mkdir -p $(AXE) && cp ui/testdata/axe/package.json $(AXE)/ && \
		cp ui/testdata/axe/package-lock.json $(AXE)/npm-shrinkwrap.json && \
		npm ci --silent --ignore-scripts --prefix $(AXE) && mv $(AXE)/npm-shrinkwrap.json $(AXE)/package-lock.json; }

# gosec leaves out what would say nothing here: errors that are dropped on purpose
# (G104, staticcheck finds the others), conversions of numbers (G115, those from
# outside are fuzzed), file names (G304, G703: they are the operator's), unsafe
# (G103, one place with its reason), and the weak random numbers and programs that
# the demo, the bench and the builders of tables use (G204, G306, G404).
check: ## formatting, vet, staticcheck and gosec
	@test -z "$$(gofmt -l . | tee /dev/stderr)" || { echo "gofmt -w these"; exit 1; }
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...
	$(GO) run $(GOSEC) -quiet -exclude=G103,G104,G115,G304,G703,G204,G306,G404 -exclude-dir=cmd/bench ./...

vulns: ## known vulnerabilities of what is used (asks a database on the network)
	$(GO) run $(GOVULNCHECK) ./...

bench: ## measure every budget, in one run on this machine
	$(GO) run ./cmd/bench

fuzz: ## run every fuzz target for FUZZTIME each
	@for pkg in $$($(GO) list ./...); do \
		for target in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz'); do \
			echo "$$pkg $$target"; \
			$(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) $$pkg || exit 1; \
		done; \
	done

generate: ## rebuild the committed builds of the browser script
	$(GO) generate ./...

geo: ## rebuild the built-in table of countries from its pinned sources
	$(GO) generate ./ingest/geo

# The same source and Go make the same bytes, wherever they are built.
release: ## build dist/ for every platform, with checksums
	@rm -rf dist && mkdir dist
	@for p in $(PLATFORMS); do \
		os=$${p%/*}; arch=$${p#*/}; out=dist/footfall-$(VERSION)-$$os-$$arch; \
		[ $$os = windows ] && out=$$out.exe; \
		echo $$out; \
		GOOS=$$os GOARCH=$$arch CGO_ENABLED=0 GOTOOLCHAIN=local $(GO) build -trimpath -buildvcs=false \
			-ldflags '$(LDFLAGS) -X main.version=$(VERSION)' -o $$out ./cmd/footfall || exit 1; \
	done
	@cd dist && sha256sum footfall-* > SHA256SUMS && cat SHA256SUMS

sbom: ## write what a release is made of to dist/footfall.cdx.json (CycloneDX)
	@mkdir -p dist
	$(GO) run $(CYCLONEDX) app -json -licenses -main cmd/footfall -output dist/footfall.cdx.json .
