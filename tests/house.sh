#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# house.sh: tests of the house itself: the checks find what they are for, what `make install` puts
# down works from its new place, completion and man page know every command, the pages of docs/sources
# name what there is, set-up is idle when all is there. Ends with "N passed, N failed". BUILD names a release build (build/release).
set -uo pipefail
cd "$(dirname "$0")/.."
root=$PWD
build=${BUILD:-build/release}
work=$(mktemp -d "${TMPDIR:-/tmp}/pugmark-house.XXXXXX")
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

ok() { # ok NAME STATUS [OUTPUT]
	if [ "$2" = 0 ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf 'FAILED: house: %s\n%s\n' "$1" "${3:-}"
	fi
}

# --- Each check finds a planted defect, and nothing where there is none. ------------------------
plant() { # plant FILE TEXT: a tree with nothing but the checks and this file
	rm -rf "$work/tree"
	mkdir -p "$work/tree/src/base" "$work/tree/bench" "$(dirname "$work/tree/$1")"
	cp -r "$root/ci" "$root/.clang-tidy" "$root/.clang-format" "$work/tree/"
	cp "$root/src/LAYERS" "$work/tree/src/"
	printf '%b' "$2" >"$work/tree/$1"
}
finds() { # finds CHECK WORD FILE TEXT
	local out
	plant "$3" "$4"
	out=$("$work/tree/ci/$1" 2>&1)
	[ $? != 0 ] && grep -q -- "$2" <<<"$out"
	ok "$1 finds $2" $? "$out"
}
passes() { # passes CHECK FILE TEXT
	local out
	plant "$2" "$3"
	out=$("$work/tree/ci/$1" 2>&1)
	ok "$1 passes $2" $? "$out"
}
head='/* SPDX-License-Identifier: Apache-2.0 */\n/* x: what it is for. */\n'
passes layers.sh src/store/x.c "$head#include \"base/err.h\"\n#include \"store/private.h\"\n"
finds layers.sh 'may not include' src/base/x.c "$head#include \"store/store.h\"\n"
finds layers.sh 'private to its room' src/store/x.c "$head#include \"base/private.h\"\n"
finds layers.sh 'not in src/LAYERS' src/nowhere/x.c "$head"
finds layers.sh 'room/file.h' src/base/x.c "$head#include \"err.h\"\n"
passes contracts.py src/base/x.h "$head/* Says. */\nint told(int (*f)(void));\nstatic int x[] = {1};\n"
finds contracts.py 'untold has no contract' src/base/x.h "$head\nint untold(int x);\n"
finds contracts.py 'second has no' src/base/x.h "$head/* Says. */\nint first(void);\n\nint second(void);\n"
passes files.sh src/base/x.c "$head"
finds files.sh 'no SPDX' src/base/x.c '/* x */\n'
finds files.sh 'no purpose' src/base/x.c '/* SPDX-License-Identifier: Apache-2.0 */\n#include <x.h>\n'
finds files.sh 'lines; split' src/base/x.c "$head$(printf '\\n%.0s' $(seq 600))"
finds files.sh 'one machine' docs/x.md "see /ho""me/bob/notes\n"
finds files.sh 'one machine' docs/x.json "\"https://x.org/artifactor""y/npm/y.tgz\"\n"
passes tidy.sh src/base/x.c "$head#include <stdlib.h>\nvoid f(void);\nvoid f(void)\n{\n\tfree(malloc(1));\n}\n"
LONG=1 finds tidy.sh 'unix.Malloc' src/base/x.c "$head#include <stdlib.h>\nint f(void);\nint f(void)\n{\n\tvoid *p = malloc(1);\n\treturn p != 0;\n}\n"

# --- Set-up has nothing to do, says nothing, and is quick. --------------------------------------
start=$(date +%s%N)
out=$(scripts/setup.sh --build-only 2>&1)
status=$?
ms=$((($(date +%s%N) - start) / 1000000))
[ $status = 0 ] && [ -z "$out" ] && [ $ms -lt 1000 ]
ok "set-up is idle ($ms ms)" $? "$out"
out=$(scripts/setup.sh --nonsense 2>&1)
[ $? = 2 ]
ok "set-up refuses unknown words" $? "$out"

# --- An installed program is whole. -------------------------------------------------------------
DESTDIR=$work/root cmake --install "$build" --prefix /usr >"$work/install" 2>&1
ok "install" $? "$(cat "$work/install")"
usr=$work/root/usr
for file in bin/pugmark bin/pugmark-ship lib/pugmark/libduckdb.so share/pugmark/schemas/jira_audit_logs.yml \
	share/man/man1/pugmark.1 share/bash-completion/completions/pugmark \
	share/zsh/site-functions/_pugmark lib/systemd/system/pugmark-compact.timer \
	lib/systemd/system/pugmark-verify.timer lib/systemd/system/pugmark.service \
	lib/systemd/system/pugmark-ship.service \
	lib/sysusers.d/pugmark.conf; do
	[ -f "$usr/$file" ]
	ok "$file is installed" $?
done
grep -qx 'ExecStart=/usr/bin/pugmark %i' "$usr/lib/systemd/system/pugmark-maintain@.service"
ok "the unit names the program" $?
grep -qx 'ExecStart=/usr/bin/pugmark-ship \$SHIP' "$usr/lib/systemd/system/pugmark-ship.service"
ok "the shipper's unit names its program" $?
# systemd's own reading of them, with the targets that they name; users are not looked up.
if command -v systemd-analyze >/dev/null; then
	find /usr/lib/systemd/system /lib/systemd/system -maxdepth 1 \
		\( -name '*.target' -o -name '*.slice' -o -name '*.socket' \) \
		-exec cp -a {} "$usr/lib/systemd/system/" \; 2>/dev/null
	for unit in pugmark.service pugmark-ship.service pugmark-compact.timer pugmark-verify.timer \
		pugmark-maintain@compact.service pugmark-maintain@verify.service; do
		out=$(systemd-analyze --root="$work/root" --man=no verify "$unit" 2>&1)
		[ $? = 0 ] && [ -z "$out" ]
		ok "systemd takes $unit" $? "$out"
	done
else
	echo "house: systemd-analyze is not there: the units are not verified"
fi
mv "$usr" "$work/moved"
pugmark=$work/moved/bin/pugmark
export PUGMARK_DATA=$work/data
out=$("$pugmark" import tests/data/sample-jira.ndjson 2>&1)
[ $? = 0 ] || [ $? = 3 ]
ok "the installed program imports" $? "$out"
out=$("$work/moved/bin/pugmark-ship" --version 2>&1)
[[ $? = 0 && $out = pugmark-ship\ * ]]
ok "the installed shipper runs" $? "$out"
out=$(cd / && "$pugmark" sql --format csv 'select count(*) > 0 as any from events' 2>&1)
[ "$(tail -n 1 <<<"$out" | tr -d '\r')" = true ]
ok "the installed program finds its libduckdb" $? "$out"

# --- Completion and man page know every command. ------------------------------------------------
commands=$("$pugmark" help --list)
[ "$(wc -l <<<"$commands")" -ge 14 ]
ok "help --list names the commands" $? "$commands"
for command in $commands; do
	grep -qE "^\.(BR?|B) \"?$command\b" docs/pugmark.1
	ok "the man page has $command" $?
done
for option in $("$pugmark" help | grep -oE '^  --[a-z]+'); do
	grep -q -- "^\.B.*${option/--/\\\\-\\\\-}" docs/pugmark.1
	ok "the man page has $option" $?
done
complete_line() { # prints what bash would offer for the last word
	bash -c '. scripts/completion/pugmark.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
		_pugmark; printf "%s\n" "${COMPREPLY[@]}"' - "$pugmark" "$@"
}
[ "$(complete_line '' | sort)" = "$(sort <<<"$commands")" ]
ok "completion offers all commands" $? "$(complete_line '')"
complete_line import --t | grep -x -- --table >/dev/null # -q would end early, and printf by a signal
ok "completion offers a command's options" $? "$(complete_line import --t)"
[ "$(complete_line export --format p)" = parquet ]
ok "completion offers an option's values" $?

# Tests that count for themselves.
counted() { # counted NAME COMMAND…: what ends with "N passed, N failed"
	local line name=$1
	shift
	out=$("$@" 2>&1)
	line=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' <<<"$out")
	if [ -n "$line" ]; then
		passed=$((passed + ${line%% *}))
		line=${line#*, }
		failed=$((failed + ${line%% *}))
		grep '^FAILED' <<<"$out"
	else
		ok "$name" 1 "$out"
	fi
}

# Typed into the shells themselves, with what is installed.
in_shell() { # in_shell SHELL FILE
	counted "completion in $1" python3 -B tests/completion.py "$1" "$work/moved/share/$2" "$pugmark"
}
in_shell bash bash-completion/completions/pugmark
if command -v zsh >/dev/null; then
	in_shell zsh zsh/site-functions/_pugmark
else
	echo "house: zsh is not there: its completion is not tested"
fi

# --- What the pages about sources say is so. -----------------------------------------------------
counted "docs/sources" python3 -B tests/docs_sources.py "$pugmark"

printf '%s passed, %s failed\n' $passed $failed
[ $failed = 0 ]
