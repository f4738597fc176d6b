# The two commands are `make run` and `make test`; `make help` lists the rest.

GO         ?= go
DATA       ?= ./footfall-data
FUZZTIME   ?= 20s
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
LDFLAGS     = -s -w -X main.commit=$(shell git rev-parse --short=12 HEAD 2>/dev/null)

.PHONY: help run demo build test tools check bench fuzz generate geo

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "%-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: build ## build the server and start it on ./footfall-data
	./footfall serve --data $(DATA)

demo: build ## build it and start it on throw-away data with a sample site
	./footfall demo

build: ## build ./footfall
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o footfall ./cmd/footfall

test: tools ## install what the tests need (a browser, two proxies) and run them all
	$(GO) vet ./...
	$(GO) test -timeout 30m ./...

# Tests open real pages in a real browser and put real proxies before the server,
# all from Debian's packages. The proxies are not left running as services.
tools:
	@missing=; for program in chromium nginx caddy; do \
		command -v $$program >/dev/null || [ -x /usr/sbin/$$program ] || missing="$$missing $$program"; done; \
	[ -z "$$missing" ] || { \
		echo "installing$$missing"; \
		sudo=$$(command -v sudo || true); [ "$$(id -u)" = 0 ] && sudo=; \
		$$sudo apt-get update -qq && \
		DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -y -qq --no-install-recommends $$missing >/dev/null && \
		for program in $$missing; do $$sudo systemctl disable --now $$program >/dev/null 2>&1 || true; done; }

check: ## formatting, vet and staticcheck
	@test -z "$$(gofmt -l . | tee /dev/stderr)" || { echo "gofmt -w these"; exit 1; }
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...

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
