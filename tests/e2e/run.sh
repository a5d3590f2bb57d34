#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# End-to-end tests: the real program on real files. One line per test; the last line counts them.
#   tests/e2e/run.sh [WORD…]      only tests whose name contains one of the words
#   QUICK=1 short ones only, LONG=1 full counts, JOBS=N at once (default 2), KEEP=1 keeps the folders
#   PUGMARK=path, GENERATE=path   the programs (default: build/release, then build/dev)
exec python3 -B "$(dirname "$0")/run.py" "$@"
