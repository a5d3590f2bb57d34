#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# files.sh: rules on files as such: licence line, purpose lines, length, and no word in them about
# one machine or one network.
set -uo pipefail
cd "$(dirname "$0")/.."
bad=0

complain() {
	printf '%s\n' "$*"
	bad=1
}

# All files of the tree but what is built, fetched, or data.
files=$(find . \( -name .git -o -path ./build -o -path ./web/dist -o -path ./deps -o -name node_modules -o \
	-name __pycache__ -o -path ./tests/data -o -path ./bench/data \) -prune -o \
	-type f -size -1000k -print | sed 's|^\./||' | sort)
sources=$(printf '%s\n' "$files" | grep -E '\.(c|h|sh|py|mjs|js|ts|tsx|css|html|cmake|bash)$|(^|/)(Makefile|CMakeLists\.txt)$|^(schemas|rules)/.*\.yml$|^\.ci/run$')

for file in $(printf '%s\n' "$sources" | xargs grep -L 'SPDX-License-Identifier: Apache-2\.0' --); do
	complain "$file: no SPDX line"
done
for file in $(printf '%s\n' "$sources" | grep '\.[ch]$'); do
	head -n 3 "$file" | sed -n 2,3p | grep -q '^/\?\s*\*' ||
		complain "$file: no purpose comment below the SPDX line"
done

# ci/long-files.txt lists "path reason" for files that may be longer than 600 lines.
while read -r lines file; do
	[ "$file" = total ] || [ "$lines" -le 600 ] || grep -q "^$file [^ ]" ci/long-files.txt ||
		complain "$file: $lines lines; split it, or give a reason in ci/long-files.txt"
done < <(printf '%s\n' "$sources" | xargs wc -l)

# The patterns are put together here so that this file does not find itself.
home='(^|[^A-Za-z0-9_.-])/(home|root|Users|wo''rk)/[A-Za-z0-9_.-]'
registry='https?://[^ "]*(registr''y|artifactor''y|nexu''s|/npm-prox''y)'
while IFS= read -r hit; do
	complain "$hit: a path or host of one machine"
done < <(printf '%s\n' "$files" | grep -v '^LICENSE$' |
	xargs grep -InE -o -- "$home|$registry")

exit $bad
