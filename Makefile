# SPDX-License-Identifier: Apache-2.0
# The front door. CMakePresets.json holds the builds, scripts/setup.sh what they need.
PREFIX ?= /usr/local
DESTDIR ?=
SUITES ?= ../shared
RELEASE := build/release
MAKEFLAGS += --no-print-directory

.PHONY: all setup release demo try test quick test-long test-s3 test-cluster bench suites fuzz pictures install package clean help

all: release ## build the program into build/release

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## /make \1: /p' Makefile | sed 's/: /@/' | column -t -s @

setup: ## install all that the tests need (make and make demo install less)
	@scripts/setup.sh

release:
	@scripts/setup.sh --build-only
	@cmake --preset release >/dev/null
	@cmake --build $(RELEASE) --target pugmark pugmark-ship generate

demo: release ## connect three products on this machine, collect them, prove it, and look at them
	@scripts/setup.sh --demo
	@scripts/demo.sh

try: release ## the page, and a stand-in of Atlassian's cloud to connect
	@scripts/setup.sh --demo
	@scripts/try.sh

test: ## checks, unit tests, end-to-end tests
	@ci/test.sh

quick: ## the inner loop, under two minutes
	@ci/test.sh --quick

test-long: ## everything, with the long series and the thread sanitizer
	@ci/test.sh --long

test-cluster: ## two shards of two replicas of ClickHouse, and a current ClickHouse
	@ci/test-cluster.sh

test-s3: ## the S3 client against OpenStack Swift, from Debian's packages
	@ci/test-s3.sh

pictures: release ## renew the pictures of the page in docs/pictures, out of a run of its tests
	@scripts/setup.sh
	@scripts/pictures.sh

bench: release ## measure against DuckDB
	@bench/run.sh

suites: release ## what nobody here wrote: SUITES=../shared
	@tests/suites.sh "$(SUITES)"

fuzz: ## every fuzzer for FUZZ_SECONDS (60)
	@scripts/setup.sh --fuzz
	@ci/fuzz.sh

install: release ## PREFIX=/usr/local DESTDIR=
	@DESTDIR="$(DESTDIR)" cmake --install $(RELEASE) --prefix "$(PREFIX)"

package: ## build/package: a Debian package, and pugmark-ship for any Linux
	@scripts/package.sh

clean: ## forget all builds
	rm -rf build
