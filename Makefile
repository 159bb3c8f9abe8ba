# Everything that is done with this repository. `make` alone prints the targets.
# A fresh machine needs Rust, Node 20 with npm, make and a C compiler (Debian with root installs the rest by itself).

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Outside the checkout, so that fresh clones reuse what was compiled; nothing depends on it being filled.
export CARGO_TARGET_DIR ?= $(HOME)/.cache/bespoke/target

# Folders whose npm packages are needed to build or to test.
NPM_FOLDERS := crates/runtime/js dashboard packages/bespoke packages/client examples/hubspot-contacts examples/feature-flags examples/filters crates/bundler/tests/fixtures tests/node tests/browser
NPM_STAMPS := $(NPM_FOLDERS:%=%/node_modules/.package-lock.json)
PRELUDE := crates/runtime/js/dist/prelude.js
DASHBOARD := dashboard/dist/index.html
DASHBOARD_SOURCES := $(shell find dashboard/src dashboard/public -type f) $(wildcard dashboard/*.html dashboard/*.ts dashboard/*.mjs dashboard/package-lock.json)
PRELUDE_SOURCES := $(wildcard crates/runtime/js/src/*.js crates/runtime/js/src/*/*.js crates/runtime/js/*.js crates/runtime/js/package-lock.json)

help: ## print the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1\t\2/' | expand -t 16

demo: build examples/hubspot-contacts/node_modules/.package-lock.json ## build, start Bespoke with a sample CRM and two customers
	@node examples/demo/demo.mjs

test: test-rust test-js test-node test-browser ## install what the tests need and run every test, on SQLite and PostgreSQL

build: $(PRELUDE) $(DASHBOARD) ## build target/release/bespoke, with everything embedded
	cargo build --release --locked --package bespoke
	@mkdir -p target/release
	@[ "$(CARGO_TARGET_DIR)/release/bespoke" -ef target/release/bespoke ] || cp -f "$(CARGO_TARGET_DIR)/release/bespoke" target/release/bespoke

test-rust: $(PRELUDE) $(DASHBOARD) $(NPM_STAMPS) ## Rust tests, storage and API on both databases
	url="$$(scripts/postgres start)" && BESPOKE_TEST_POSTGRES="$$url" cargo test --locked --workspace

test-js: $(NPM_STAMPS) ## the prelude's tests and the types of packages and examples
	cd crates/runtime/js && npm run --silent build && npm test --silent
	cd packages/bespoke && npm test --silent
	cd packages/client && npm test --silent
	cd dashboard && npm run --silent types && npm test --silent
	for example in hubspot-contacts feature-flags filters; do (cd examples/$$example && npx --no-install tsc --noEmit) || exit 1; done

test-node: $(PRELUDE) $(NPM_STAMPS) ## the examples' fixtures, and a real server driven by the official @nangohq/node, on both databases
	cargo build --locked --package bespoke
	for example in hubspot-contacts feature-flags filters; do "$(CARGO_TARGET_DIR)/debug/bespoke" test examples/$$example || exit 1; done
	url="$$(scripts/postgres start)" && cd tests/node && BESPOKE_BINARY="$(CARGO_TARGET_DIR)/debug/bespoke" BESPOKE_TEST_POSTGRES="$$url" npm test --silent

test-browser: $(PRELUDE) $(DASHBOARD) $(NPM_STAMPS) ## the dashboard of a real server, driven with Debian's Chromium; screenshots go to target/shots
	cargo build --locked --package bespoke
	chromium="$$(scripts/chromium)" && cd tests/browser && BESPOKE_CHROMIUM="$$chromium" BESPOKE_BINARY="$(CARGO_TARGET_DIR)/debug/bespoke" npm test --silent

bench: build $(NPM_STAMPS) ## measure from outside over HTTP and in a browser, and print a table of each
	@cd tests/node && node bench/bench.mjs
	@chromium="$$(scripts/chromium)" && cd tests/browser && BESPOKE_CHROMIUM="$$chromium" node bench/connections.mjs

fmt: ## format the Rust code
	cargo fmt

lint: $(PRELUDE) ## formatting, clippy and docs, warnings are errors
	cargo fmt --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings -A rustdoc::private-intra-doc-links" cargo doc --locked --workspace --no-deps --document-private-items

generate: $(PRELUDE) packages/client/node_modules/.package-lock.json ## write openapi.json, docs/reference and the client's types from the code
	cargo build --locked --package bespoke
	"$(CARGO_TARGET_DIR)/debug/bespoke" openapi > openapi.json
	mkdir -p docs/reference
	for page in cli settings errors providers; do "$(CARGO_TARGET_DIR)/debug/bespoke" reference $$page > docs/reference/$$page.md; done
	cd packages/client && npm run --silent generate

check-generated: generate ## fail where generated files are stale
	git diff --exit-code -- openapi.json docs/reference packages/client/src/schema.d.ts

smoke: build examples/hubspot-contacts/node_modules/.package-lock.json ## the demo from start to stop, on the release binary
	cd tests/node && node smoke.mjs

ci: lint check-generated test smoke ## what has to be green before a change lands

clean: ## remove what was built here (not the shared target folder)
	rm -rf target crates/runtime/js/dist dashboard/dist $(NPM_FOLDERS:%=%/node_modules)

$(PRELUDE): crates/runtime/js/node_modules/.package-lock.json $(PRELUDE_SOURCES)
	cd crates/runtime/js && npm run --silent build

# Cargo looks at the folder only where it was there before.
$(DASHBOARD): dashboard/node_modules/.package-lock.json $(DASHBOARD_SOURCES)
	cd dashboard && npm run --silent types && npm run --silent build
	@touch crates/server/build.rs

%/node_modules/.package-lock.json: %/package-lock.json
	cd $* && npm ci --no-audit --no-fund --loglevel=error && touch node_modules/.package-lock.json

.PHONY: help demo test build test-rust test-js test-node test-browser bench fmt lint generate check-generated smoke ci clean
