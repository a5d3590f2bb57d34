#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# make pictures: renews docs/pictures: what the tests of the page see (build/screenshots), over more events than they use otherwise.
set -euo pipefail
cd "$(dirname "$0")/.."
export PUGMARK=$PWD/${BUILD:-build/release}/pugmark GENERATE=$PWD/${BUILD:-build/release}/generate PAGE_EVENTS=${PAGE_EVENTS:-60000}
export LONG=1 # every view in the dark is looked at then only
rm -rf build/screenshots
tests/e2e/run.sh page_journey/the_first page_journey/somebody_searches page_journey/an_event page_journey/alerts page_journey/a_report \
	page_journey/every_view_in_dark
mkdir -p docs/pictures
for name in overview search alert ioc source-test; do cp "build/screenshots/$name.png" docs/pictures/; done
cp build/screenshots/dark-search.png docs/pictures/search-dark.png
