#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# layers.sh: every #include "room/file.h" under src/ must be allowed by src/LAYERS, and nobody
# includes the private.h of another room. Prints the offending lines.
set -euo pipefail
cd "$(dirname "$0")/.."

find src -mindepth 2 -name '*.[ch]' | sort | xargs awk '
	BEGIN {
		while ((getline line < "src/LAYERS") > 0) {
			if (line ~ /^#/ || line !~ /:/)
				continue
			room = line
			sub(/:.*/, "", room)
			sub(/^[^:]*:/, "", line)
			known[room] = 1
			allowed[room, room] = 1
			n = split(line, others, " ")
			for (i = 1; i <= n; i++)
				allowed[room, others[i]] = 1
		}
	}
	function complain(text) {
		printf "%s:%d: %s\n", FILENAME, FNR, text
		bad = 1
	}
	FNR == 1 {
		split(FILENAME, parts, "/")
		room = parts[2]
		if (!(room in known))
			complain("room " room " is not in src/LAYERS")
	}
	/^[ \t]*#[ \t]*include[ \t]*"/ {
		match($0, /"[^"]*"/)
		header = substr($0, RSTART + 1, RLENGTH - 2)
		if (header == "duckdb.h" && room == "query")
			next # fetched by scripts/setup.sh
		if (split(header, parts, "/") != 2) {
			complain("write \"room/file.h\", not \"" header "\"")
		} else if (!((room, parts[1]) in allowed)) {
			complain(room " may not include " header " (src/LAYERS)")
		} else if (parts[1] != room && parts[2] == "private.h") {
			complain(header " is private to its room")
		}
	}
	END { exit bad }
'
